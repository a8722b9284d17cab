"""`reknown scan`."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.errors import ReknownError
from reknown.cli.exports import Csv, CsvMark
from reknown.cli.options import Cluster, CollectionName, Data, Json, Pack
from reknown.configuration import DEFAULT_COLLECTION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reknown.services.archive.scan import ScannedFile, ScanOutcome, ScanRequest, ScanTally
    from reknown.services.context import Context

    Tell = Callable[[ScannedFile], None]

_MAX_DAYS = 3650
# How soon after it begins to watch that is said.
_WAKE_MS = 500
_COLUMNS = ("file", "kind", "outcome", "faces", "fit", "reason")


def scan(
    places: Annotated[
        list[Path], typer.Argument(metavar="FOLDER...", help="Folders of photos and videos.")
    ],
    collection: CollectionName = DEFAULT_COLLECTION,
    expire: Annotated[
        int | None,
        typer.Option(
            "--expire",
            metavar="DAYS",
            min=1,
            max=_MAX_DAYS,
            help="Forget after so many days what is seen now.",
        ),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Read files again that could not be read before.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on, and scan what changes, until interrupted.")
    ] = False,
    poll: Annotated[
        bool,
        typer.Option("--poll", help="With --watch: look every few seconds, for network drives."),
    ] = False,
    csv: Csv = None,
    csv_bom: CsvMark = False,
    pack: Pack = None,
    cluster: Cluster = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Remember every face of every photo and video in folders, to find people later.

    What is kept of a face is a template and where it was seen, no picture. Files that have not
    changed are passed over; moved ones are known by their content; what is gone is forgotten. This
    may be interrupted and run again at any time. Then `reknown find NAME` shows where somebody is,
    also somebody who is enrolled tomorrow. Status 1 when files were refused.
    """
    from reknown.cli.exports import STANDARD_OUTPUT
    from reknown.cli.output import EXIT_DONE, EXIT_NEGATIVE
    from reknown.cli.session import open_bulk_context
    from reknown.services.archive.scan import ScanRequest

    request = ScanRequest(tuple(places), collection, expire, again, pack)
    with open_bulk_context(data, cluster) as context, _table(csv, mark=csv_bom) as tell:
        refused = _scan(context, request, tell, json=json, quiet=csv == STANDARD_OUTPUT)
        if watch:
            _watch(context, request, tell, poll=poll, json=json)
    raise typer.Exit(EXIT_NEGATIVE if refused else EXIT_DONE)


@contextmanager
def _table(target: Path | None, *, mark: bool) -> Iterator[Tell]:
    """Takes each file's fate as a row of the table, if one is wanted."""
    from reknown.cli.exports import csv_table

    if target is None:
        yield lambda _: None
        return
    with csv_table(target, _COLUMNS, mark=mark) as table:
        yield lambda file: table.write([_cells(file)])


def _cells(file: ScannedFile) -> tuple[str | int | None, ...]:
    return (
        str(file.path),
        file.kind.value,
        file.outcome.value,
        file.faces,
        file.fit,
        file.reason or None,
    )


def _scan(
    context: Context,
    request: ScanRequest,
    tell: Tell,
    *,
    json: bool,
    quiet: bool = False,
    later: bool = False,
) -> bool:
    """Scans and says what came of it, `later` only if something did; whether files were refused."""
    from reknown.cli.output import print_json, print_left_out, progress
    from reknown.services.archive.scan import ScanOutcome, ScanTally, count_work, scan

    summary, tally, started = _Summary(), ScanTally(), time.monotonic()
    with progress() as bar:
        task = bar.add_task("looking for changes", total=None)
        files, _ = count_work(context, request)
        bar.update(task, description=f"scanning into {request.collection}", total=files)
        try:
            for file in scan(context, request, tally):
                summary.add(file)
                tell(file)
                if json:
                    print_json(_json(file))
                bar.advance(task)
        except (KeyboardInterrupt, SystemExit, ReknownError, OSError) as error:
            bar.stop()
            what = "interrupted" if isinstance(error, KeyboardInterrupt) else "stopped"
            done = summary.counts.total()
            if done or what == "interrupted":  # else the error alone says more
                again = "run the same again to go on"
                typer.echo(f"{what} after {done:,} of {files:,} files: {again}", err=True)
            raise
    if not (json or quiet) and (summary.counts or tally.gone or not later):
        summary.show(request.collection, tally, time.monotonic() - started)
    print_left_out(tally.survey.left_out)
    return bool(summary.counts[ScanOutcome.REFUSED])


def _watch(context: Context, request: ScanRequest, tell: Tell, *, poll: bool, json: bool) -> None:
    """Scans the folders in which something changes, until it is interrupted."""
    from dataclasses import replace

    from watchfiles import watch

    roots = [place for place in request.places if place.is_dir()]
    live = False
    for changes in watch(
        *roots,
        force_polling=poll or None,
        raise_interrupt=False,
        rust_timeout=_WAKE_MS,
        yield_on_timeout=True,
    ):
        if not live:  # what has changed since the scan, when nobody was watching yet
            _scan(context, request, tell, json=json, later=True)
            typer.echo("watching for changes; stop with Ctrl-C", err=True)
            live = True
        touched = {Path(path) for _, path in changes}
        folders = {path if path.is_dir() else path.parent for path in touched}
        there = sorted(folder for folder in folders if folder.is_dir())
        outermost = [each for each in there if not any(other in each.parents for other in there)]
        if outermost:
            narrowed = replace(request, places=tuple(outermost))
            _scan(context, narrowed, tell, json=json, later=True)


def _json(file: ScannedFile) -> dict[str, object]:
    return {
        "file": str(file.path),
        "kind": file.kind,
        "outcome": file.outcome,
        "faces": file.faces,
        "fit": file.fit,
        "reason": file.reason or None,
        "warnings": list(file.warnings),
    }


class _Summary:
    def __init__(self) -> None:
        from reknown.cli.refusals import Refusals

        self.counts: Counter[ScanOutcome] = Counter()
        self._faces = self._fit = 0
        self._refusals = Refusals()

    def add(self, file: ScannedFile) -> None:
        self.counts[file.outcome] += 1
        self._faces += file.faces
        self._fit += file.fit
        if file.reason:
            self._refusals.add(file.reason, str(file.path))

    def show(self, collection: str, tally: ScanTally, seconds: float) -> None:
        from reknown.cli.output import console, counted, printable
        from reknown.services.archive.scan import ScanOutcome

        counts, unchanged = self.counts, tally.survey.unchanged
        rate = (counts.total() + unchanged) / max(seconds, 1e-9)
        poor = self._faces - self._fit
        seen = f"{counted(counts[ScanOutcome.SEEN], 'file')} with {counted(self._faces, 'face')}"
        console().print(
            f"{printable(collection)}: {seen}"
            f"{f' ({poor:,} too poor to be searched)' if poor else ''}; "
            f"{counts[ScanOutcome.MOVED]:,} moved or copied, {unchanged:,} unchanged, "
            f"{tally.gone:,} gone, {counts[ScanOutcome.REFUSED]:,} refused "
            f"({seconds:.1f} s, {rate:,.0f} files/s)",
            markup=False,
        )
        self._refusals.show("files")
