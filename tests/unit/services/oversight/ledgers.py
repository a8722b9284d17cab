"""A ledger of two months, written row by row."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import update

from reknown.ledger import log, records
from reknown.ledger.actor import Actor
from reknown.ledger.schema import events

if TYPE_CHECKING:
    from reknown.ledger.codec import Entry
    from reknown.storage.database import Database

DIGEST = "ab" * 32
SPACE = records.SpaceRecord("opencv", DIGEST)
GATE, DESK, ADA = "RK" + "A" * 18, "RK" + "B" * 18, "cli:ada"
OCTOBER, NOVEMBER = datetime(2026, 10, 5, tzinfo=UTC), datetime(2026, 11, 5, tzinfo=UTC)
HIT = records.CandidateRecord(str(UUID(int=1)), None, 0.6, 95.0)


def search(*rows: int, references: int = 1000, rate: float | None = 1e-4) -> Entry:
    """A search with so many candidates for each face of its image."""
    return records.IdentifyRecord(
        records.ProbeRecord("image", DIGEST),
        SPACE,
        records.ThresholdRecord(0.4, None if rate is None else 80.0, rate),
        "subjects",
        references,
        references,
        tuple((HIT,) * count for count in rows),
    )


def enrolment(first: int, count: int) -> Entry:
    faces = tuple(str(UUID(int=number)) for number in range(first, first + count))
    return records.EnrolRecord(DIGEST, SPACE, faces, None)


def deletion(first: int, count: int) -> Entry:
    return records.DeleteFacesRecord(
        tuple(str(UUID(int=number)) for number in range(first, first + count))
    )


def write(
    database: Database,
    entry: Entry,
    *,
    by: str = f"key:{GATE}",
    at: datetime = NOVEMBER,
    of: str | None = "people",
    purpose: str | None = None,
    times: int = 1,
) -> None:
    """So many rows of that time."""
    with database.begin() as connection:
        for _ in range(times):
            key = log.append(connection, Actor(by, "request", purpose=purpose), of, entry)
            moment = at.isoformat(timespec="microseconds")
            connection.execute(update(events).where(events.c.id == key).values(at=moment))


def fill(database: Database) -> None:
    """What two keys and a person at the machine did in October and November."""
    made = records.CreateKeyRecord(GATE, "gate", ("*",), ("*",))
    write(database, made, by=ADA, at=OCTOBER, of=None)
    write(database, enrolment(1, 30), at=OCTOBER)
    write(database, enrolment(100, 12), by=ADA, at=OCTOBER, of="staff")
    write(database, enrolment(31, 20))
    write(database, enrolment(31, 1))
    write(database, deletion(1, 15), by=f"key:{DESK}")
    write(database, search(1), purpose="missing-person", times=25)
    write(database, search(0, 0), purpose="missing-person", times=40)
    write(database, search(0), times=11)
    write(database, search(0), of="staff", purpose="entry", times=3)
    write(database, search(2), at=OCTOBER, times=5)
    denied = records.Refusal("identify", "SearchFaces", "AccessDeniedException")
    write(database, denied, by=f"key:{DESK}", times=14)
    write(database, records.Failure("detect", DIGEST, "VideoError"), times=2)
    write(database, records.ListFacesRecord(3), by=ADA, times=17)
