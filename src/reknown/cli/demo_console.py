"""What the demo leaves for a browser: somebody who is known, and somebody who is often seen."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import typer

from reknown.cli.demo_images import EILEEN, GRACE, jpeg, variants

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_COLLECTION = "people"
_GALLERY, _PHOTOS, _UPLOADS = "gallery", "photos", "uploads"
_SEEN = ("as it is", "turned", "mirrored")


def leave_gallery(out: Path) -> None:
    """A gallery in which Eileen is enrolled, and Grace an unknown person of a few photos."""
    from reknown.cli.session import apart, opened_with
    from reknown.services.archive.groups import group_sightings
    from reknown.services.archive.scan import ScanRequest, ScanTally, scan
    from reknown.services.context import Actor
    from reknown.services.galleries.enrolees import Enrolee
    from reknown.services.galleries.enrolment import enrol_subjects

    photos = out / _PHOTOS
    photos.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(_SEEN, 1):
        (photos / f"{number}.jpg").write_bytes(jpeg(variants(GRACE)[name]))
    with opened_with(apart(out / _GALLERY)) as opened:
        context = opened.by(Actor("demo"))
        portrait = out / "people" / EILEEN.name / "1.jpg"
        list(enrol_subjects(context, _COLLECTION, [Enrolee(portrait, EILEEN.name)]))
        list(scan(context, ScanRequest((photos,), _COLLECTION), ScanTally()))
        group_sightings(context, _COLLECTION)


def offer_console(out: Path) -> None:
    """Says how to look at it and, at a terminal, does so until Ctrl-C if somebody wants to."""
    command = "reknown" if shutil.which("reknown") else sys.argv[0]
    options = [*("--data", str(out / _GALLERY)), *("--uploads", str(out / _UPLOADS)), "--open"]
    typer.echo(
        f"""
{EILEEN.name} in your browser, and somebody unknown to be named:

    {command} serve {shlex.join(options)}
"""
    )
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return
    if typer.confirm("Open it now? Ctrl-C ends it.", default=True):
        _serve(out / _GALLERY, options)


def _serve(data: Path, options: Sequence[str]) -> None:
    from reknown.cli.session import apart
    from reknown.settings import environment_of

    program = "from reknown.cli.main import app; app()"
    command = [sys.executable, "-c", program, "serve", *options]
    with subprocess.Popen(command, env=environment_of(apart(data))) as server:  # noqa: S603
        while server.poll() is None:
            try:
                server.wait()
            except KeyboardInterrupt:  # it has been told as well, and ends in order
                continue
