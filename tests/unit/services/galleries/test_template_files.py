"""Whole galleries into files and back, on both databases."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contexts import GivenPacks, make_context
from reknown.biometrics.errors import (
    AlreadyExistsError,
    CollectionNotFoundError,
    InputError,
    ModelNotFoundError,
    NotFoundError,
    SpaceMismatchError,
)
from reknown.biometrics.moved import MovedFaces, MovedImages
from reknown.biometrics.records import KnownGender, Profile
from reknown.gallery.collections import (
    create_collection,
    delete_collection,
    get_collection,
    list_collections,
)
from reknown.gallery.exporting import leaving_faces
from reknown.gallery.faces import delete_faces
from reknown.gallery.names import normalised
from reknown.gallery.templates import load_templates
from reknown.ledger import log
from reknown.ledger.records import (
    ExportManyTemplatesRecord,
    ExportTemplatesRecord,
    ImportManyTemplatesRecord,
    ImportTemplatesRecord,
    ManyFacesRecord,
)
from reknown.services.galleries import template_files, transfer
from reknown.services.galleries.template_files import (
    ImportChoice,
    ImportedFile,
    export_file,
    import_file,
)
from reknown.storage.database import reading
from unit.databases import engine as databases
from unit.exchange.samples import SPACE, face_id, moved, same, told, units

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine as Database

    from reknown.services.context import Context

__all__ = ["databases"]

_KINDS = ("npz", "parquet")


class _Packs(GivenPacks):
    """One that makes the templates of the samples, without networks."""

    def space(self, pack: str) -> Any:
        if pack == "other":
            return replace(SPACE, pack="other", fingerprint="cd" * 32)
        if pack != SPACE.pack:
            raise ModelNotFoundError(f"unknown model pack {pack}")
        return SPACE


@dataclass(frozen=True)
class Both:
    """A context on either database, in which no collection is yet."""

    context: Context
    newest: int

    def events(self) -> list[Any]:
        """What this test has put on the record."""
        with reading(self.context.database) as connection:
            return [event.record for event in log.read(connection, after=self.newest)]


@pytest.fixture
def its(databases: Database) -> Iterator[Both]:
    context = make_context(databases, packs=_Packs({}))
    with reading(databases) as connection:
        newest = log.newest(connection, log.EVERYTHING, 0)
    yield Both(context, newest)
    with databases.begin() as connection:
        for collection in list_collections(connection).items:
            delete_collection(connection, collection.name)


@pytest.fixture
def both(its: Both) -> Context:
    return its.context


@pytest.fixture(params=_KINDS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"faces.{request.param}"


def _stored(context: Context, collection: str) -> MovedFaces:
    with reading(context.database) as connection:
        return leaving_faces(connection, collection, limit=100_000)[0]


def _filled(context: Context, collection: str = "people", count: int = 7) -> MovedFaces:
    with context.database.begin() as connection:
        create_collection(connection, collection, SPACE)
    faces = moved(count)
    transfer.import_templates(context, collection, faces)
    return faces


def test_a_gallery_comes_back_as_it_was(both: Context, path: Path) -> None:
    faces = _filled(both)
    assert told(_stored(both, "people")) == told(faces)
    assert export_file(both, "people", path) == 7
    with both.database.begin() as connection:
        delete_collection(connection, "people")
    assert import_file(both, "people", path) == ImportedFile(7, 0)
    assert told(_stored(both, "people")) == told(faces)
    with reading(both.database) as connection:
        found = get_collection(connection, "people")
        assert (found.faces, found.users) == (7, 3)
        assert load_templates(connection, "people").vectors.tolist() == faces.vectors.tolist()


_names = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12
)
_shares = st.floats(0, 1)
_sides = st.floats(-0.5, 0.5)


@st.composite
def _faces(draw: st.DrawFn) -> MovedFaces:
    count = draw(st.integers(0, 12))
    people = draw(st.lists(_names, max_size=3))
    told = st.builds(
        Profile,
        st.lists(st.sampled_from(["example.org/a", "https://b.example"]), max_size=2).map(tuple),
        st.none() | st.sampled_from(KnownGender),
    )

    def column(values: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(values, min_size=count, max_size=count))

    owners = st.none() | st.sampled_from(people) if people else st.none()
    boxes = column(st.tuples(_sides, _sides, _shares, _shares))
    pictures = [uuid4().hex * 2 for _ in range(3)]
    about = st.tuples(_names | st.just(""), st.integers(1, 9999))
    files = {sha256: draw(about) for sha256 in pictures}
    of = column(st.sampled_from(pictures))
    return MovedFaces(
        SPACE,
        [str(uuid4()) for _ in range(count)],
        units(count, seed=draw(st.integers(0, 99))),
        np.array(boxes, np.float64).reshape(-1, 4),
        np.array(column(_shares), np.float64),
        np.array(column(st.integers(0, 100)), np.int64),
        np.array(column(st.floats(0, 1e6) | st.just(np.nan)), np.float64),
        column(st.none() | _names),
        column(owners),
        MovedImages(
            of,
            [files[sha256][0] for sha256 in of],
            np.array([(files[sha256][1], 480) for sha256 in of], np.int64).reshape(-1, 2),
        ),
        {person: draw(told) for person in people},
    )


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(faces=_faces(), kind=st.sampled_from(_KINDS))
def test_any_gallery_comes_back(
    databases: Database, tmp_path_factory: pytest.TempPathFactory, faces: MovedFaces, kind: str
) -> None:
    context = make_context(databases, packs=_Packs({}))
    path, name = tmp_path_factory.mktemp("files") / f"a.{kind}", str(uuid4())
    with databases.begin() as connection:
        create_collection(connection, name, SPACE)
    transfer.import_templates(context, name, faces)
    before = _stored(context, name)
    # a name has one spelling once it is stored
    assert [user and normalised(user) for user in faces.users] == list(before.users)
    assert export_file(context, name, path) == len(faces)
    with databases.begin() as connection:
        delete_collection(connection, name)
    import_file(context, name, path)
    assert told(_stored(context, name)) == told(before)


def test_a_file_of_a_few_lines_of_numpy(both: Context, tmp_path: Path) -> None:
    path = tmp_path / "mine.npz"
    np.savez(path, vectors=units(5), users=["Ada", "Ada", "Bob", "", ""])
    with pytest.raises(InputError, match=r"mine\.npz: it does not say which model pack"):
        import_file(both, "people", path)
    with pytest.raises(CollectionNotFoundError):
        both.platform.space_of("people")
    choice = ImportChoice("tiny")
    assert import_file(both, "people", path, choice) == ImportedFile(5, 0)
    stored = _stored(both, "people")
    assert list(stored.users) == ["Ada", "Ada", "Bob", None, None]
    assert {UUID(each).version for each in stored.face_ids} == {8}
    # again, and with one more
    np.savez(path, vectors=units(6), users=["Ada", "Ada", "Bob", "", "", "Bob"])
    assert import_file(both, "people", path, choice) == ImportedFile(1, 5)
    assert import_file(both, "others", path, choice) == ImportedFile(6, 0)


def test_templates_of_another_pack_are_refused(both: Context, path: Path) -> None:
    _filled(both)
    export_file(both, "people", path)
    with pytest.raises(SpaceMismatchError, match="templates of other"):
        import_file(both, "people", path, ImportChoice("other"))
    np.savez(path.with_name("plain.npz"), vectors=units(2))
    with pytest.raises(SpaceMismatchError, match="cannot be compared"):
        import_file(both, "people", path.with_name("plain.npz"), ImportChoice("other"))
    with pytest.raises(ModelNotFoundError, match="nowhere"):
        import_file(both, "people", path, ImportChoice("nowhere"))
    np.savez(path.with_name("wide.npz"), vectors=units(2, 5))
    with pytest.raises(InputError, match="vectors have 5 values, templates of tiny have 4"):
        import_file(both, "people", path.with_name("wide.npz"), ImportChoice("tiny"))


@pytest.mark.parametrize("pack", ["tiny", "unheard-of"])
def test_a_collection_is_made_only_of_a_pack_that_is_here(
    both: Context, path: Path, pack: str
) -> None:
    strange = replace(SPACE, pack=pack, fingerprint="ef" * 32)
    with both.database.begin() as connection:
        create_collection(connection, "strange", strange)
    transfer.import_templates(both, "strange", moved(3, strange))
    export_file(both, "strange", path)
    error = SpaceMismatchError if pack == "tiny" else ModelNotFoundError
    with pytest.raises(error):
        import_file(both, "people", path)
    # where it is there already, no pack is needed
    assert import_file(both, "strange", path) == ImportedFile(0, 3)


def test_a_copy_within_a_database_needs_new_ids(both: Context, path: Path) -> None:
    faces = _filled(both)
    export_file(both, "people", path)
    with pytest.raises(AlreadyExistsError, match=r"held already.*--new-ids"):
        import_file(both, "copy", path)
    choice = ImportChoice(new_ids=True)
    assert import_file(both, "copy", path, choice) == ImportedFile(7, 0)
    assert import_file(both, "copy", path, choice) == ImportedFile(0, 7)
    copied = _stored(both, "copy")
    assert set(copied.face_ids).isdisjoint(faces.face_ids)
    assert told(replace(copied, face_ids=faces.face_ids)) == told(faces)


@pytest.fixture
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(template_files, "PORTION", 3)
    monkeypatch.setattr(template_files, "_SMALLEST", 3)
    monkeypatch.setattr(template_files, "_PAGE", 3)
    monkeypatch.setattr(transfer, "_MOST_NAMED", 2)


@pytest.mark.usefixtures("small_portions")
@pytest.mark.parametrize("stop", [KeyboardInterrupt, RuntimeError])
def test_what_was_interrupted_goes_on(both: Context, path: Path, stop: type[BaseException]) -> None:
    faces = _filled(both, count=8)
    export_file(both, "people", path)
    with both.database.begin() as connection:
        delete_collection(connection, "people")

    def watch(done: int, total: int) -> None:
        assert total == 8
        if done == 6:
            raise stop

    with pytest.raises(stop):
        import_file(both, "people", path, watch=watch)
    assert list(_stored(both, "people").face_ids) == list(faces.face_ids)[:6]
    seen: list[int] = []
    again = import_file(both, "people", path, watch=lambda done, _: seen.append(done))
    assert again == ImportedFile(2, 6)
    assert seen == [0, 3, 6, 8]
    assert same(_stored(both, "people"), faces)


@pytest.mark.usefixtures("small_portions")
@pytest.mark.parametrize(
    ("field", "wrong", "message"),
    [
        ("vectors", [2, 0, 0, 0], "a template is not a unit vector"),
        ("boxes", [0, 0, -1, 1], "box"),
        ("confidences", 2, "a confidence is 0 to 1"),
        ("users", "n" * 300, "a user's name takes 1 to 255 characters, not 300"),
        ("external_ids", "e" * 300, "an external id takes 1 to 255 characters"),
        ("image_sha256s", "ab", "'ab' is no SHA-256"),
        ("user_genders", "none", "'none' is none of"),
    ],
)
@pytest.mark.parametrize("place", [0, 4, 7])
def test_a_wrong_row_is_named_as_the_file_has_it(
    both: Context, tmp_path: Path, field: str, wrong: object, message: str, place: int
) -> None:
    columns: dict[str, list[Any]] = {
        "vectors": units(8).tolist(),
        "boxes": [[0.1, 0.1, 0.5, 0.5]] * 8,
        "confidences": [0.5] * 8,
        "users": [f"person {number}" for number in range(8)],
        "external_ids": [f"card {number}" for number in range(8)],
        "image_sha256s": [""] * 8,
        "user_genders": [""] * 8,
    }
    columns[field][place] = wrong
    arrays: dict[str, Any] = {name: np.array(column) for name, column in columns.items()}
    np.savez(tmp_path / "a.npz", **arrays)
    own = "e" * 60 if field == "external_ids" else f"card {place}"
    match = rf"a\.npz: row {place + 1} \(external_ids: '{own}'\): .*{message}"
    with pytest.raises(InputError, match=match):
        import_file(both, "people", tmp_path / "a.npz", ImportChoice("tiny"))


@pytest.mark.usefixtures("small_portions")
def test_a_wrong_face_far_behind_stops_at_its_portion(both: Context, tmp_path: Path) -> None:
    vectors, path = units(8), tmp_path / "a.npz"
    vectors[7] *= 2
    np.savez(path, vectors=vectors, users=["Ada"] * 8)
    with pytest.raises(InputError, match=r"a\.npz: row 8: a template is not a unit vector"):
        import_file(both, "people", path, ImportChoice("tiny"))
    assert len(_stored(both, "people")) == 6


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("vectors", np.nan, "unit vector"),
        ("vectors", 0, "unit vector"),
        ("vectors", np.inf, "unit vector"),
        ("boxes", np.nan, "not the place of a face"),
        ("boxes", 3, "not the place of a face"),
        ("confidences", np.nan, "a confidence is 0 to 1"),
        ("confidences", 1.5, "a confidence is 0 to 1"),
        ("qualities", -1, "a quality is 0 to 100"),
        ("qualities", 101, "a quality is 0 to 100"),
        ("magnitudes", -1, "a magnitude is a length"),
        ("magnitudes", np.inf, "a magnitude is a length"),
        ("image_sizes", 0, "at least one pixel"),
        ("image_sizes", 2**31, "at least one pixel"),
        ("users", "a" * 256, "1 to 255 characters, not 256"),
        ("users", "a\0b", "cannot be stored"),
        ("users", "a\udc80b", "cannot be stored"),
        ("external_ids", "a" * 256, "an external id takes"),
        ("image_names", "a" * 4097, "0 to 4096 characters"),
    ],
)
def test_nothing_is_made_of_a_file_that_is_wrong(
    both: Context, tmp_path: Path, field: str, value: Any, why: str
) -> None:
    path, count = tmp_path / "a.npz", 3
    arrays: dict[str, Any] = {
        "vectors": units(count),
        "boxes": np.tile([0.1, 0.1, 0.2, 0.2], (count, 1)),
        "confidences": np.ones(count),
        "qualities": np.ones(count, int),
        "magnitudes": np.ones(count),
        "image_sha256s": np.array(["ab" * 32] * count),
        "image_sizes": np.ones((count, 2), int),
        "image_names": np.array(["a.jpg"] * count, "<U5000"),
        "users": np.array(["Ada"] * count, "<U300"),
        "external_ids": np.array(["1"] * count, "<U300"),
    }
    arrays[field][-1] = value
    np.savez(path, **arrays)
    with pytest.raises(InputError, match=why):
        import_file(both, "people", path, ImportChoice("tiny"))
    with pytest.raises(CollectionNotFoundError):
        both.platform.space_of("people")


@pytest.mark.usefixtures("small_portions")
def test_the_ledger_keeps_what_was_moved(its: Both, path: Path) -> None:
    both = its.context
    faces = _filled(both, count=8)
    export_file(both, "people", path)
    export_file(both, "people", path.with_stem("one"), ["\N{SNOWMAN}\n\t\U0001f600"])
    with both.database.begin() as connection:
        delete_faces(connection, "people", faces.face_ids[2:])
    import_file(both, "people", path)
    ids = list(faces.face_ids)
    assert its.events() == [
        ImportManyTemplatesRecord(transfer.ManyFaces(ids).record(), 0),
        ExportManyTemplatesRecord(transfer.ManyFaces(ids).record()),
        ExportTemplatesRecord((ids[4],)),
        ImportManyTemplatesRecord(transfer.ManyFaces(ids[2:3]).record(), 2),
        ImportManyTemplatesRecord(transfer.ManyFaces(ids[3:6]).record(), 0),
        ImportTemplatesRecord(tuple(ids[6:]), 0),
    ]


def test_a_record_tells_whether_faces_are_those() -> None:
    one = transfer.ManyFaces([face_id(1), face_id(2)])
    two = transfer.ManyFaces([face_id(1)])
    two.add([])
    two.add([face_id(2)])
    assert one.record() == two.record()
    assert (one.record().first, one.record().last) == (face_id(1), face_id(2))
    assert transfer.ManyFaces([face_id(2), face_id(1)]).record().sha256 != one.record().sha256
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert transfer.ManyFaces().record() == ManyFacesRecord(0, None, None, empty)


def test_only_some_people_leave(both: Context, path: Path) -> None:
    faces = _filled(both)
    assert export_file(both, "people", path, ["Ada"]) == 4
    import_file(both, "ada", path, ImportChoice(new_ids=True))
    assert set(_stored(both, "ada").users) == {"Ada"}
    wanted = [user == "Ada" for user in faces.users]
    assert _stored(both, "ada").vectors.tolist() == faces.kept(wanted).vectors.tolist()
    with pytest.raises(NotFoundError, match="user 'Nobody' does not exist"):
        export_file(both, "people", path.with_stem("b"), ["Ada", "Nobody"])
    assert not path.with_stem("b").exists()


def test_a_file_is_for_its_owner_and_never_halfway(its: Both, path: Path) -> None:
    both = its.context
    _filled(both)
    before = os.umask(0)
    try:
        export_file(both, "people", path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(InputError, match="is there already"):
        export_file(both, "people", path)
    path.chmod(0o644)
    whole = path.read_bytes()

    def stop(done: int, _total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_file(both, "people", path, watch=stop, replace=True)
    assert path.read_bytes() == whole
    assert [each.name for each in path.parent.iterdir() if each.is_file()] == [path.name]
    count = len(its.events())
    assert export_file(both, "people", path, replace=True) == 7
    assert path.read_bytes() == whole
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(its.events()) == count + 1


def test_an_empty_gallery_can_be_moved(both: Context, path: Path) -> None:
    _filled(both, "empty", 0)
    assert export_file(both, "empty", path) == 0
    assert import_file(both, "also empty", path) == ImportedFile(0, 0)
    assert both.platform.space_of("also empty") == SPACE
    with pytest.raises(CollectionNotFoundError):
        export_file(both, "nowhere", path.with_stem("b"))


@pytest.mark.usefixtures("small_portions")
def test_an_export_sees_one_state(both: Context, path: Path) -> None:
    faces = _filled(both, count=8)

    def meddle(done: int, _total: int) -> None:
        if done == 3:
            late = replace(moved(2), face_ids=[face_id(100), face_id(101)])
            transfer.import_templates(both, "people", late)

    assert export_file(both, "people", path, watch=meddle) == 8
    with both.database.begin() as connection:
        delete_collection(connection, "people")
    import_file(both, "people", path)
    assert same(_stored(both, "people"), faces)
