"""Whole galleries of templates from files and into files; `transfer` does each portion."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import AlreadyExistsError, InputError, NotFoundError
from reknown.biometrics.moved import WrongFaceError
from reknown.exchange.columns import moved_faces
from reknown.exchange.fields import VECTORS
from reknown.exchange.files import open_templates, require_suffix, writing_templates
from reknown.gallery.exporting import count_leaving, leaving_faces
from reknown.gallery.restoring import check_moved
from reknown.ledger import log
from reknown.reporting.files import written
from reknown.services.galleries.collections import ensure_collection
from reknown.services.galleries.transfer import ManyFaces, export_record, import_templates
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence
    from pathlib import Path

    from reknown.biometrics.moved import MovedFaces
    from reknown.biometrics.templates import TemplateSpace
    from reknown.exchange.fields import Portion
    from reknown.exchange.files import TemplateFile
    from reknown.services.context import Context

    Watch = Callable[[int, int], None]
    """Is told how many faces are done, and how many there are."""

PORTION = 100_000
"""So many faces at most are imported in a transaction: some two seconds, in which nobody writes."""

_SMALLEST = 10_000
_PAGE = 20_000
_TURN_SECONDS, _PAUSE_SECONDS = 5.0, 0.15
_MOST_USERS = 500
_LONGEST_SHOWN = 60


@dataclass(frozen=True, slots=True)
class ImportChoice:
    """How a file is to be taken.

    `pack` is the model pack that made its templates, where it does not say so itself. With
    `new_ids` each face gets an id that follows from its own and from the collection.
    """

    pack: str | None = None
    new_ids: bool = False


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """How many faces were added, and how many were there already or came twice."""

    added: int
    known: int


def import_file(
    context: Context,
    collection: str,
    file: Path,
    choice: ImportChoice = ImportChoice(),
    watch: Watch = lambda _done, _total: None,
) -> ImportedFile:
    """Adds the faces of a file to a collection, which is made if it is not there.

    Portion by portion: each is on disk, and in the ledger, before the next is read. What is there
    already is passed over, so that the same can be done again where it was interrupted.

    Raises `InputError` for what is wrong with the file, `SpaceMismatchError`, `ModelError` for a
    pack that is not there, `AlreadyExistsError` for the id of a face of another collection.
    """
    added = done = 0
    with _of(file), open_templates(file) as templates:
        space = _space(context, collection, templates, choice)
        watch(0, templates.count)
        let_others = _Turns(context)
        made = _portions(templates, space, collection, choice)
        with closing(_ahead(made)) as portions:
            for moved in portions:
                if not done:  # nothing is made for a file whose beginning is wrong
                    _ensure(context, collection, space)
                added += import_templates(context, collection, moved, checked=True)
                done += len(moved)
                watch(done, templates.count)
                let_others.write()
        if not done:
            _ensure(context, collection, space)
    return ImportedFile(added, done - added)


def export_file(
    context: Context,
    collection: str,
    file: Path,
    users: Sequence[str] = (),
    watch: Watch = lambda _done, _total: None,
    *,
    replace: bool = False,
) -> int:
    """Writes the faces of a collection, or of these users, as they are now; how many.

    The file is in its place, for its owner alone to read, when it is whole and in the ledger.

    Raises `NotFoundError` for a collection or a user, `InputError` for a file that cannot be
    written, or is there already where it is not to be replaced.
    """
    require_suffix(file)
    if file.exists() and not replace:
        raise InputError(f"{file} is there already: choose another name, or replace it")
    if len(users) > _MOST_USERS:
        raise InputError(f"at most {_MOST_USERS} users can be named: export everybody")
    leaving, after = ManyFaces(), None
    # one state throughout, whatever is added, deleted or switched meanwhile
    with reading(context.database) as connection:
        total = count_leaving(connection, collection, users)
        page, after = leaving_faces(connection, collection, None, _PAGE, users)
        watch(0, total)
        with written(file, through_links=False) as target:
            with writing_templates(file, target, page.space, total) as writer:
                while True:
                    writer.write(page)
                    leaving.add(page.face_ids)
                    watch(leaving.count, total)
                    if after is None:
                        break
                    page, after = leaving_faces(connection, collection, after, _PAGE, users)
            # before anybody can read it
            record = export_record(page.face_ids, leaving)
            log.record(context.database, context.actor, collection, record)
    return leaving.count


@contextmanager
def _of(file: Path) -> Iterator[None]:
    """Says of which file it is that something is wrong with."""
    try:
        yield
    except InputError as error:
        if type(error) is InputError and str(file) not in str(error):
            raise InputError(f"{file}: {error}") from error
        raise
    except AlreadyExistsError as error:
        raise AlreadyExistsError(
            f"{file}: {error}: for a copy within one data folder, let its faces have new ids "
            "(--new-ids)"
        ) from error


def _portions(
    templates: TemplateFile, space: TemplateSpace, collection: str, choice: ImportChoice
) -> Iterator[MovedFaces]:
    # some of them, so that one can be made while another is stored
    rows = max(min(PORTION, templates.count // 4), _SMALLEST)

    def checked(portion: Portion) -> MovedFaces:
        moved = moved_faces(portion, space, collection, new_ids=choice.new_ids)
        check_moved(moved)
        return moved

    first = 0
    for portion in templates.portions(rows):
        try:
            moved = checked(portion)
        except InputError as error:
            wrong = _wrong_row(portion, checked)
            if wrong is None:
                raise
            place, why = wrong
            raise InputError(f"{_named(portion, first, place)}: {why}") from error
        first += len(moved)
        yield moved


def _wrong_row(portion: Portion, check: Callable[[Portion], object]) -> tuple[int, str] | None:
    """The place of the first row of a portion that is wrong by itself, and why, if one is."""

    def fault(start: int, end: int) -> InputError | None:
        try:
            check({name: column[start:end] for name, column in portion.items()})
        except InputError as error:
            return error
        return None

    if fault(0, 0) is not None:
        return None
    start, end = 0, len(portion[VECTORS])
    while end - start > 1:
        middle = (start + end) // 2
        start, end = (start, middle) if fault(start, middle) else (middle, end)
    found = fault(start, end)
    if found is None:
        return None
    return start, found.why if isinstance(found, WrongFaceError) else str(found)


def _named(portion: Portion, first: int, place: int) -> str:
    """A row as the file has it, counted from 1."""
    ids = ((name, portion[name][place]) for name in ("face_ids", "external_ids") if name in portion)
    own = next((f" ({name}: {str(text)[:_LONGEST_SHOWN]!r})" for name, text in ids if text), "")
    return f"row {first + place + 1:,}{own}"


def _ahead(portions: Iterator[MovedFaces]) -> Generator[MovedFaces]:
    """The same, each made while the one before is stored."""
    with ThreadPoolExecutor(1) as worker:
        coming = worker.submit(next, portions, None)
        while (moved := coming.result()) is not None:
            coming = worker.submit(next, portions, None)
            yield moved


class _Turns:
    """Lets others write now and then.

    Who waits for SQLite's lock looks at it ten times a second, and gives up after half a minute:
    a moment between two portions would be missed every time.
    """

    def __init__(self, context: Context) -> None:
        self._crowded = context.database.dialect.name == "sqlite"
        self._last = time.monotonic()

    def write(self) -> None:
        """Waits for a moment, if that was long ago."""
        if self._crowded and time.monotonic() - self._last > _TURN_SECONDS:
            time.sleep(_PAUSE_SECONDS)
            self._last = time.monotonic()


def _space(
    context: Context,
    collection: str,
    templates: TemplateFile,
    choice: ImportChoice,
) -> TemplateSpace:
    """The space of the file, which has to be the collection's, if that is there."""
    engines, stated = context.platform.engines, templates.space
    named = None if choice.pack is None else engines.space_of(choice.pack)
    space = stated or named
    if space is None:
        raise InputError(
            "it does not say which model pack made its templates: name that (--pack NAME), if you "
            "know it, as templates of two packs can never be compared"
        )
    if named is not None:
        named.require(space)
    if templates.dimension != space.dimension:
        raise InputError(
            f"its vectors have {templates.dimension} values, templates of {space.pack} have "
            f"{space.dimension}"
        )
    try:
        context.platform.space_of(collection).require(space)
    except NotFoundError:
        engines.space_of(space.pack).require(space)
    return space


def _ensure(context: Context, collection: str, space: TemplateSpace) -> None:
    try:
        existing = context.platform.space_of(collection)
    except NotFoundError:
        existing = ensure_collection(context, collection, space.pack)
    existing.require(space)
