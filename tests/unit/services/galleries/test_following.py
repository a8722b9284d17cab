from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from contexts import events, faces, user_names
from portraits import pair
from reknown.biometrics.errors import GalleryError, InputError
from reknown.biometrics.records import Profile
from reknown.gallery import faces as references
from reknown.gallery import groups
from reknown.gallery.collections import claim
from reknown.ledger.records import (
    DeleteFacesRecord,
    DeleteUserRecord,
    FollowImagesRecord,
    MoveFacesRecord,
    RenameUserRecord,
)
from reknown.services.galleries.enrolees import Enrolee
from reknown.services.galleries.enrolment import (
    GroupImage,
    enrol_group,
    enrol_subjects,
)
from reknown.services.galleries.enrolment_plan import read_plan
from reknown.services.galleries.following import compare_folder, follow_folder
from reknown.services.galleries.mending import move_faces
from reknown.services.galleries.users import UserRequest, delete_user, describe_user

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reknown.biometrics.records import FaceRecord
    from reknown.services.context import Context
    from reknown.services.galleries.folder_changes import FolderChanges

NFC, NFD = "Jos\u00e9", "Jose\u0301"


class Album:
    """A folder of people's folders, and the gallery that follows it."""

    def __init__(self, folder: Path, context: Context, collection: str, image: bytes) -> None:
        self.folder, self._context, self._collection = folder, context, collection
        self._image = image

    def put(self, *names: str) -> None:
        """Images of different bytes, all with the same face."""
        for name in names:
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self._image + name.encode())

    def move(self, name: str, to: str) -> None:
        target = self.folder / to
        target.parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).rename(target)
        if not any((self.folder / name).parent.iterdir()):
            (self.folder / name).parent.rmdir()

    def enrol(self) -> None:
        for _ in enrol_subjects(self._context, self._collection, read_plan(self.folder)):
            pass

    def compare(self, *, adopt: bool = False) -> FolderChanges:
        plan = read_plan(self.folder)
        return compare_folder(self._context, self._collection, plan, adopt=adopt)

    def sync(self, *, adopt: bool = False) -> FolderChanges:
        changes = self.compare(adopt=adopt)
        follow_folder(self._context, self._collection, changes)
        for _ in enrol_subjects(self._context, self._collection, changes.new):
            pass
        return changes

    def held(self) -> dict[str, str | None]:
        """Whose each image is, by the name that it was put under."""
        stored = faces(self._context, self._collection)
        return {face.image.name: face.user for face in stored}

    def face(self, name: str) -> FaceRecord:
        stored = faces(self._context, self._collection)
        (found,) = (face for face in stored if face.image.name == name)
        return found


@pytest.fixture
def album(tmp_path: Path, context: Context, collection: str, eileen: bytes) -> Album:
    made = Album(tmp_path / "album", context, collection, eileen)
    made.put("Ada/1.jpg", "Ada/2.jpg", "Bob/3.jpg", "Bob/deep/4.jpg")
    made.enrol()
    assert made.held() == {"1.jpg": "Ada", "2.jpg": "Ada", "3.jpg": "Bob", "deep/4.jpg": "Bob"}
    return made


def test_nothing_has_changed(album: Album, context: Context) -> None:
    before = len(events(context))
    changes = album.sync()
    assert not changes
    assert (changes.new, changes.added, len(events(context))) == ((), 0, before)


def test_an_image_in_another_persons_folder_is_that_persons(album: Album, context: Context) -> None:
    album.move("Ada/2.jpg", "Bob/2.jpg")
    before = album.face("2.jpg")
    album.sync()
    assert album.held()["2.jpg"] == "Bob"
    assert album.face("2.jpg").face_id == before.face_id
    record = events(context)[-1].record
    assert isinstance(record, MoveFacesRecord)
    assert (record.faces, record.former) == ((before.face_id,), (before.subject_id,))
    assert not album.sync()


def test_a_renamed_folder_is_a_renamed_person(album: Album, context: Context) -> None:
    subject = album.face("3.jpg").subject_id
    (album.folder / "Bob").rename(album.folder / "Robert")
    assert album.sync().renames == (("Bob", "Robert"),)
    assert user_names(context) == ["Ada", "Robert"]
    assert album.face("3.jpg").subject_id == subject
    assert isinstance(events(context)[-1].record, RenameUserRecord)
    assert not album.sync()


def test_a_folder_renamed_to_a_known_persons_is_moved(album: Album, context: Context) -> None:
    album.move("Ada/1.jpg", "Bob/1.jpg")
    album.move("Ada/2.jpg", "Bob/2.jpg")
    changes = album.sync()
    assert (changes.renames, changes.emptied) == ((), ("Ada",))
    assert set(album.held().values()) == {"Bob"}
    assert user_names(context) == ["Bob"]


def test_two_people_swap_their_folders(album: Album, context: Context) -> None:
    subjects = {name: album.face(name).subject_id for name in ("1.jpg", "3.jpg")}
    (album.folder / "Ada").rename(album.folder / "x")
    (album.folder / "Bob").rename(album.folder / "Ada")
    (album.folder / "x").rename(album.folder / "Bob")
    assert album.sync().emptied == ()
    assert album.held() == {"1.jpg": "Bob", "2.jpg": "Bob", "3.jpg": "Ada", "deep/4.jpg": "Ada"}
    assert album.face("1.jpg").subject_id == subjects["3.jpg"]
    assert user_names(context) == ["Ada", "Bob"]


def test_deleted_files_are_deleted_faces(album: Album, context: Context) -> None:
    gone = [album.face(name).face_id for name in ("1.jpg", "3.jpg", "deep/4.jpg")]
    (album.folder / "Ada/1.jpg").unlink()
    shutil.rmtree(album.folder / "Bob")
    changes = album.sync()
    assert changes.emptied == ("Bob",)
    assert album.held() == {"2.jpg": "Ada"}
    deleted, user = (event.record for event in events(context)[-2:])
    assert isinstance(deleted, DeleteFacesRecord)
    assert sorted(deleted.faces) == sorted(gone)
    assert isinstance(user, DeleteUserRecord)


def test_a_person_whose_sightings_are_known_stays(
    album: Album, context: Context, collection: str
) -> None:
    with context.database.begin() as connection:
        number = groups.make_group(connection, claim(connection, collection).id)
        groups.name_group(connection, collection, number, "Bob")
    shutil.rmtree(album.folder / "Bob")
    changes = album.sync()
    assert (len(changes.deletions), changes.emptied) == (2, ())
    assert user_names(context) == ["Ada", "Bob"]


def test_new_images_are_enrolled(album: Album) -> None:
    album.put("Ada/5.jpg", "Cyd/6.jpg")
    changes = album.sync()
    assert (bool(changes), changes.added) == (False, 2)
    assert album.held()["6.jpg"] == "Cyd"


def test_what_was_enrolled_otherwise_is_left_alone(
    album: Album, context: Context, collection: str, grace: bytes, tmp_path: Path
) -> None:
    other = tmp_path / "other" / "Bob" / "7.jpg"
    other.parent.mkdir(parents=True)
    other.write_bytes(grace + b"7")
    for _ in enrol_subjects(context, collection, read_plan(tmp_path / "other")):
        pass
    for _ in enrol_subjects(context, collection, [Enrolee(grace + b"8", "Bob", label="8.jpg")]):
        pass
    shutil.rmtree(album.folder / "Bob")
    changes = album.sync()
    assert changes.emptied == ()
    assert album.held() == {"1.jpg": "Ada", "2.jpg": "Ada", "7.jpg": "Bob", "8.jpg": "Bob"}
    assert user_names(context) == ["Ada", "Bob"]


def test_faces_beside_the_persons_own_in_an_image_are_left_alone(
    album: Album, context: Context, collection: str
) -> None:
    """As an image that was indexed over the API has them, of which one was given to somebody."""
    data = pair()
    indexed = enrol_group(context, collection, GroupImage(data, "both"))
    first, second = (face.face_id for face in indexed.stored)
    move_faces(context, collection, [first], "Ada")
    (album.folder / "Ada/both.jpg").write_bytes(data)
    assert album.sync(adopt=True).followed
    assert isinstance(events(context)[-1].record, FollowImagesRecord)
    for _ in range(2):
        assert not album.sync()
    (album.folder / "Ada/both.jpg").rename(album.folder / "Bob/both.jpg")
    changes = album.compare()
    assert {face.face_id for face in changes.unclear} == {first, second}
    assert not changes
    (album.folder / "Bob/both.jpg").unlink()
    assert not album.compare().deletions


def test_an_image_in_two_folders_stays_with_its_owner_or_where_it_is(album: Album) -> None:
    shutil.copy(album.folder / "Ada/1.jpg", album.folder / "Bob/1.jpg")
    assert not album.sync()
    assert album.held()["1.jpg"] == "Ada"
    (album.folder / "Cyd").mkdir()
    album.move("Ada/1.jpg", "Cyd/1.jpg")
    changes = album.sync()
    assert [face.image.name for face in changes.unclear] == ["1.jpg"]
    assert album.held()["1.jpg"] == "Ada"


def test_nothing_is_deleted_of_a_folder_that_cannot_be_read(
    album: Album, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, scandir = str(album.folder / "Bob"), os.scandir

    def refuse(place: Path) -> object:
        if str(place) == closed:
            raise PermissionError(13, "Permission denied", closed)
        return scandir(place)

    monkeypatch.setattr(os, "scandir", refuse)
    (album.folder / "Ada/1.jpg").unlink()
    changes = album.sync()
    assert changes.deletions == ()
    assert len(changes.unread) == 1
    monkeypatch.undo()
    assert [face.image.name for face in album.sync().deletions] == ["1.jpg"]


def test_nothing_is_deleted_of_a_folder_that_became_a_link(album: Album, tmp_path: Path) -> None:
    """As of one that was put on another drive, which may not be there."""
    bob = album.folder / "Bob"
    shutil.move(bob / "deep", tmp_path)
    (bob / "other name").symlink_to(tmp_path / "deep")
    (album.folder / "Ada/1.jpg").unlink()
    changes = album.sync()
    assert [face.image.name for face in changes.away] == ["deep/4.jpg"]
    assert [face.image.name for face in changes.deletions] == ["1.jpg"]
    shutil.rmtree(bob)
    bob.symlink_to(tmp_path / "nowhere")
    assert (len(album.sync().away), len(album.held())) == (2, 3)
    bob.unlink()
    assert len(album.sync().deletions) == 2


def test_changed_files_leave_the_person_the_same_subject(album: Album, context: Context) -> None:
    """As when a photo program writes into the files."""
    subject = album.face("3.jpg").subject_id
    for name in ("Bob/3.jpg", "Bob/deep/4.jpg"):
        with (album.folder / name).open("ab") as file:
            file.write(b"changed")
    changes = album.sync()
    assert (len(changes.deletions), changes.added, changes.emptied) == (2, 2, ())
    assert album.face("3.jpg").subject_id == subject
    assert user_names(context) == ["Ada", "Bob"]


def test_a_person_of_whom_something_is_told_stays(
    album: Album, context: Context, collection: str
) -> None:
    describe_user(context, collection, "Bob", Profile(("example.org",)))
    shutil.rmtree(album.folder / "Bob")
    changes = album.sync()
    assert (len(changes.deletions), changes.emptied) == (2, ())
    assert user_names(context) == ["Ada", "Bob"]


def test_a_folder_that_breaks_between_listing_and_reading_is_left_alone(
    album: Album, context: Context, collection: str
) -> None:
    """No stat of anything in it says whether there was a folder or a file."""
    plan = read_plan(album.folder)
    lost = Enrolee(album.folder / "Bob", "Bob", origin=plan[0].origin)
    (album.folder / "Bob").rename(album.folder.parent / "Bob")
    there = [enrolee for enrolee in plan if enrolee.subject == "Ada"]
    changes = compare_folder(context, collection, [*there, lost])
    assert (changes.deletions, len(changes.unread)) == ((), 1)


@pytest.mark.parametrize(("stored", "there"), [(NFC, NFD), (NFD, NFC)])
def test_names_that_look_the_same_are_one(
    tmp_path: Path, context: Context, collection: str, eileen: bytes, stored: str, there: str
) -> None:
    album = Album(tmp_path / "album", context, collection, eileen)
    album.put(f"{stored}/1.jpg", "Bob/2.jpg")
    album.enrol()
    with context.database.begin() as connection:  # as an early release stored it
        connection.exec_driver_sql(
            "UPDATE users SET name_key = ? WHERE name_key = ?", (stored, NFC)
        )
    (album.folder / stored).rename(album.folder / there)
    assert not album.sync()
    (album.folder / there).rename(album.folder / "Zoe")
    assert album.sync().renames == ((stored, "Zoe"),)
    (album.folder / "Zoe").rename(album.folder / there)
    assert album.sync().renames == (("Zoe", NFC),)


def test_what_was_enrolled_over_the_api_is_never_deleted(
    album: Album, context: Context, collection: str, grace: bytes
) -> None:
    indexed = enrol_group(context, collection, GroupImage(grace, "5.jpg"))
    (face,) = indexed.stored
    move_faces(context, collection, [face.face_id], "Bob")
    path = album.folder / "Bob/5.jpg"
    path.write_bytes(grace)
    changes = album.sync()
    assert (bool(changes), changes.otherwise, changes.new) == (False, 1, ())
    shutil.rmtree(album.folder / "Bob")
    changes = album.sync()
    assert (len(changes.deletions), changes.emptied) == (2, ())
    assert album.held() == {"1.jpg": "Ada", "2.jpg": "Ada", "5.jpg": "Bob"}


def test_adopting_leaves_alone_what_another_folder_holds(
    album: Album, context: Context, collection: str, tmp_path: Path
) -> None:
    shutil.copytree(album.folder, tmp_path / "copy")
    copy = Album(tmp_path / "copy", context, collection, b"")
    changes = copy.sync(adopt=True)
    assert (bool(changes), changes.otherwise) == (False, 0)
    (tmp_path / "copy/Ada/1.jpg").unlink()
    assert not copy.sync(adopt=True)
    assert not album.sync()


def test_an_empty_folder_may_be_a_drive_that_is_not_mounted(album: Album) -> None:
    for path in (album.folder / "Bob").rglob("*.jpg"):
        path.unlink()
    changes = album.sync()
    assert (changes.deletions, changes.emptied) == ((), ())
    assert {face.image.name for face in changes.away} == {"3.jpg", "deep/4.jpg"}
    shutil.rmtree(album.folder / "Bob")
    assert len(album.sync().deletions) == 2


def test_a_file_that_cannot_be_read_is_there(album: Album) -> None:
    path = album.folder / "Ada/1.jpg"
    path.unlink()
    path.symlink_to("nowhere")
    changes = album.compare()
    assert ([face.image.name for face in changes.away], changes.deletions) == (["1.jpg"], ())
    path.unlink()
    path.write_bytes(b"")
    changes = album.compare()
    assert changes.deletions == ()
    assert [enrolee.source for enrolee, _ in changes.unread] == [path]


def test_an_empty_folder_changes_nothing(album: Album) -> None:
    shutil.rmtree(album.folder)
    album.folder.mkdir()
    with pytest.raises(InputError, match="no images"):
        album.sync()
    assert len(album.held()) == 4


def test_what_was_enrolled_before_origins_were_known_is_followed_once_adopted(
    album: Album, context: Context
) -> None:
    with context.database.begin() as connection:
        connection.exec_driver_sql("UPDATE images SET origin = NULL")
    (album.folder / "Bob/3.jpg").unlink()
    for _ in range(2):
        changes = album.sync()
        assert (bool(changes), changes.otherwise, changes.new) == (False, 3, ())
    changes = album.sync(adopt=True)
    assert (len(changes.followed), changes.otherwise, changes.deletions) == (3, 0, ())
    assert album.held()["3.jpg"] == "Bob"  # of which nobody knows where it came from
    (album.folder / "Ada/1.jpg").unlink()
    album.sync()
    assert "1.jpg" not in album.held()


def test_a_folder_that_was_moved_is_followed_there(album: Album, tmp_path: Path) -> None:
    album.folder = album.folder.rename(tmp_path / "moved")
    (album.folder / "Ada/1.jpg").unlink()
    assert album.sync().otherwise == 3
    album.sync(adopt=True)
    assert len(album.held()) == 4  # that is of the folder that is gone
    (album.folder / "Bob/3.jpg").unlink()
    album.sync()
    assert "3.jpg" not in album.held()


def test_a_person_made_since_the_comparison_is_told_of(
    album: Album, context: Context, collection: str, grace: bytes
) -> None:
    album.move("Ada/1.jpg", "Cyd/1.jpg")
    changes = album.compare()
    assert changes.made == ["Cyd"]
    for _ in enrol_subjects(context, collection, [Enrolee(grace, "Cyd")]):
        pass
    with pytest.raises(GalleryError, match="again"):
        follow_folder(context, collection, changes)
    assert album.held()["1.jpg"] == "Ada"


@pytest.mark.parametrize("meanwhile", ["face", "name", "told"])
def test_who_got_something_since_the_comparison_is_left_alone(
    album: Album, context: Context, collection: str, grace: bytes, meanwhile: str
) -> None:
    (album.folder / "Ada").rename(album.folder / "Lady Ada")
    shutil.rmtree(album.folder / "Bob")
    changes = album.compare()
    assert (changes.renames, changes.emptied) == ((("Ada", "Lady Ada"),), ("Bob",))
    if meanwhile == "face":
        for _ in enrol_subjects(context, collection, [Enrolee(grace, "Ada")]):
            pass
    elif meanwhile == "told":
        describe_user(context, collection, "Bob", Profile(("example.org",)))
    else:
        with context.database.begin() as connection:
            number = groups.make_group(connection, claim(connection, collection).id)
            groups.name_group(connection, collection, number, "Bob")
    before = album.held(), len(events(context))
    with pytest.raises(GalleryError, match="again"):
        follow_folder(context, collection, changes)
    assert (album.held(), len(events(context))) == before


@pytest.mark.parametrize("meanwhile", ["moved", "deleted", "more"])
def test_what_changed_since_the_comparison_is_not_done(
    album: Album, context: Context, collection: str, meanwhile: str
) -> None:
    (album.folder / "Ada/1.jpg").rename(album.folder / "Bob/1.jpg")
    (album.folder / "Ada/2.jpg").rename(album.folder / "Bob/2.jpg")
    changes = album.compare()
    assert changes.emptied == ("Ada",)
    if meanwhile == "moved":
        move_faces(context, collection, [album.face("1.jpg").face_id], "Cyd")
    elif meanwhile == "deleted":
        delete_user(context, UserRequest(collection, "Ada"), keep_faces=False)
    else:
        move_faces(context, collection, [album.face("3.jpg").face_id], "Ada")
    before = album.held(), len(events(context))
    with pytest.raises(GalleryError, match="again"):
        follow_folder(context, collection, changes)
    assert (album.held(), len(events(context))) == before


def test_one_transaction_makes_all_changes(
    album: Album, context: Context, collection: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (album.folder / "Ada").rename(album.folder / "Lady Ada")
    (album.folder / "Bob/3.jpg").unlink()
    changes = album.compare()
    before = album.held(), len(events(context))
    fail: Callable[..., None] = lambda *_: (_ for _ in ()).throw(OSError("no more"))  # noqa: E731
    monkeypatch.setattr(references, "delete_faces", fail)
    with pytest.raises(OSError, match="no more"):
        follow_folder(context, collection, changes)
    assert (album.held(), len(events(context))) == before


def test_progress_tells_of_every_file(context: Context, collection: str, album: Album) -> None:
    told: list[int] = []
    compare_folder(context, collection, read_plan(album.folder), told.append)
    assert told == [1, 2, 3, 4]


def test_a_missing_collection_is_all_new(context: Context, album: Album) -> None:
    changes = compare_folder(context, "none yet", read_plan(album.folder))
    assert (len(changes.new), bool(changes)) == (4, False)
