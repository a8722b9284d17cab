"""`reknown demo`: a story on two real people."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from PIL.Image import Image

    from reknown.biometrics.faces import DetectedFace
    from reknown.cli.demo_images import Portrait, Tile
    from reknown.services.context import Context
    from reknown.services.searches.images import Identification
    from reknown.services.searches.search import Query

_COLLECTION = "demo"
_PEOPLE = "people"
_COLUMNS = (
    "image of", "variant", "candidate", "similarity ", "reached by strangers ", "verdict",
)  # fmt: skip


def demo(
    out: Annotated[Path, typer.Option("--out", help="Folder for the images.")] = Path("demo"),
) -> None:
    """See it work on two real people.

    One is enrolled and found in a group image and in a film; then the other is enrolled too
    and found in the film as well; at last a server is started and asked the same by boto3. At a
    terminal it ends by offering the console, the pages for people, on what it leaves in `--out`.
    """
    from reknown.cli.demo_client import show_client
    from reknown.cli.demo_console import leave_gallery, offer_console
    from reknown.cli.demo_images import EILEEN, GRACE, group_image, jpeg
    from reknown.cli.demo_video import search_past, show_film
    from reknown.cli.session import apart, opened_with
    from reknown.services.context import Actor
    from reknown.services.searches.search import Query

    image, tiles = group_image()
    query = Query(_COLLECTION)
    with (
        tempfile.TemporaryDirectory() as folder,
        opened_with(apart(Path(folder) / "data")) as opened,
    ):
        context = opened.by(Actor("demo"))
        story = _Story(context, query, out)
        _print_step(1, f"{EILEEN.name} is enrolled from one photograph")
        story.enrol(EILEEN)
        _print_step(2, "A group image is searched for everybody: both women, seven ways each")
        story.identify(image, tiles, "1-eileen-enrolled.png")
        _print_step(3, "A film: who appears, and when; its faces are kept for thirty days")
        complete = show_film(context, query, out)
        _print_step(
            4, f"{GRACE.name} is enrolled too, from one photograph, and the search repeated"
        )
        story.enrol(GRACE)
        complete &= story.identify(image, tiles, "2-both-enrolled.png")
        _print_step(5, "Was she the stranger in the film? Search what was kept of it")
        complete &= search_past(context, query)
        _print_step(6, "The same through boto3, as code written for Amazon Rekognition does it")
        known = {person.name: jpeg(person.crop()) for person in (EILEEN, GRACE)}
        image = GRACE.crop().rotate(12).resize((220, 220))
        complete &= show_client(Path(folder) / "server", known, jpeg(image))
    leave_gallery(out)
    _farewell(out)
    offer_console(out)
    raise typer.Exit(0 if complete else 1)


class _Story:
    def __init__(self, context: Context, query: Query, out: Path) -> None:
        self._context = context
        self._query = query
        self._out = out
        self._enrolled: set[str] = set()

    def enrol(self, portrait: Portrait) -> None:
        """One photograph of one person, through the same code as `reknown enroll`."""
        from reknown.biometrics.errors import InputError
        from reknown.cli.demo_images import jpeg
        from reknown.services.galleries.enrolees import Enrolee
        from reknown.services.galleries.enrolment import enrol_subjects

        data = jpeg(portrait.crop())
        folder = self._out / _PEOPLE / portrait.name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "1.jpg").write_bytes(data)
        plan = [Enrolee(data, portrait.name)]
        (result,) = enrol_subjects(self._context, self._query.collection, plan)
        if result.face is None:
            raise InputError(f"the portrait of {portrait.name} was refused: {result.reason}")
        self._enrolled.add(portrait.name)
        space = self._context.platform.space_of(self._query.collection)
        typer.echo(f"   quality {result.face.quality} of 100, {space.dimension} values")

    def identify(self, image: Image, tiles: tuple[Tile, ...], name: str) -> bool:
        """Searches, prints and draws; whether everybody enrolled and nobody else was found."""
        import numpy as np

        from reknown.cli.demo_images import png
        from reknown.cli.identify import labels, print_search, warn_of
        from reknown.cli.output import print_table
        from reknown.reporting.files import write_bytes
        from reknown.services.searches.images import identify
        from reknown.vision.draw import draw_labels, encoded

        found = identify(self._context, self._query, png(image))
        print_search(found.found.searched)
        warn_of(found.found.searched.threshold, found.found.searched.references)
        rows = [self._row(tile, found) for tile in tiles]
        print_table(_COLUMNS, rows)
        target = self._out / name
        write_bytes(target, encoded(draw_labels(np.asarray(image), labels(found)), target))
        typer.echo(f"   drawn: {target}")
        return all(row[-1] == "right" for row in rows)

    def _row(self, tile: Tile, found: Identification) -> tuple[str, ...]:
        from reknown.cli.output import one_in, percent

        matches = [row for face, row in found.faces() if _covers(face, tile)]
        if not matches:
            return (tile.name, tile.variant, "no face found", "-", "-", "missed")
        candidates = matches[0].candidates
        expected = tile.name if tile.name in self._enrolled else None
        if not candidates:
            verdict = "right" if expected is None else "missed"
            return (tile.name, tile.variant, "a stranger", "-", "-", verdict)
        best = candidates[0]
        verdict = "right" if best.user == expected else "WRONG"
        return (
            tile.name,
            tile.variant,
            best.user or best.face_id,
            percent(best.similarity),
            one_in(best.false_match_rate),
            verdict,
        )


def _covers(face: DetectedFace, tile: Tile) -> bool:
    nose = face.landmarks.nose
    return abs(nose.x - tile.x) < tile.width / 2 and abs(nose.y - tile.y) < tile.height / 2


def _print_step(step: int, text: str) -> None:
    typer.secho(f"\n{step}. {text}", bold=True)


def _farewell(out: Path) -> None:
    command = "reknown" if shutil.which("reknown") else sys.argv[0]
    typer.echo(
        f"""
The images and the film are in {out}/: look at them.
All variants come from one photograph of each person, which makes this easy: between two
different photographs the default pack misses about one in sixty at this threshold
(docs/explanation/accuracy.md).

The same with your own people, a folder of images for each:

    {command} enroll PEOPLE/
    {command} identify PHOTO.jpg --draw found.png
    {command} video identify CLIP.mp4 --report clip.html
    {command} watch CLIP.mp4

And for programs that speak to Amazon Rekognition (docs/how-to/aws-sdks.md):

    {command} serve"""
    )
