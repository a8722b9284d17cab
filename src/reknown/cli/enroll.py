"""`reknown enroll`."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.errors import ReknownError
from reknown.biometrics.text import counted
from reknown.cli.options import (
    Cluster,
    CollectionName,
    Data,
    Json,
    Pack,
    Root,
)
from reknown.configuration import DEFAULT_COLLECTION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from reknown.services.context import Context
    from reknown.services.galleries.enrolees import Enrolee
    from reknown.services.galleries.enrolment import EnrolmentPolicy, EnrolmentResult, Outcome


def enroll(
    people: Annotated[
        Path,
        typer.Argument(
            help="Folder with a sub-folder of images for each person, or a CSV file with the "
            "columns image,subject; with left,top,width,height it says which face is meant. With "
            "--from-xmp any folder of photos.",
            show_default=False,
        ),
    ],
    collection: CollectionName = DEFAULT_COLLECTION,
    any_quality: Annotated[
        bool, typer.Option("--any-quality", help="Take blurred, dark, tiny and turned faces too.")
    ] = False,
    from_xmp: Annotated[
        bool,
        typer.Option(
            "--from-xmp",
            help="Enrol the faces that are named in photo programs: regions in XMP sidecars or "
            "in the photos.",
        ),
    ] = False,
    root: Root = None,
    sync: Annotated[
        bool,
        typer.Option(
            "--sync",
            help="Make the gallery what the folder is: what was moved, renamed and deleted there "
            "since it was enrolled is shown, asked about, and done.",
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --sync: only show what would be done.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --sync: do not ask.")] = False,
    adopt: Annotated[
        bool,
        typer.Option(
            "--adopt",
            help="With --sync: from now on follow images in the folder that were enrolled "
            "otherwise too: over the API, from a list, from a folder that is gone.",
        ),
    ] = False,
    pack: Pack = None,
    cluster: Cluster = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Enrol people from their images.

    The gallery is made when it does not exist. This may be interrupted and run again at any
    time: images that are in are skipped, and what was counted is on disk. An image is
    refused when it shows no face, several faces of which none stands out, or a face unfit for
    recognition; status 1 then.

    With --sync only faces whose image was enrolled from this very folder are touched, or adopted
    by --adopt; their names change and they are deleted in one transaction, and the commands that
    take back the new names are shown. Nothing is deleted while a folder cannot be read, nor of
    people in whose folders there are links, as these are not followed.
    """
    from reknown.biometrics.quality_filter import ANY_QUALITY
    from reknown.cli.enroll_sync import Asked, require_sync, sync_folder
    from reknown.cli.output import (
        EXIT_DONE,
        EXIT_NEGATIVE,
        print_json,
        print_left_out,
        progress,
    )
    from reknown.cli.session import open_bulk_context
    from reknown.services.galleries.enrolment import EnrolmentPolicy, Outcome
    from reknown.services.galleries.enrolment_plan import read_plan

    left_out: Counter[str] = Counter()
    asked = Asked(collection, data, dry_run=dry_run, yes=yes, json=json, adopt=adopt)
    require_sync(people, asked, sync=sync, from_xmp=from_xmp, root=root)
    started = time.monotonic()
    policy = EnrolmentPolicy(ANY_QUALITY) if any_quality else EnrolmentPolicy()
    with ExitStack() as opened:
        if from_xmp:
            plan = _read_photos(people)
            context = opened.enter_context(open_bulk_context(data, cluster))
        else:
            enrolees = read_plan(people, left_out, root)
            context = opened.enter_context(open_bulk_context(data, cluster))
            plan = _plan(sync_folder(context, enrolees, asked) if sync else enrolees)
        bar = opened.enter_context(progress())
        task = bar.add_task(f"enrolling into {collection}", total=len(plan.items))
        summary = _Summary("faces" if from_xmp else "images")
        try:
            for results in plan.enrol(context, collection, policy, pack, left_out):
                for result in results:
                    summary.add(result)
                    if json:
                        print_json(_json(result))
                    else:
                        _warn(result)
                bar.advance(task)
        except (KeyboardInterrupt, SystemExit, ReknownError, OSError) as error:
            bar.stop()
            what = "interrupted" if isinstance(error, KeyboardInterrupt) else "stopped"
            done = summary.counts.total()
            if done or what == "interrupted":  # else the error alone says more
                again = "run the same again to go on"
                typer.echo(
                    f"{what} after {done:,} of {len(plan.items):,} images: {again}", err=True
                )
            raise
    if not json and not (sync and not plan.items):
        summary.show(collection, time.monotonic() - started)
    print_left_out(left_out)
    raise typer.Exit(EXIT_NEGATIVE if summary.counts[Outcome.REFUSED] else EXIT_DONE)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be enrolled, and how: for each item there are results."""

    items: Sequence[object]
    enrol: Callable[
        [Context, str, EnrolmentPolicy, str | None, Counter[str]],
        Iterator[Sequence[EnrolmentResult]],
    ]


def _plan(enrolees: Sequence[Enrolee]) -> _Plan:
    from reknown.services.galleries.enrolment import enrol_subjects

    return _Plan(
        enrolees,
        lambda context, collection, policy, pack, _: (
            [result]
            for result in enrol_subjects(context, collection, enrolees, policy=policy, pack=pack)
        ),
    )


def _read_photos(folder: Path) -> _Plan:
    from reknown.services.galleries.labelled import enrol_labelled, labelled_photos

    photos = labelled_photos(folder)
    return _Plan(
        photos,
        lambda context, collection, policy, pack, left_out: enrol_labelled(
            context, collection, photos, policy=policy, pack=pack, left_out=left_out
        ),
    )


def _warn(result: EnrolmentResult) -> None:
    from reknown.cli.output import console, printable

    for warning in result.warnings:
        note = printable(f"{result.enrolee.source!s}: {warning}")
        console(error=True).print(note, style="yellow", markup=False)


def _json(result: EnrolmentResult) -> dict[str, object]:
    return {
        "image": str(result.enrolee.source),
        "subject": result.enrolee.subject or None,
        "outcome": result.outcome,
        "reason": result.reason or None,
        "face_id": result.face.face_id if result.face else None,
        "warnings": result.warnings,
    }


class _Summary:
    """Counts, and a few examples of each refusal: not every result of a huge folder."""

    def __init__(self, unit: str) -> None:
        from reknown.cli.refusals import Refusals

        self._unit = unit
        self.counts: Counter[Outcome] = Counter()
        self._people: set[str] = set()
        self._refusals = Refusals()

    def add(self, result: EnrolmentResult) -> None:
        self.counts[result.outcome] += 1
        if not result.reason:
            self._people.add(result.enrolee.subject)
            return
        self._refusals.add(result.reason, str(result.enrolee.source))

    def show(self, collection: str, seconds: float) -> None:
        from reknown.cli.output import console, printable
        from reknown.services.galleries.enrolment import Outcome

        counts = self.counts
        console().print(
            f"{printable(collection)}: {counted(len(self._people), 'person', 'people')}; "
            f"{counted(counts[Outcome.ENROLLED], self._unit.removesuffix('s'))} enrolled, "
            f"{counted(counts[Outcome.KNOWN], 'was', 'were')} in already, "
            f"{counts[Outcome.REFUSED]:,} refused "
            f"({seconds:.1f} s, {counts.total() / max(seconds, 1e-9):.0f} {self._unit}/s)",
            markup=False,
        )
        self._refusals.show("images")
