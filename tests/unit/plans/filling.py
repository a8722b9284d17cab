"""A database with enough in it for its planner to be particular."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from sqlalchemy import func, insert, select, text, update

from reknown.access import schema as access_schema
from reknown.access.rights import Rights
from reknown.access.schema import access_keys, accounts, key_uses, sign_ins
from reknown.biometrics.templates import TemplateSpace
from reknown.gallery import schema as gallery_schema
from reknown.gallery.collections import create_collection, require
from reknown.gallery.schema import (
    CARRIED,
    collections,
    consents,
    evaluations,
    faces,
    groups_apart,
    groups_not_users,
    images,
    media,
    media_files,
    policies,
    score_counts,
    score_drifts,
    search_approvals,
    search_stops,
    search_targets,
    sighting_groups,
    sightings,
    upgrade_losses,
    upgrade_templates,
    users,
    users_apart,
)
from reknown.gallery.upgrades import begin_upgrade
from reknown.jobs import schema as jobs_schema
from reknown.jobs.schema import jobs, notices, parts
from reknown.ledger import schema as ledger_schema
from reknown.ledger.schema import (
    checkpoints,
    events,
    heads,
    leaves,
    nodes,
    nonces,
    quota_holders,
    quotas,
    tokens,
)
from reknown.proofs.merkle import Frontier, packed
from reknown.review import schema as review_schema
from reknown.review.schema import (
    review_candidates,
    review_cases,
    review_judgements,
    review_notes,
    reviewers,
    reviews,
)
from reknown.watches import schema as watch_schema
from reknown.watches.schema import (
    event_deliveries,
    event_failures,
    live_events,
    live_looks,
    live_sequence,
    watch_claims,
    watch_tags,
    watches,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Connection, Engine, Table

TABLES = [
    table
    for schema in (
        access_schema,
        gallery_schema,
        jobs_schema,
        ledger_schema,
        review_schema,
        watch_schema,
    )
    for table in schema.metadata.tables.values()
]
SPACE = TemplateSpace(pack="tiny", fingerprint="ab" * 32, dimension=4)
NEXT = TemplateSpace(pack="next", fingerprint="cd" * 32, dimension=4)
COLLECTION = "people"
FACES = 6000
OF_USERS = 4000
"""So many of the faces, the first ones, belong to users."""

_OTHER_FACES = 2000
_FACES_OF_A_USER = 2
_SIGHTINGS_OF_A_MEDIUM = 1
_EMPTY_COLLECTIONS = 300
_ROWS = 2000
_OPEN_JOBS = 20
_NOW = datetime.now(UTC)
_GROWN = 200
_GROW = """
    UPDATE pg_class SET reltuples = :rows, relpages = pg_relation_size(oid) / 8192
    WHERE oid = CAST(:name AS regclass)
    OR oid IN (SELECT indexrelid FROM pg_index WHERE indrelid = CAST(:name AS regclass))
"""


def face_id(number: int) -> str:
    """Of a face in the collection, counted from 0; higher numbers are free."""
    return f"face {number}"


def user(number: int) -> str:
    return f"user {number}"


def actor(number: int) -> str:
    """Whoever did a part of what is in the ledger."""
    return f"key {number}"


def subject_id(number: int) -> str:
    return f"subject {number}"


def digest(number: int) -> str:
    """Of an image or a video, or the id of a job."""
    return f"{number:064x}"


def sighting_id(number: int) -> str:
    return f"sighting {number}"


def approval_id(number: int) -> str:
    """Of an approval that holds."""
    return f"approval {number}"


def evaluation_id(number: int) -> str:
    """Of an evaluation that is done."""
    return f"evaluation {number}"


def look_key(number: int) -> bytes:
    """Of a look through the camera of the watch with that number."""
    return number.to_bytes(32, "big")


def watch_name(number: int) -> str:
    """Of a watch; the first few have events."""
    return f"camera {number}"


def case_id(number: int) -> str:
    """Of a decided case with one candidate."""
    return f"case {number}"


def reviewer(number: int) -> str:
    """One of a few."""
    return "cli:" + chr(97 + number % 26) * (1 + number // 26)


def folder(number: int) -> str:
    """Of the file of a medium."""
    return f"/archive/{number // 50}"


def fill(engine: Engine) -> None:
    """Puts thousands of rows into each table that grows; the planner does not know them."""
    postgres = engine.dialect.name == "postgresql"
    with engine.begin() as connection:
        if postgres:  # it analyses by itself when it likes
            for table in TABLES:
                off = f"ALTER TABLE {table.name} SET (autovacuum_enabled = false)"
                connection.execute(text(off))
        for number in range(_EMPTY_COLLECTIONS):
            create_collection(connection, f"empty {number}", SPACE, {"kind": "empty"})
        _fill_collection(connection, "others", _OTHER_FACES, "of others")
        _fill_collection(connection, COLLECTION, FACES, "")
        _fill_rules(connection)
        _fill_searches(connection)
        _fill_evaluations(connection)
        _fill_upgrade(connection)
        _fill_jobs(connection)
        _fill_watches(connection)
        _fill_ledger(connection)
        _fill_reviews(connection)
        if postgres:
            _grow(connection)


def analyse(engine: Engine) -> None:
    """Lets the planner know what is there."""
    with engine.begin() as connection:
        for table in TABLES:  # not those of all tests on the same server
            connection.execute(text(f"ANALYZE {table.name}"))
        if engine.dialect.name == "postgresql":
            _grow(connection)


def _grow(connection: Connection) -> None:
    """Makes PostgreSQL believe in many times as many rows: it reads small tables whole."""
    for table in TABLES:
        count = connection.execute(select(func.count()).select_from(table)).scalar_one()
        connection.execute(text(_GROW), {"name": table.name, "rows": count * _GROWN})


def _put(
    connection: Connection,
    table: Table,
    count: int,
    common: Mapping[str, Any],
    own: Callable[[int], Mapping[str, Any]],
) -> None:
    if count:
        connection.execute(insert(table), [{**common, **own(number)} for number in range(count)])


def _fill_collection(connection: Connection, name: str, count: int, mark: str) -> None:
    create_collection(connection, name, SPACE, {"kind": "full"})
    owner = require(connection, name).id
    connection.execute(update(collections).where(collections.c.id == owner).values(revision=count))
    made = {"collection_id": owner, "created_at": _ago(0)}
    values = {"collection_id": owner, "name": "", "width": 640, "height": 480}
    first_image, first_user = _next_key(connection, images), _next_key(connection, users)
    _put(connection, images, count, values, lambda n: {"sha256": digest(n)})
    _put(
        connection,
        users,
        count,
        made,
        lambda n: {"name_key": user(n), "subject_id": subject_id(n) + mark},
    )
    box = {"box_left": 0.1, "box_top": 0.1, "box_width": 0.1, "box_height": 0.1}
    template = np.array([1, 0, 0, 0], "<f4").tobytes()
    seen = {**made, **box, "confidence": 0.9, "quality": 50, "template": template}

    def face(number: int) -> Mapping[str, Any]:
        owner = first_user + number // _FACES_OF_A_USER if number < OF_USERS else None
        image = first_image + number
        names = {"face_id": face_id(number) + mark, "image_id": image, "user_id": owner}
        return {**names, "revision": number}

    _put(connection, faces, count, seen, face)
    first_group = _next_key(connection, sighting_groups)
    _fill_media(connection, made, seen, mark, count // 2)
    _fill_apart(connection, first_user, first_group, count // 2)


def _fill_apart(connection: Connection, user: int, group: int, count: int) -> None:
    """Users who are not each other, and groups that are not users."""

    def users_of(number: int) -> Mapping[str, Any]:
        return {"first": user + 2 * number, "second": user + 2 * number + 1}

    def of_both(number: int) -> Mapping[str, Any]:
        return {"group_id": group + number, "user_id": user + number}

    _put(connection, users_apart, count, {}, users_of)
    _put(connection, groups_not_users, count, {}, of_both)


def _fill_media(
    connection: Connection, made: Mapping[str, Any], seen: Mapping[str, Any], mark: str, count: int
) -> None:
    first = _next_key(connection, media)
    own = {"collection_id": made["collection_id"]}
    of_media = {**own, "kind": "video", "name": "1.mp4", "fingerprint": SPACE.fingerprint}
    seen_at = {"seen_at": made["created_at"]}
    number_of_media = count // _SIGHTINGS_OF_A_MEDIUM
    _put(
        connection, media, number_of_media, {**of_media, **seen_at}, lambda n: {"sha256": digest(n)}
    )
    of_file = {**own, "size": 1, "modified_ns": 1}

    def file(number: int) -> Mapping[str, Any]:
        return {"medium_id": first + number, "folder": folder(number), "name": f"{number}.mp4"}

    _put(connection, media_files, number_of_media, of_file, file)
    space = {"pack": SPACE.pack, "fingerprint": SPACE.fingerprint, "dimension": SPACE.dimension}
    first_group = _next_key(connection, sighting_groups)
    of_group = {**own, "ignored": False, "created_at": made["created_at"]}
    _put(connection, sighting_groups, count, of_group, lambda _: {})

    def apart(number: int) -> Mapping[str, Any]:
        return {"first": first_group + 2 * number, "second": first_group + 2 * number + 1}

    _put(connection, groups_apart, count // 2, {}, apart)
    times = {"start_ms": 0, "end_ms": 9, "best_ms": 5, "shots": 1, "fit": True, **space}

    def sighting(number: int) -> Mapping[str, Any]:
        names: dict[str, Any] = {"sighting_id": sighting_id(number) + mark}
        names["expires_at"] = _ago(-9, number)
        names["group_id"] = first_group + number
        return {**names, "medium_id": first + number // _SIGHTINGS_OF_A_MEDIUM}

    _put(connection, sightings, count, {**seen, **times}, sighting)


def _fill_rules(connection: Connection) -> None:
    """A policy of each collection, a stop for many, and consents of many users."""
    owners = connection.execute(select(collections.c.id)).scalars().all()
    rules = {"document": "{}", "set_at": _ago(0)}
    _put(connection, policies, len(owners), rules, lambda n: {"collection": owners[n]})
    why = {"reason": "", "stopped_at": _ago(0)}
    _put(connection, search_stops, _ROWS, why, lambda n: {"scope": f"stopped {n}"})
    own = users.c.collection_id == require(connection, COLLECTION).id
    keys = connection.execute(select(users.c.id).where(own)).scalars().all()
    given: dict[str, Any] = {
        "given_at": _ago(0),
        "recorded_by": "",
        "text_sha256": digest(0),
        "basis": "signed",
    }
    given["collection_id"] = require(connection, COLLECTION).id
    _put(
        connection,
        consents,
        len(keys),
        given,
        lambda n: {"user_id": keys[n], "subject_id": subject_id(n)},
    )
    scores = {"space": SPACE.fingerprint, "part": "window", "seen": 2}
    _put(
        connection,
        score_counts,
        _ROWS,
        scores,
        lambda n: {"collection": owners[n % len(owners)], "bin": n},
    )
    drift = {"space": SPACE.fingerprint, "at": _ago(1), "distance": 0.1, "bound": 0.2, "shift": 0}
    _put(connection, score_drifts, len(owners), drift, lambda n: {"collection": owners[n]})


def _fill_searches(connection: Connection) -> None:
    """Many searches of many targets, and as many approvals."""
    own: dict[str, Any] = {"collection_id": require(connection, COLLECTION).id}

    def searched(number: int) -> Mapping[str, Any]:
        times = {"searched_at": _ago(0, number), "expires_at": _ago(-7, number)}
        return {**times, "target": digest(number // 2)}

    _put(connection, search_targets, _ROWS, own, searched)
    granted = own | {"granted_by": "cli:bob", "granted_at": _ago(0), "expires_at": _ago(-7)}
    granted |= {"searches_left": 3, "reason": "why"}

    def given(number: int) -> Mapping[str, Any]:
        return {"approval_id": approval_id(number), "searcher": actor(number % 40)}

    _put(connection, search_approvals, _ROWS, granted, given)


def _fill_evaluations(connection: Connection) -> None:
    """Many that are done, of one collection."""
    done: dict[str, Any] = {"collection_id": require(connection, COLLECTION).id, "state": "done"}
    done |= {"kind": "verify", "pack": "opencv", "about": "album", "actor": "cli:ada", "total": 2}
    done |= {"created_at": _ago(1), "seen_at": _ago(1), "report": b"{}", "figures": b"{}"}
    _put(connection, evaluations, _ROWS, done, lambda n: {"evaluation_id": evaluation_id(n)})


def _fill_upgrade(connection: Connection) -> None:
    """All faces of the collection are carried to the next space, none of the others'."""
    empty = (f"empty {number}" for number in range(_EMPTY_COLLECTIONS))
    for name in (COLLECTION, "others", *empty):
        begin_upgrade(connection, name, NEXT)
    keys = list(connection.execute(select(faces.c.id).order_by(faces.c.id)).scalars())
    template = np.array([1, 0, 0, 0], "<f4").tobytes()
    values = {**dict.fromkeys(CARRIED, 0), "template": template}
    seen = {f"{side}_{name}": values[name] for side in ("former", "target") for name in values}
    _put(connection, upgrade_templates, FACES, seen, lambda n: {"face": keys[_OTHER_FACES + n]})
    lost = {"reason": "face not found again", "detail": ""}
    _put(connection, upgrade_losses, _OTHER_FACES, lost, lambda n: {"face": keys[n]})


def _next_key(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.max(table.c.id))).scalar_one() or 0) + 1


def _fill_jobs(connection: Connection) -> None:
    job = {"kind": "search", "collection": COLLECTION, "request": "{}", "created_at": _ago(2)}

    def ended(number: int) -> Mapping[str, Any]:
        times = {"finished_at": _ago(1, number), "expires_at": _ago(-6, number)}
        return {**times, "job_id": digest(number), "actor": f"key {number % 20}"}

    def waiting(number: int) -> Mapping[str, Any]:
        return {"job_id": digest(_ROWS + number), "actor": f"key {number}"}

    _put(connection, jobs, _ROWS, {**job, "state": "SUCCEEDED"}, ended)
    asked = {**job, "state": "IN_PROGRESS", "expires_at": _ago(-5)}
    _put(connection, jobs, _OPEN_JOBS, asked, waiting)
    part = {"ordering": "time", "number": 0, "entries": 1, "data": b""}
    _put(connection, parts, _ROWS, part, lambda n: {"job": n + 1})
    notice = {"channel": "webhook", "target": "", "body": "{}", "created_at": _ago(1)}

    def late(number: int) -> Mapping[str, Any]:
        return {"job_id": digest(number), "due_at": _ago(-1, number) if number % 2 else None}

    _put(connection, notices, _ROWS, notice, late)


def _fill_watches(connection: Connection) -> None:
    watch = {"camera": "door", "collection": COLLECTION, "settings": "{}", "actor": "key 1"}
    watch |= {"wanted": "stopped", "state": "STOPPED", "created_at": _ago(2), "updated_at": _ago(1)}
    _put(connection, watches, _ROWS, watch, lambda n: {"name": watch_name(n)})
    claim = {"collection": COLLECTION, "holder": "somebody", "claimed_until": _ago(-1)}
    _put(connection, watch_claims, _ROWS, claim, lambda n: {"name": watch_name(n)})
    tag = {"key": "floor", "value": "1"}
    _put(connection, watch_tags, _ROWS, tag, lambda n: {"watch_id": n + 1})
    look = {"actor": "ada", "asked_at": _ago(1), "recorded_at": _ago(1), "sealed": b""}

    def looking(number: int) -> Mapping[str, Any]:
        return {"public_key": look_key(number).hex(), "watch_id": number + 1}

    _put(connection, live_looks, _ROWS, look, looking)
    owner = require(connection, COLLECTION).id
    event = {"collection_id": owner, "kind": "left", "visit": "one", "body": '{"time_ms":0}'}

    def seen(number: int) -> Mapping[str, Any]:
        names = {"sequence": number + 1, "watch": watch_name(number % _OPEN_JOBS)}
        return {**names, "at": _ago(1, _ROWS - number)}

    _put(connection, live_events, _ROWS, event, seen)
    connection.execute(update(live_sequence).values(last=_ROWS))
    told = {"sink": "webhook", "due_at": _ago(1), "delivered": _ROWS}
    _put(connection, event_deliveries, _OPEN_JOBS, told, lambda n: {"watch": watch_name(n)})
    connection.execute(insert(event_deliveries).values({**told, "watch": ""}))
    told["watch"] = watch_name(0)
    _put(connection, event_deliveries, _ROWS, told, lambda n: {"sink": f"sink {n}"})
    refused = {"sink": "webhook", "attempts": 7, "error": "", "given_up_at": _ago(0)}
    _put(connection, event_failures, _ROWS, refused, lambda n: {"sequence": n + 1})


def _fill_ledger(connection: Connection) -> None:

    def event(number: int) -> Mapping[str, Any]:
        names = {"actor": actor(number % 40), "operation": f"operation {number % 20}"}
        names |= {"collection": COLLECTION if number % 10 else f"empty {number}"}
        return {**names, "at": _ago(0, 10 * (_ROWS - number)), "request_id": digest(number)}

    _put(connection, events, _ROWS, {"detail": "{}"}, event)
    _fill_log(connection)
    limit = {"period": "month", "measure": "images", "most": 9, "since": "2026-11-01", "used": 0}
    _put(connection, quotas, _ROWS, limit, lambda n: {"holders": f"key:{n}"})
    _put(
        connection,
        quota_holders,
        _ROWS,
        {},
        lambda n: {"actor": f"key:{n}", "holders": f"key:{n}"},
    )
    _put(connection, nonces, _ROWS, {}, lambda n: {"nonce": digest(n), "expires_at": _ago(-1, n)})
    token = {"actor": "ada", "operation": "create user", "request": "", "answer": ""}

    def recent(number: int) -> Mapping[str, Any]:
        return {"token": digest(number), "expires_at": _ago(-1, number)}

    _put(connection, tokens, _ROWS, token, recent)
    key = {"name": "", "secret": b"", "created_at": _ago(0)}
    key["rights"] = Rights(("*",), ("*",)).to_json()
    _put(connection, access_keys, _ROWS, key, lambda n: {"key_id": f"RK{n:018}"})
    account = {"role": "auditor", "collections": '["*"]', "password": "", "created_at": _ago(0)}
    _put(connection, accounts, _ROWS, account, lambda n: {"name": f"person-{n}"})
    signed = {"actor": "cli:ada", "link": 0, "created_at": _ago(0), "seen_at": _ago(0)}
    signed["expires_at"] = _ago(-1)
    _put(connection, sign_ins, _ROWS, signed, lambda n: {"digest": digest(n)})
    told = {"beat": 1, "uses": "{}"}
    _put(connection, key_uses, _ROWS, told, lambda n: {"process": digest(n)})


def _fill_log(connection: Connection) -> None:
    """A leaf for each event; not those of the events themselves."""
    ids = connection.execute(select(events.c.id).order_by(events.c.id)).scalars().all()
    tree, kept = Frontier(), []
    for record in ids:
        kept += tree.append(bytes([record % 256]) * 32)

    def leaf(number: int) -> Mapping[str, Any]:
        return {
            "position": number,
            "event_id": ids[number],
            "hash": bytes([ids[number] % 256]) * 32,
        }

    _put(connection, leaves, len(ids), {}, leaf)
    names = ("level", "position", "hash")
    if kept:
        _put(connection, nodes, len(kept), {}, lambda n: dict(zip(names, kept[n], strict=True)))
    head = {"size": tree.size, "root": tree.root(), "frontier": packed(tree)}
    connection.execute(update(heads).values(head))
    old = {"at": _ago(1), "note": ""}
    _put(connection, checkpoints, _ROWS, old, lambda n: {"size": n + 1})


def _fill_reviews(connection: Connection) -> None:
    """Decided cases of one candidate each, with a note on it."""
    owner = require(connection, COLLECTION).id
    own = faces.c.collection_id == owner
    keys = list(connection.execute(select(faces.c.id).where(own).order_by(faces.c.id)).scalars())
    case = {"collection_id": owner, "search": 1, "searcher": "cli:sue", "probe_kind": "image"}
    case |= {"probe_number": 1, "reviewers": 1, "salt": "", "state": "decided", "round": 1}
    case |= {"outcome": "lead", "opened_at": _ago(2), "decided_at": _ago(1)}

    def opened(number: int) -> Mapping[str, Any]:
        return {"case_id": case_id(number), "expires_at": _ago(-9, number)}

    _put(connection, review_cases, _ROWS, case, opened)
    candidate = {"number": 1, "rank": 1, "score": 0.5, "opinion": "same"}
    seen = list(connection.execute(select(sightings.c.id).order_by(sightings.c.id)).scalars())

    def found(number: int) -> Mapping[str, Any]:
        key = seen[number // 2 % len(seen)]
        return {"sighting": key} if number % 2 else {"face": keys[number]}

    _put(
        connection,
        review_candidates,
        _ROWS,
        candidate,
        lambda n: {"case_key": n + 1, "face": None, "sighting": None, **found(n)},
    )
    review = {"round": 1, "adjudicating": False, "seed": "", "salt": "", "started_at": _ago(1)}
    review |= {"finished_at": _ago(1)}
    _put(
        connection,
        reviews,
        _ROWS,
        review,
        lambda n: {"case_key": n + 1, "reviewer": reviewer(n % 40)},
    )
    said = {"opinion": "same", "grounds": '["ears"]', "made_at": _ago(1)}
    _put(
        connection,
        review_judgements,
        _ROWS,
        said,
        lambda n: {"review": n + 1, "candidate": n + 1},
    )
    note = {"text": "a scar"}
    _put(
        connection,
        review_notes,
        _ROWS,
        note,
        lambda n: {"judgement": n + 1, "face": None, "sighting": None, **found(n)},
    )
    trained = {"trained_until": "2099-01-01", "collections": '["*"]', "added_at": _ago(1)}
    _put(connection, reviewers, 40, trained, lambda n: {"actor": reviewer(n)})


def _ago(days: int, seconds: int = 0) -> str:
    return (_NOW - timedelta(days, seconds)).isoformat(timespec="microseconds")
