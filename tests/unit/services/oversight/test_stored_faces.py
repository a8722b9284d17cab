from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from reknown.ledger import records
from reknown.ledger.codec import decode_fields, encode
from reknown.ledger.skimming import Glimpse
from reknown.services.oversight.stored_faces import CHANGES, FaceChange, StoredFaces

if TYPE_CHECKING:
    from reknown.ledger.records import Record

SPACE = records.SpaceRecord("opencv", "ab" * 32)


def face(number: int) -> str:
    return str(UUID(int=number))


def apply(
    book: StoredFaces, record: Record, actor: str = "key:a", of: str = "people"
) -> FaceChange:
    fields = decode_fields(encode(record), CHANGES[type(record)])
    event = Glimpse(1, datetime.now(UTC), actor, record.OPERATION, of, None, fields)
    return book.apply(event)


def enrolled(*numbers: int) -> Record:
    return records.EnrolRecord("cd" * 32, SPACE, tuple(map(face, numbers)), None)


def many(count: int) -> Record:
    return records.ImportManyTemplatesRecord(
        records.ManyFacesRecord(count, face(1), face(count), "cd" * 32), 0
    )


def test_a_face_is_of_who_enrolled_it_whoever_deletes_it() -> None:
    book = StoredFaces()
    assert apply(book, enrolled(1, 2)) == FaceChange(enrolled=2)
    assert apply(book, enrolled(2, 3), "key:b") == FaceChange(enrolled=1)
    assert book.by_actor() == {"key:a": 2, "key:b": 1}
    assert apply(book, records.DeleteFacesRecord((face(1),)), "key:b") == FaceChange(deleted=1)
    assert book.by_actor() == {"key:a": 1, "key:b": 1}
    assert book.by_collection() == {"people": 2}


def test_collections_have_their_own_faces() -> None:
    book = StoredFaces()
    apply(book, enrolled(1))
    apply(book, enrolled(2, 3), of="staff")
    assert apply(book, records.DeleteCollectionRecord(), of="staff") == FaceChange(deleted=2)
    assert book.by_collection() == {"people": 1}
    assert apply(book, records.DeleteCollectionRecord(), of="never") == FaceChange()


def test_a_deletion_that_was_answered_again_deletes_once() -> None:
    book = StoredFaces()
    apply(book, many(5))
    gone = records.DeleteUserRecord(None, (face(9),))
    assert apply(book, gone) == FaceChange(deleted=1)
    assert apply(book, records.DeleteUserRecord(None, (face(9),), True)) == FaceChange()
    assert book.by_collection() == {"people": 4}


@pytest.mark.parametrize("brought", [many(3), records.ImportTemplatesRecord((face(7),), 0)])
def test_faces_come_in_files_too(brought: Record) -> None:
    book = StoredFaces()
    change = apply(book, brought)
    assert change.enrolled == book.by_collection()["people"] == book.by_actor()["key:a"]


def test_of_faces_that_are_only_counted_the_oldest_go_first() -> None:
    book = StoredFaces()
    apply(book, many(2))
    apply(book, many(2), "key:b")
    apply(book, enrolled(1), "key:c")
    apply(book, records.DeleteFacesRecord((face(10), face(11), face(12))))
    assert book.by_actor() == {"key:b": 1, "key:c": 1}
    apply(book, records.DeleteFacesRecord((face(13), face(14))))
    assert book.by_actor() == {}
    assert book.by_collection() == {"people": 0}


def test_rows_of_before_records_had_types_change_nothing() -> None:
    book = StoredFaces()
    row = Glimpse(1, datetime.now(UTC), "key:a", "enrol", "people", None, None)
    assert book.apply(row) == FaceChange()
    assert book.by_collection() == {}
