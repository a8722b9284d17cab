"""Results in files for other programs, as they pass: tables for spreadsheets, names for photos."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from reknown.biometrics.errors import InputError, ReknownError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from reknown.reporting.tables import Cell, CsvWriter
    from reknown.services.context import Context
    from reknown.services.images.sources import Source
    from reknown.services.searches.images import Identification
    from reknown.services.searches.sidecars import Sidecar, SidecarChoice

    Result = TypeVar("Result")
    Results = Iterable[tuple[Source, Result | ReknownError]]

STANDARD_OUTPUT = Path("-")
Csv = Annotated[
    Path | None,
    typer.Option(
        "--csv", metavar="FILE", help="Write a table for spreadsheets too; - for standard output."
    ),
]
CsvMark = Annotated[
    bool,
    typer.Option(
        "--csv-bom", help="Begin the table with a byte order mark, which Excel reads UTF-8 by."
    ),
]
Xmp = Annotated[
    bool,
    typer.Option(
        "--xmp",
        help="Write each best candidate's name into PHOTO.jpg.xmp, as a region for photo programs.",
    ),
]
XmpFolder = Annotated[
    Path | None,
    typer.Option("--xmp-dir", metavar="DIR", help="The same into files in this folder."),
]
Overwrite = Annotated[
    bool,
    typer.Option("--overwrite", help="With --xmp: over the names that faces have there already."),
]


@contextmanager
def csv_table(target: Path, columns: Sequence[str], *, mark: bool) -> Iterator[CsvWriter]:
    """A table that is in its place, whole, in the end; on standard output line by line.

    Raises `InputError` where it cannot be written.
    """
    from reknown.reporting.files import written
    from reknown.reporting.tables import CsvWriter

    if target == STANDARD_OUTPUT:
        yield CsvWriter(sys.stdout.buffer, columns, mark=mark)
        sys.stdout.buffer.flush()
        return
    with written(target) as file:
        yield CsvWriter(file, columns, mark=mark)


def tabled(
    results: Results[Result],
    target: Path | None,
    columns: Sequence[str],
    rows: Callable[[Source, Result | ReknownError], Iterable[Sequence[Cell]]],
    *,
    mark: bool = False,
) -> Iterator[tuple[Source, Result | ReknownError]]:
    """The results as they are, with their rows written to `target` on the way."""
    if target is None:
        yield from results
        return
    with csv_table(target, columns, mark=mark) as table:
        for source, result in results:
            table.write(rows(source, result))
            yield source, result


class Sidecars:
    """Writes names for photos as their results pass; `last` is what became of the newest."""

    def __init__(self, context: Context, choice: SidecarChoice) -> None:
        self._context = context
        self._choice = choice
        self._taken: dict[Path, Path] = {}
        self.last: Sidecar | None = None

    def follow(
        self, results: Results[Identification]
    ) -> Iterator[tuple[Source, Identification | ReknownError]]:
        """The results, with an error in place of one whose sidecar cannot be written."""
        for source, result in results:
            self.last = None
            if isinstance(result, ReknownError) or not isinstance(source, Path):
                yield source, result
                continue
            try:
                self.last = self._write(source, result)
            except InputError as error:
                yield source, error
            else:
                yield source, result

    def _write(self, photo: Path, found: Identification) -> Sidecar:
        from reknown.services.images.regions import sidecar_beside
        from reknown.services.searches.sidecars import write_names

        target = sidecar_beside(photo, self._choice.folder)
        other = self._taken.setdefault(target, photo)
        if other != photo:
            raise InputError(f"{target} is the sidecar of {other}: names of photos must differ")
        return write_names(self._context, photo, found, self._choice)

    def show(self) -> None:
        """What was written for the newest result, and what was not, in lines for people."""
        from reknown.cli.output import console, printable

        it = self.last
        if it is None or it.path is None:
            return
        if it.written:
            line = f"written: {it.path}: {', '.join(it.written)}"
            console().print(printable(line), style="dim", markup=False)
        for name, old in it.kept:
            has = f"is named {old}" if old else "has a region without a name"
            line = f"not written: {name}: the face {has} already (--overwrite)"
            console().print(printable(line), style="yellow", markup=False)

    def as_json(self) -> dict[str, object]:
        """The same for machines."""
        it = self.last
        if it is None or it.path is None:
            return {"sidecar": None}
        kept = [{"candidate": name, "name": old or None} for name, old in it.kept]
        told = {"path": str(it.path), "written": it.written, "same": it.same, "kept": kept}
        return {"sidecar": told}
