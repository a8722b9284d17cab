"""`reknown enroll`."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.cli.options import (
    DEFAULT_COLLECTION,
    Accurate,
    CollectionName,
    Data,
    Json,
    Pack,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reknown.services.enrolment import EnrolmentResult


def enroll(
    people: Annotated[
        Path,
        typer.Argument(
            help="Folder with a sub-folder of pictures for each person, or a CSV file with the "
            "columns image,subject.",
            show_default=False,
        ),
    ],
    collection: CollectionName = DEFAULT_COLLECTION,
    any_quality: Annotated[
        bool, typer.Option("--any-quality", help="Take blurred, dark, tiny and turned faces too.")
    ] = False,
    pack: Pack = None,
    accurate: Accurate = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Enrol people from their pictures.

    The gallery is made when it does not exist. This may be interrupted and run again at any
    time: pictures that are in are skipped, and what was counted is on disk. A picture is
    refused when it shows no face, several faces of which none stands out, or a face unfit for
    recognition; status 1 then.
    """
    from reknown.cli.output import EXIT_DONE, EXIT_NEGATIVE, print_json, progress
    from reknown.cli.session import engine_for_enrolment, open_gallery
    from reknown.services.enrolment import ANY_QUALITY, EnrolmentPolicy, Outcome, enrol_all
    from reknown.services.enrolment_plan import read_plan
    from reknown.services.galleries import ensure_collection
    from reknown.settings import read_settings

    plan = read_plan(people)
    started = time.monotonic()
    with open_gallery(data) as database, progress() as bar:
        actor = read_settings().actor
        engine = engine_for_enrolment(database, collection, pack, accurate=accurate)
        ensure_collection(database, collection, engine.space, actor)
        policy = ANY_QUALITY if any_quality else EnrolmentPolicy()
        task = bar.add_task(f"enrolling into {collection}", total=len(plan))
        results = []
        enrolled = enrol_all(engine, database, collection, plan, policy=policy, actor=actor)
        try:
            for result in enrolled:
                results.append(result)
                if json:
                    print_json(_json(result))
                bar.advance(task)
        except KeyboardInterrupt:
            bar.stop()
            done = f"interrupted after {len(results):,} of {len(plan):,} pictures"
            typer.echo(f"{done}: run the same again to go on", err=True)
            raise
    if not json:
        _summarise(results, collection, time.monotonic() - started)
    refused = any(result.outcome is Outcome.REFUSED for result in results)
    raise typer.Exit(EXIT_NEGATIVE if refused else EXIT_DONE)


def _json(result: EnrolmentResult) -> dict[str, object]:
    return {
        "image": str(result.enrolee.path),
        "subject": result.enrolee.subject,
        "outcome": result.outcome,
        "reason": result.reason or None,
        "face_id": result.face.face_id if result.face else None,
    }


def _summarise(results: Iterable[EnrolmentResult], collection: str, seconds: float) -> None:
    from reknown.cli.output import console, print_table, printable
    from reknown.services.enrolment import Outcome

    results = list(results)
    counts = Counter(result.outcome for result in results)
    people = {r.enrolee.subject for r in results if r.outcome is not Outcome.REFUSED}
    console().print(
        f"{printable(collection)}: {len(people):,} people; "
        f"{counts[Outcome.ENROLLED]:,} pictures enrolled, "
        f"{counts[Outcome.KNOWN]:,} were in already, {counts[Outcome.REFUSED]:,} refused "
        f"({seconds:.1f} s, {len(results) / max(seconds, 1e-9):.0f} pictures/s)",
        markup=False,
    )
    reasons: dict[str, list[str]] = {}
    for result in results:
        if result.outcome is Outcome.REFUSED:
            reasons.setdefault(result.reason, []).append(str(result.enrolee.path))
    if reasons:
        rows = [
            (len(paths), reason, ", ".join(paths[:3]) + (", ..." if len(paths) > 3 else ""))
            for reason, paths in sorted(reasons.items(), key=lambda item: -len(item[1]))
        ]
        print_table(("pictures ", "refused because", "which"), rows)
