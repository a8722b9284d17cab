"""Compares what clients remember with what a server has stored and with its ledger."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from bench import serving

from reknown.services.galleries import list_events
from reknown.storage.database import open_database

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from bench.mixed import Known, Record
    from bench.serving import RawClient

    from reknown.ledger.events import Event

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


def read_ledger(data: Path) -> list[Event]:
    database = open_database(data)
    try:
        return list(list_events(database))
    finally:
        database.dispose()


def told(ledger: Iterable[Event]) -> dict[str, Stored]:
    """What has to be stored if everything in the ledger was done, and nothing else."""
    made: dict[str, Stored] = {}
    for event in ledger:
        if event.collection is None or event.detail.keys() >= {"refused", "operation"}:
            continue
        if event.operation == "create collection":
            made[event.collection] = Stored(tags=dict(event.detail.get("tags", {})))
        elif event.operation == "delete collection":
            del made[event.collection]
        elif event.collection in made:
            _tell(made[event.collection], event)
    return made


def _tell(there: Stored, event: Event) -> None:
    detail = event.detail
    if event.operation in {"enrol", "import templates"}:
        for face in detail["faces"]:
            there.faces.setdefault(face, None)
    elif event.operation == "delete faces":
        for face in detail["faces"]:
            del there.faces[face]
    elif event.operation == "tag collection":
        there.tags.update(detail["set"])
        for key in detail["removed"]:
            there.tags.pop(key, None)
    elif event.operation in _OF_USERS and not detail["repeated"]:
        _tell_of_user(there, event.operation, detail["user"], detail.get("faces", []))


_OF_USERS = {"create user", "delete user", "associate faces", "disassociate faces"}


def _tell_of_user(there: Stored, operation: str, user: str, faces: Sequence[str]) -> None:
    if operation == "create user":
        there.users.add(user)
    elif operation == "delete user":
        there.users.remove(user)
        for face in [face for face, owner in there.faces.items() if owner == user]:
            there.faces[face] = None
    else:
        owner = user if operation == "associate faces" else None
        there.faces.update(dict.fromkeys(faces, owner))


def verdict(client: RawClient, data: Path, records: Sequence[Record]) -> dict[str, Any]:
    """Counts of what went wrong, with examples; all zero is as it should be."""
    there = stored(client)
    ledger = read_ledger(data)
    rows = Counter(event.request_id for event in ledger if event.request_id)
    faults = {
        "lost": list(_lost(there, records)),
        "back_from_the_dead": list(_undead(there, records)),
        "ledger_and_store_differ": list(_differences(told(ledger), there)),
        "tags_not_in_ledger": list(_unexplained_tags(told(ledger), there)),
        "answered_without_ledger_row": list(_unrecorded(rows, records)),
        "request_ids_twice_in_ledger": [name for name, count in rows.items() if count > 1],
        "enrolled_twice": list(_enrolled_twice(ledger)),
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
        "ledger_rows": len(ledger),
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
    """No picture was sent twice, so none may be enrolled twice."""
    pictures = Counter(
        (event.collection, event.detail["image"])
        for event in ledger
        if event.operation == "enrol" and "image" in event.detail
    )
    yield from (f"{name}: {image}" for (name, image), count in pictures.items() if count > 1)


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
