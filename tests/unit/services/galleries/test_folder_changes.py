from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.records import FaceRecord, ImageRecord
from reknown.services.galleries.enrolees import Enrolee
from reknown.services.galleries.folder_changes import (
    Folder,
    FolderChanges,
    Placed,
    compared,
    misplaced,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

ORIGIN = "/photos"
PEOPLE = ["Ada", "Bob", "Cyd", "Dee"]
NFC, NFD = "Jos\u00e9", "Jose\u0301"
_NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _face(number: int, user: str | None, digest: str, name: str = "") -> FaceRecord:
    image = ImageRecord(digest, name or f"{digest}.jpg", 9, 9, ORIGIN)
    face_id = str(UUID(int=number))
    box = BoundingBox(0, 0, 1, 1)
    return FaceRecord(face_id, image, box, 1.0, 90, 1.0, None, user, _NOW, user)


def _folder(
    lying: dict[str, str],
    away: Iterable[str] = (),
    unread: Iterable[Enrolee] = (),
) -> Folder:
    images = {
        digest: {name: Enrolee(Path(name, digest), name) for name in owners.split()}
        for digest, owners in lying.items()
    }
    return Folder(images, tuple((enrolee, "no") for enrolee in unread), frozenset(away))


def _compared(
    folder: Folder, stored: list[FaceRecord], others: Counter[str] | None = None
) -> FolderChanges:
    """`others` are so many faces of the people, enrolled elsewhere."""
    counts = Counter(face.user for face in stored if face.user) + (others or Counter())
    moves, deletions, unclear, away = misplaced(folder, stored)
    taken = {move.to for move in moves if move.to in counts}
    placed = Placed(moves, deletions, unclear, away, counts, taken, set())
    known = [face for face in stored if face.image.sha256 in folder.images]
    return compared(ORIGIN, folder, known, placed, adopt=False)


def _followed(stored: list[FaceRecord], changes: FolderChanges) -> dict[str, str | None]:
    """Whose each image is then, enrolled ones too."""
    owners: dict[str, str | None] = {face.image.sha256: face.user for face in stored}
    names = dict(changes.renames)
    owners = {digest: names.get(user or "", user) for digest, user in owners.items()}
    for move in changes.moves:
        owners[move.face.image.sha256] = move.to
    for face in changes.deletions:
        del owners[face.image.sha256]
    return owners | {Path(str(enrolee.source)).name: enrolee.subject for enrolee in changes.new}


albums = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from(PEOPLE), max_size=8)


@given(before=albums, after=albums, others=st.dictionaries(st.sampled_from(PEOPLE), st.just(1)))
def test_the_gallery_becomes_what_the_folder_is(
    before: dict[str, str], after: dict[str, str], others: dict[str, int]
) -> None:
    stored = [_face(number, user, digest) for number, (digest, user) in enumerate(before.items())]
    changes = _compared(_folder(after), stored, Counter(others))
    assert _followed(stored, changes) == after
    left = set(after.values()) | set(others)
    renamed = dict(changes.renames)
    assert set(changes.emptied) == set(before.values()) - left - set(renamed)
    # whoever has faces from elsewhere keeps the name
    assert not set(renamed) & set(others)
    assert not set(renamed.values()) & (set(before.values()) | set(others))
    assert len(set(renamed.values())) == len(renamed)


@given(album=albums)
def test_what_is_right_stays(album: dict[str, str]) -> None:
    stored = [_face(number, user, digest) for number, (digest, user) in enumerate(album.items())]
    changes = _compared(_folder(album), stored)
    assert not changes
    assert not changes.new


@given(before=albums, after=albums, user=st.sampled_from(PEOPLE))
def test_a_folder_that_cannot_be_read_keeps_all_faces(
    before: dict[str, str], after: dict[str, str], user: str
) -> None:
    stored = [_face(number, name, digest) for number, (digest, name) in enumerate(before.items())]
    closed = Enrolee(Path("/nowhere at all"), user, label="album")
    changes = _compared(_folder(after, unread=[closed]), stored)
    assert not changes.deletions
    assert user not in changes.emptied
    assert user not in dict(changes.renames)


def test_what_may_lie_behind_a_link() -> None:
    stored = [_face(1, "Ada", "a"), _face(2, "Bob", "b"), _face(3, NFD, "c"), _face(4, None, "d")]
    moves, deletions, unclear, away = misplaced(_folder({}, ["Ada", NFC]), stored)
    assert (moves, unclear) == ([], [])
    assert (away, deletions) == ([stored[0], stored[2]], [stored[1], stored[3]])


def test_an_unreadable_file_keeps_those_of_its_name_alone(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").touch()
    unread = Enrolee(tmp_path / "1.jpg", "Bob")
    same, other = _face(1, "Ada", "a", "1.jpg"), _face(2, "Ada", "b", "2.jpg")
    assert misplaced(_folder({}, unread=[unread]), [same, other])[1] == [other]


def test_a_chain_of_names_is_moved_without_mixing() -> None:
    """Bob's folder is Cyd's now, and Ada's is Bob's."""
    stored = [_face(1, "Ada", "a"), _face(2, "Bob", "b")]
    changes = _compared(_folder({"a": "Bob", "b": "Cyd"}), stored)
    assert changes.renames == ()
    assert {(move.face.user, move.to) for move in changes.moves} == {("Ada", "Bob"), ("Bob", "Cyd")}
    assert changes.emptied == ("Ada",)


def test_two_people_in_one_new_folder() -> None:
    stored = [_face(1, "Ada", "a"), _face(2, "Bob", "b")]
    changes = _compared(_folder({"a": "Cyd", "b": "Cyd"}), stored)
    assert changes.renames == (("Ada", "Cyd"),)
    assert [(move.face.user, move.to) for move in changes.moves] == [("Bob", "Cyd")]
    assert changes.emptied == ("Bob",)


def test_a_person_with_faces_from_elsewhere_is_not_renamed() -> None:
    stored = [_face(1, "Ada", "a")]
    changes = _compared(_folder({"a": "Cyd"}), stored, Counter(Ada=1))
    assert (changes.renames, changes.emptied) == ((), ())
    assert [move.to for move in changes.moves] == ["Cyd"]


def test_faces_of_nobody_are_those_of_the_folder() -> None:
    stored = [_face(1, None, "a"), _face(2, None, "b")]
    changes = _compared(_folder({"a": "Ada"}), stored)
    assert [move.to for move in changes.moves] == ["Ada"]
    assert [face.image.sha256 for face in changes.deletions] == ["b"]
    assert (changes.renames, changes.emptied) == ((), ())


def test_images_in_two_folders_are_left_where_they_are() -> None:
    stored = [_face(1, "Ada", "a"), _face(2, "Bob", "b")]
    changes = _compared(_folder({"a": "Ada Bob", "b": "Ada Cyd"}), stored)
    assert not changes
    assert [face.image.sha256 for face in changes.unclear] == ["b"]
    # to be refused, so that somebody is asked whose face is meant
    assert [enrolee.subject for enrolee in changes.new] == ["Ada", "Bob", "Ada", "Cyd"]


def test_several_faces_of_an_image_are_never_deleted() -> None:
    stored = [_face(1, "Ada", "a"), _face(2, None, "a")]
    changes = _compared(_folder({"b": "Ada"}), stored)
    assert not changes
    assert list(changes.unclear) == stored
