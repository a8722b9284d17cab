"""`reknown enroll`."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.errors import ReknownError
from reknown.cli.options import (
    CollectionName,
    Data,
    Json,
    Pack,
)
from reknown.configuration import DEFAULT_COLLECTION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reknown.services.galleries.enrolment import EnrolmentResult, Outcome

_EXAMPLES = 3
_REASONS = 20


def enroll(
    people: Annotated[
        Path,
        typer.Argument(
            help="Folder with a sub-folder of images for each person, or a CSV file with the "
            "columns image,subject.",
            show_default=False,
        ),
    ],
    collection: CollectionName = DEFAULT_COLLECTION,
    any_quality: Annotated[
        bool, typer.Option("--any-quality", help="Take blurred, dark, tiny and turned faces too.")
    ] = False,
    pack: Pack = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Enrol people from their images.

    The gallery is made when it does not exist. This may be interrupted and run again at any
    time: images that are in are skipped, and what was counted is on disk. An image is
    refused when it shows no face, several faces of which none stands out, or a face unfit for
    recognition; status 1 then.
    """
    from reknown.biometrics.quality_filter import ANY_QUALITY
    from reknown.cli.output import EXIT_DONE, EXIT_NEGATIVE, print_json, progress
    from reknown.cli.session import open_context
    from reknown.services.galleries.enrolment import EnrolmentPolicy, Outcome, enrol_subjects
    from reknown.services.galleries.enrolment_plan import read_plan

    left_out: Counter[str] = Counter()
    plan = read_plan(people, left_out)
    started = time.monotonic()
    policy = EnrolmentPolicy(ANY_QUALITY) if any_quality else EnrolmentPolicy()
    with open_context(data) as context, progress() as bar:
        task = bar.add_task(f"enrolling into {collection}", total=len(plan))
        summary = _Summary()
        try:
            for result in enrol_subjects(context, collection, plan, policy=policy, pack=pack):
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
                typer.echo(f"{what} after {done:,} of {len(plan):,} images: {again}", err=True)
            raise
    if not json:
        summary.show(collection, time.monotonic() - started)
    _tell_left_out(left_out)
    raise typer.Exit(EXIT_NEGATIVE if summary.counts[Outcome.REFUSED] else EXIT_DONE)


def _tell_left_out(left_out: Mapping[str, int]) -> None:
    """On standard error, which machines leave to people."""
    for what, count in sorted(left_out.items()):
        if count:
            typer.echo(f"left out: {count:,} {what}", err=True)


def _warn(result: EnrolmentResult) -> None:
    from reknown.cli.output import console, printable

    for warning in result.warnings:
        note = printable(f"{result.enrolee.source!s}: {warning}")
        console(error=True).print(note, style="yellow", markup=False)


def _json(result: EnrolmentResult) -> dict[str, object]:
    return {
        "image": str(result.enrolee.source),
        "subject": result.enrolee.subject,
        "outcome": result.outcome,
        "reason": result.reason or None,
        "face_id": result.face.face_id if result.face else None,
        "warnings": result.warnings,
    }


class _Summary:
    """Counts, and a few examples of each refusal: not every result of a huge folder."""

    def __init__(self) -> None:
        self.counts: Counter[Outcome] = Counter()
        self._people: set[str] = set()
        self._reasons: Counter[str] = Counter()
        self._examples: dict[str, list[str]] = {}

    def add(self, result: EnrolmentResult) -> None:
        self.counts[result.outcome] += 1
        if not result.reason:
            self._people.add(result.enrolee.subject)
            return
        self._reasons[result.reason] += 1
        examples = self._examples.setdefault(result.reason, [])
        if len(examples) < _EXAMPLES:
            examples.append(str(result.enrolee.source))

    def show(self, collection: str, seconds: float) -> None:
        from reknown.cli.output import console, print_table, printable
        from reknown.services.galleries.enrolment import Outcome

        counts = self.counts
        console().print(
            f"{printable(collection)}: {len(self._people):,} people; "
            f"{counts[Outcome.ENROLLED]:,} images enrolled, "
            f"{counts[Outcome.KNOWN]:,} were in already, {counts[Outcome.REFUSED]:,} refused "
            f"({seconds:.1f} s, {counts.total() / max(seconds, 1e-9):.0f} images/s)",
            markup=False,
        )
        if not self._reasons:
            return
        rows: list[tuple[object, ...]] = [
            (
                count,
                reason,
                ", ".join(self._examples[reason]) + (", ..." if count > _EXAMPLES else ""),
            )
            for reason, count in self._reasons.most_common(_REASONS)
        ]
        if (more := len(self._reasons) - _REASONS) > 0:
            rows.append(("", f"and {more:,} more reasons: --json names them all", ""))
        print_table(("images ", "refused because", "which"), rows)
