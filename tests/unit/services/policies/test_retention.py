from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from sqlalchemy import select, update

from contexts import events, faces
from reknown.biometrics.errors import DatabaseError
from reknown.biometrics.policy import Policy, UnreadablePolicy
from reknown.gallery import retention as stored
from reknown.gallery.schema import collections, policies, sightings
from reknown.ledger import log
from reknown.ledger.records import (
    EnrolRecord,
    ExpireRecordsRecord,
    PurgeFacesRecord,
    PurgeSightingsRecord,
    SetPolicyRecord,
)
from reknown.services.archive.sightings import Keeping, keep_tracks
from reknown.services.galleries.collections import (
    create_collection,
    delete_collection,
    list_collections,
)
from reknown.services.galleries.pages import PageRequest
from reknown.services.policies.retention import Swept, sweep
from reknown.services.policies.rules import set_policy
from reknown.storage.database import reading
from unit.plans.reading import recorded
from video_analyses import analysis, track

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.services.context import Context
    from reknown.services.galleries.enrolment import EnrolmentResult


def after(days: float) -> datetime:
    """What the clock says then."""
    return datetime.now(UTC) + timedelta(days=days)


@pytest.fixture(autouse=True)
def _people(enrol: Callable[..., EnrolmentResult], eileen: bytes, grace: bytes) -> None:
    enrol(eileen, "Eileen")
    enrol(grace, "Grace", "2.jpg")


def test_without_a_policy_everything_stays(context: Context) -> None:
    assert sweep(context, after(36500)) == []
    assert len(faces(context)) == 2


def test_faces_go_within_one_sweep_when_their_days_are_over(context: Context) -> None:
    set_policy(context, "people", Policy(keep_faces=30))
    assert sweep(context, after(29.9)) == []
    assert sweep(context) == []
    ids = sorted(face.face_id for face in faces(context))
    assert sweep(context, after(30.1)) == [Swept("people", 2, 0, 0, 0)]
    assert not faces(context)
    (event,) = events(context, PurgeFacesRecord.OPERATION)
    assert event.record == PurgeFacesRecord(tuple(ids), 30)
    assert sweep(context, after(31)) == []


def test_large_collections_are_swept_in_portions(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "AT_ONCE", 1)
    set_policy(context, "people", Policy(keep_faces=30))
    assert sweep(context, after(31)) == [Swept("people", 2, 0, 0, 0)]
    assert len(events(context, PurgeFacesRecord.OPERATION)) == 2


def test_several_servers_delete_and_record_each_face_once(context: Context) -> None:
    set_policy(context, "people", Policy(keep_faces=30))
    now = after(31)
    with ThreadPoolExecutor(4) as servers:
        found = [each for result in servers.map(lambda _: sweep(context, now), range(4))
                 for each in result]  # fmt: skip
    assert sum(each.faces for each in found) == 2
    gone = [
        face
        for event in events(context, PurgeFacesRecord.OPERATION)
        if isinstance(event.record, PurgeFacesRecord)
        for face in event.record.faces
    ]
    assert len(gone) == len(set(gone)) == 2


def test_sightings_go_by_their_own_days(context: Context) -> None:
    space = context.platform.space_of("people")
    vector = np.eye(1, space.dimension, dtype=np.float32)[0]
    seen = analysis(space, [track(vector, 0, 900, 0)])
    with context.database.begin() as connection:
        keep_tracks(connection, context, "people", seen, Keeping("a.mp4", 365))
    set_policy(context, "people", Policy(keep_sightings=7))
    assert sweep(context, after(6)) == []
    assert sweep(context, after(8)) == [Swept("people", 0, 1, 0, 0)]
    with reading(context.database) as connection:
        assert connection.execute(sightings.select()).first() is None
    assert len(events(context, PurgeSightingsRecord.OPERATION)) == 1
    assert len(faces(context)) == 2


def test_records_of_the_collection_go_and_others_stay(context: Context) -> None:
    set_policy(context, "people", Policy(keep_records=1000))
    assert sweep(context, after(999)) == []
    (swept,) = sweep(context, after(1001))
    assert swept.records == len(faces(context)) + 1  # that of the collection
    assert not events(context, EnrolRecord.OPERATION)
    assert events(context, SetPolicyRecord.OPERATION)  # as the policy there is checked against it
    assert events(context, "create collection") == []
    (event,) = events(context, ExpireRecordsRecord.OPERATION)
    assert isinstance(event.record, ExpireRecordsRecord)
    assert event.record.records == swept.records


def test_a_face_of_a_wrong_clock_does_not_go_early(context: Context) -> None:
    from reknown.gallery.schema import faces as table

    set_policy(context, "people", Policy(keep_faces=30))
    with context.database.begin() as connection:
        later = update(table).where(table.c.face_id == faces(context)[0].face_id)
        connection.execute(later.values(created_at=after(60).isoformat()))
    assert sweep(context, after(31)) == [Swept("people", 1, 0, 0, 0)]
    assert len(faces(context)) == 1


def test_records_of_a_deleted_collection_go_when_its_policy_said(context: Context) -> None:
    """And those of another one of that name stay."""
    set_policy(context, "people", Policy(keep_records=30))
    delete_collection(context, "people")
    create_collection(context, "people")
    now = datetime.now(UTC)
    assert sweep(context, now + timedelta(days=29)) == []
    before = [event.id for event in log.stream(context.database, log.Choice(collection="people"))]
    (swept,) = sweep(context, now + timedelta(days=31))
    left = list(log.stream(context.database, log.Choice(collection="people")))
    assert swept == Swept("people", 0, 0, 0, len(before) - 3)
    assert [event.operation for event in left] == [
        "set policy",
        "delete collection",
        "create collection",
        "expire records",
    ]
    assert sweep(context, now + timedelta(days=31)) == []


def test_records_of_a_collection_that_was_deleted_without_a_policy_stay(context: Context) -> None:
    delete_collection(context, "people")
    assert sweep(context, datetime.now(UTC) + timedelta(days=10_000)) == []


def test_all_deleted_collections_are_asked_about_at_once(context: Context) -> None:
    def statements(moment: datetime) -> int:
        with recorded(context.database) as told:
            assert sweep(context, moment) == []
        return len(told)

    def delete_some(count: int) -> None:
        for number in range(count):
            create_collection(context, f"gone {number}")
            set_policy(context, f"gone {number}", Policy(keep_records=30))
            delete_collection(context, f"gone {number}")

    soon = datetime.now(UTC) + timedelta(days=1)
    delete_some(1)
    one = statements(soon)
    delete_some(9)
    assert statements(soon) == one
    assert len(sweep(context, soon + timedelta(days=40))) == 10


def test_a_policy_that_cannot_be_read_holds_up_no_other(context: Context) -> None:
    create_collection(context, "spoilt")
    for name in ("spoilt", "people"):
        set_policy(context, name, Policy(keep_records=1))
    with context.database.begin() as connection:
        owner = select(collections.c.id).where(collections.c.name == "spoilt").scalar_subquery()
        spoilt = update(policies).where(policies.c.collection == owner)
        connection.execute(spoilt.values(document='{"keep_faces": "a year"}'))
    with pytest.raises(DatabaseError, match="policy of collection 'spoilt' cannot be read"):
        sweep(context, datetime.now(UTC) + timedelta(days=2))
    (expired,) = events(context, ExpireRecordsRecord.OPERATION)
    assert expired.collection == "people"
    page = list_collections(context, PageRequest(None, 10))
    kinds = {each.name: type(each.policy) for each in page.items}
    assert kinds == {"people": Policy, "spoilt": UnreadablePolicy}
