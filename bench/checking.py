"""Compares what clients remember with what a server has stored and with its ledger."""

from __future__ import annotations

from collections import ChainMap, Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from bench import serving

from reknown.cli.session import open_context
from reknown.ledger.records import (
    AssociateFacesRecord,
    CreateCollectionRecord,
    CreateUserRecord,
    DeleteCollectionRecord,
    DeleteFacesRecord,
    DeleteUserRecord,
    DisassociateFacesRecord,
    EnrolRecord,
    ImportTemplatesRecord,
    TagCollectionRecord,
)
from reknown.services.history import HistoryPage, read_history

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from bench.mixed import Known, Record
    from bench.serving import RawClient

    from reknown.services.history import Event

FAULTS = (
    "lost",
    "back_from_the_dead",
    "ledger_and_store_differ",
    "tags_not_in_ledger",
    "answered_without_ledger_row",
    "request_ids_twice_in_ledger",
    "enrolled_twice",
    "problems",
)
_SHOWN = 10


@dataclass(slots=True)
class Stored:
    """A collection as the API shows it or as the ledger tells it; faces with their users."""

    faces: dict[str, str | None] = field(default_factory=dict)
    users: set[str] = field(default_factory=set)
    tags: dict[str, str] = field(default_factory=dict)


def stored(client: RawClient) -> dict[str, Stored]:
    """Everything there is, page by page."""
    names = [n for page in pages(client, "ListCollections", {}) for n in page["CollectionIds"]]
    found = {}
    for name in names:
        body = {"CollectionId": name}
        faces = [f for page in pages(client, "ListFaces", body) for f in page["Faces"]]
        users = [u for page in pages(client, "ListUsers", body) for u in page["Users"]]
        tags = client.must("ListTagsForResource", {"ResourceArn": serving.arn(name)})
        found[name] = Stored(
            {face["FaceId"]: face.get("UserId") for face in faces},
            {user["UserId"] for user in users},
            tags.get("Tags", {}),
        )
    return found


def pages(client: RawClient, operation: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    token: str | None = None
    while True:
        answer = client.must(operation, body if token is None else {**body, "NextToken": token})
        yield answer
        token = answer.get("NextToken")
        if token is None:
            return


def read_ledger(data: Path) -> HistoryPage:
    """The whole ledger on one page."""
    with open_context(data) as context:
        pages = list(read_history(context))
    events = [event for page in pages for event in page.events]
    return HistoryPage(events, dict(ChainMap(*(dict(page.names) for page in pages))))


def told(ledger: HistoryPage) -> dict[str, Stored]:
    """What has to be stored if everything in the ledger was done, and nothing else."""
    made: dict[str, Stored] = {}
    for event in ledger.events:
        name = event.collection
        if name is None:
            continue
        match event.record:
            case CreateCollectionRecord(tags=tags):
                made[name] = Stored(tags=dict(tags))
            case DeleteCollectionRecord():
                del made[name]
            case _ if name in made:
                _tell(made[name], event.record)
    return {name: _named(there, ledger.names) for name, there in made.items()}


def _named(there: Stored, names: Mapping[str, str]) -> Stored:
    faces = {face: owner and names.get(owner, owner) for face, owner in there.faces.items()}
    return Stored(faces, {names.get(user, user) for user in there.users}, there.tags)


def _tell(there: Stored, record: object) -> None:
    """Takes in what a record says; users are known by their subject ids here."""
    match record:
        case EnrolRecord(faces=faces, subject_id=user):
            _tell_of_faces(there, faces, user)
        case ImportTemplatesRecord(faces=faces):
            _tell_of_faces(there, faces, None)
        case DeleteFacesRecord(faces=faces):
            for face in faces:
                del there.faces[face]
        case TagCollectionRecord(set=tags, removed=removed):
            there.tags.update(tags)
            for key in removed:
                there.tags.pop(key, None)
        case _ if not getattr(record, "repeated", False):
            _tell_of_user(there, record)


def _tell_of_faces(there: Stored, faces: Iterable[str], user: str | None) -> None:
    """Faces that may be known, and the user that `reknown enroll` makes for them."""
    for face in faces:
        there.faces.setdefault(face, user)
    if user is not None:
        there.users.add(user)


def _tell_of_user(there: Stored, record: object) -> None:
    match record:
        case CreateUserRecord(subject_id=str(user)):
            there.users.add(user)
        case DeleteUserRecord(subject_id=str(user)):
            there.users.remove(user)
            for face in [face for face, owner in there.faces.items() if owner == user]:
                there.faces[face] = None
        case AssociateFacesRecord(subject_id=user, faces=faces):
            there.faces.update(dict.fromkeys(faces, user))
        case DisassociateFacesRecord(faces=faces):
            there.faces.update(dict.fromkeys(faces))


def verdict(client: RawClient, data: Path, records: Sequence[Record]) -> dict[str, Any]:
    """Counts of what went wrong, with examples; all zero is as it should be."""
    there = stored(client)
    ledger = read_ledger(data)
    by_ledger = told(ledger)
    rows = Counter(event.request_id for event in ledger.events if event.request_id)
    faults = {
        "lost": list(_lost(there, records)),
        "back_from_the_dead": list(_undead(there, records)),
        "ledger_and_store_differ": list(_differences(by_ledger, there)),
        "tags_not_in_ledger": list(_unexplained_tags(by_ledger, there)),
        "answered_without_ledger_row": list(_unrecorded(rows, records)),
        "request_ids_twice_in_ledger": [name for name, count in rows.items() if count > 1],
        "enrolled_twice": list(_enrolled_twice(ledger.events)),
        "problems": [problem for record in records for problem in record.problems],
    }
    answered = {request for record in records for request, _, _ in record.answers}
    operations = Counter(op for record in records for _, op, _ in record.answers)
    return {
        **{name: len(found) for name, found in faults.items()},
        "examples": {name: found[:_SHOWN] for name, found in faults.items() if found},
        "checked": {
            "faces": sum(len(k.faces) for r in records for k in r.known.values()),
            "faces_and_users_deleted": sum(len(gone) for r in records for gone in r.gone.values()),
            "users": sum(len(k.users) for r in records for k in r.known.values()),
            "requests_answered": len(answered),
        },
        "operations": dict(operations.most_common()),
        "throttled": sum(record.throttled for record in records),
        "ledger_rows": len(ledger.events),
        "faces_stored": sum(len(collection.faces) for collection in there.values()),
        "collections_stored": len(there),
    }


def _lost(there: dict[str, Stored], records: Sequence[Record]) -> Iterator[str]:
    for record in records:
        for name, known in record.known.items():
            if name in there:
                yield from (f"{fault} of {name}" for fault in _missing(there[name], known))
            else:
                yield f"collection {name}"


def _missing(found: Stored, known: Known) -> Iterator[str]:
    for face, user in known.faces.items():
        if face not in found.faces:
            yield f"face {face}"
        elif found.faces[face] != user:
            yield f"user {user} of face {face}, which has {found.faces[face]},"
    yield from (f"user {user}" for user in known.users - found.users)
    yield from (f"tag {key}" for key, value in known.tags.items() if found.tags.get(key) != value)


def _undead(there: dict[str, Stored], records: Sequence[Record]) -> Iterator[str]:
    for record in records:
        yield from (f"collection {name}" for name in record.dropped if name in there)
        for name, gone in record.gone.items():
            if name in there:
                yield from (f"{g} in {name}" for g in gone if g in there[name].faces)
                yield from (f"{g} in {name}" for g in gone if g in there[name].users)


def _differences(one: dict[str, Stored], other: dict[str, Stored]) -> Iterator[str]:
    yield from (f"collection {name}" for name in one.keys() ^ other.keys())
    for name in one.keys() & other.keys():
        faces = len(one[name].faces.items() ^ other[name].faces.items())
        users = len(one[name].users ^ other[name].users)
        if faces or users:
            yield f"{name}: {faces} faces, {users} users"


def _unexplained_tags(one: dict[str, Stored], other: dict[str, Stored]) -> Iterator[str]:
    for name in one.keys() & other.keys():
        if one[name].tags != other[name].tags:
            yield f"{name}: {one[name].tags} in the ledger, {other[name].tags} stored"


def _unrecorded(rows: Counter[str], records: Sequence[Record]) -> Iterator[str]:
    for record in records:
        for request, operation, code in record.answers:
            # who is told to slow down is not let in
            if code != "ThrottlingException" and rows[request] != 1:
                yield f"{operation} {code or 'OK'} {request or 'without id'}: {rows[request]} rows"


def _enrolled_twice(ledger: Iterable[Event]) -> Iterator[str]:
    """No image was sent twice, so none may be enrolled twice."""
    images = Counter(
        (event.collection, event.record.image_sha256)
        for event in ledger
        if isinstance(event.record, EnrolRecord)
    )
    yield from (f"{name}: {image}" for (name, image), count in images.items() if count > 1)


def latencies(records: Sequence[Record]) -> dict[str, dict[str, float]]:
    """Milliseconds by operation as the clients saw them."""
    seconds: dict[str, list[float]] = {}
    for record in records:
        for operation, spent in record.seconds.items():
            seconds.setdefault(operation, []).extend(spent)
    return {
        operation: {
            "count": len(spent),
            "p50_ms": round(1000 * float(np.percentile(spent, 50)), 1),
            "p99_ms": round(1000 * float(np.percentile(spent, 99)), 1),
            "max_ms": round(1000 * max(spent), 1),
        }
        for operation, spent in sorted(seconds.items())
    }
