"""Single photos and films deleted from an archive."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from archives import seeing
from reknown.biometrics.errors import InputError, NotFoundError
from reknown.gallery.schema import media, sightings
from reknown.ledger.records import DeleteFromArchiveRecord, ListArchiveRecord
from reknown.objects.uploads import Uploads
from reknown.services.archive import scan as scanning
from reknown.services.archive.additions import add_to_archive
from reknown.services.archive.files import delete_from_archive, list_archive, was_added
from reknown.services.archive.groups import group_sightings, list_groups, read_group
from reknown.services.archive.scan import ScanOutcome, ScanRequest, ScanTally, scan
from reknown.services.archive.sightings import list_sightings
from reknown.services.galleries.pages import PageRequest
from reknown.storage.database import reading
from remains import SPACE, remains
from sealed_galleries import gallery
from unit.sealing.test_sealing import kept
from unit.services.ledgers import events

if TYPE_CHECKING:
    from archives import See
    from reknown.gallery.media import FiledMedium
    from reknown.services.context import Context
    from reknown.storage.database import Database


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path / "uploads", 10 * 2**20, 0)


@pytest.fixture
def adding(context: Context, collection: str, uploads: Uploads) -> Context:
    """Takes uploads."""
    assert collection
    return replace(context, platform=replace(context.platform, uploads=uploads))


def _scan(context: Context, place: Path) -> dict[str, ScanOutcome]:
    request = ScanRequest((place,), "people")
    return {file.path.name: file.outcome for file in scan(context, request, ScanTally())}


def _add(context: Context, uploads: Uploads, *pictures: bytes) -> Path:
    """Adds and scans them; the folder where they lie."""
    brought = []
    for number, data in enumerate(pictures):
        arriving = uploads.begin()
        arriving.write(data)
        arriving.finish()
        brought.append((f"{number}.jpg", arriving))
    done = add_to_archive(context, "people", brought)
    for _, each in brought:
        each.close()
    assert done.kept == len(pictures)
    folder = uploads.archive_of("people")
    _scan(context, folder)
    return folder


def _listed(context: Context) -> list[FiledMedium]:
    return list(list_archive(context, "people", PageRequest()).items)


def test_what_was_added_goes_with_its_file_and_all_that_was_seen_in_it(
    adding: Context, uploads: Uploads, database: Database, eileen: bytes, grace: bytes
) -> None:
    folder = _add(adding, uploads, eileen, grace)
    one, other = _listed(adding)
    assert was_added("people", one)
    assert (one.medium.name, one.faces) == ("0.jpg", 1)
    seen = {each.sighting.medium.sha256: each.sighting for each in list_sightings(adding, "people")}
    assert one.best == seen[one.medium.sha256].sighting_id
    absent = "f" * 64
    done = delete_from_archive(adding, "people", [one.medium.sha256, absent])
    assert (done.deleted, done.absent, done.left) == ((one.medium.sha256,), (absent,), ())
    assert (done.sightings, done.files) == ((one.best,), 1)
    (path,) = folder.iterdir()
    assert path.stem == other.medium.sha256
    assert _listed(adding) == [other]
    assert len(list(list_sightings(adding, "people"))) == 1
    (event,) = events(database, "delete from archive")
    assert event.record == DeleteFromArchiveRecord(done.deleted, done.sightings, 1, 0)
    assert events(database, "list archive")[0].record == ListArchiveRecord(2)
    # a scan of the folder does not bring it back
    _scan(adding, folder)
    assert _listed(adding) == [other]


def test_a_file_of_the_operator_is_forgotten_and_stays(
    context: Context, collection: str, archive: Path
) -> None:
    _scan(context, archive)
    (one,) = (each for each in _listed(context) if len(each.files) == 2)
    assert not was_added(collection, one)
    done = delete_from_archive(context, collection, [one.medium.sha256])
    assert set(done.left) == {
        str(archive / "2019" / name) for name in ("IMG_20190314_153012.jpg", "copy of it.jpg")
    }
    assert (done.files, len(done.sightings)) == (0, 1)
    assert (archive / "2019" / "copy of it.jpg").exists()
    # which is why people are told that a scan reads it anew
    assert _scan(context, archive / "2019")["copy of it.jpg"] is ScanOutcome.SEEN


def test_a_scan_that_has_read_a_file_does_not_bring_it_back(
    adding: Context,
    uploads: Uploads,
    eileen: bytes,
    grace: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = _add(adding, uploads, eileen)
    (one,) = _listed(adding)
    (path,) = folder.iterdir()
    keep = scanning._keep

    def delete_first(*given: object) -> object:
        delete_from_archive(adding, "people", [one.medium.sha256])
        return keep(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(scanning, "_keep", delete_first)
    path.write_bytes(eileen + grace)  # changed, so that the scan reads it
    assert _scan(adding, folder) == {path.name: ScanOutcome.REFUSED}
    assert _listed(adding) == []


def test_a_copy_is_looked_at_when_what_was_known_of_it_was_deleted_during_the_scan(
    context: Context, collection: str, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _scan(context, archive)
    (one,) = (each for each in _listed(context) if len(each.files) == 2)
    copy = archive / "party" / "another copy.jpg"
    copy.write_bytes(Path(one.files[0]).read_bytes())
    keep = scanning._keep

    def delete_first(*given: object) -> object:
        delete_from_archive(context, collection, [one.medium.sha256])
        return keep(*given)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(scanning, "_keep", delete_first)
        assert _scan(context, copy) == {copy.name: ScanOutcome.REFUSED}
    assert _scan(context, copy) == {copy.name: ScanOutcome.SEEN}


def test_what_can_be_deleted_is_deleted_and_the_rest_is_told(
    adding: Context, uploads: Uploads, database: Database, eileen: bytes, grace: bytes
) -> None:
    folder = _add(adding, uploads, eileen, grace)
    stuck, other = _listed(adding)
    (place,) = map(Path, stuck.files)
    place.unlink()
    place.mkdir()  # which nobody unlinks, not even root
    both = [stuck.medium.sha256, other.medium.sha256]
    with pytest.raises(InputError, match="cannot be deleted"):
        delete_from_archive(adding, "people", both)
    assert list(folder.iterdir()) == [place]
    assert [each.medium for each in _listed(adding)] == [stuck.medium]
    (event,) = events(database, "delete from archive")
    assert isinstance(event.record, DeleteFromArchiveRecord)
    assert event.record == DeleteFromArchiveRecord((both[1],), event.record.sightings, 1, 0)
    assert len(event.record.sightings) == 1
    place.rmdir()
    assert delete_from_archive(adding, "people", both).deleted == (both[0],)


def test_each_folder_is_synced_once(
    adding: Context,
    uploads: Uploads,
    eileen: bytes,
    grace: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = _add(adding, uploads, eileen, grace)
    synced: list[Path] = []
    monkeypatch.setattr("reknown.objects.uploads.sync_folder", synced.append)
    delete_from_archive(adding, "people", [each.medium.sha256 for each in _listed(adding)])
    assert synced == [folder]


def test_groups_go_with_the_last_file_of_theirs(
    context: Context, collection: str, see: See
) -> None:
    see(1), see(1), see(2), see(2)
    group_sightings(context, collection)
    one, other = (each.number for each in list_groups(context, collection, PageRequest()).items)
    delete_from_archive(context, collection, [f"{number:064x}" for number in (0, 1, 2)])
    left = list_groups(context, collection, PageRequest(), everybody=True).items
    assert [(each.number, each.sightings) for each in left] == [(other, 1)]
    with pytest.raises(NotFoundError, match=f"no group {one}"):
        read_group(context, collection, one)


def test_what_is_of_another_collection_or_not_here_stays(
    adding: Context, uploads: Uploads, eileen: bytes
) -> None:
    folder = _add(adding, uploads, eileen)
    (one,) = _listed(adding)
    assert not was_added("strangers", one)
    with pytest.raises(NotFoundError):
        delete_from_archive(adding, "strangers", [one.medium.sha256])
    # a machine that shares the database alone
    folder.rename(folder.parent.parent / "elsewhere")
    with pytest.raises(InputError, match="where the server runs"):
        delete_from_archive(adding, "people", [one.medium.sha256])
    assert _listed(adding) == [one]


def test_what_is_deleted_is_in_no_file_and_its_key_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with gallery(folder, folder) as (context, keyring):
        see = seeing(context, "friends", SPACE)
        see(1), see(2)
        before = len(kept(keyring))
        with reading(context.database) as connection:
            query = select(media.c.sha256, sightings.c.template).join_from(media, sightings)
            digest, template = connection.execute(query.order_by(media.c.id).limit(1)).one()
        assert remains(folder, template)
        delete_from_archive(context, "friends", [digest])
        # the ledger keeps the digest, as it does of every file
        assert not remains(folder, template)
        assert len(kept(keyring)) == before - 1
