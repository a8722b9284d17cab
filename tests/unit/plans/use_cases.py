"""Everything that the rooms with SQL ask of the database."""

from __future__ import annotations

import inspect
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from sqlalchemy import delete, select, update

from reknown.access import accounts, keys, sign_ins, uses
from reknown.access.accounts import Role
from reknown.access.rights import Rights
from reknown.access.schema import access_keys
from reknown.access.vault import Vault
from reknown.biometrics.among import Among
from reknown.biometrics.errors import PolicyError
from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.live import LiveCounts, LiveEvent, LiveEventKind
from reknown.biometrics.moved import MovedFaces
from reknown.biometrics.policy import Policy
from reknown.biometrics.records import ImageRecord, MovedFace, NewFace, Profile
from reknown.biometrics.sightings import Medium, MediumKind, Sighting
from reknown.biometrics.templates import Template
from reknown.gallery import (
    among,
    apart,
    approvals,
    cache,
    carried,
    carried_templates,
    collections,
    consents,
    evaluations,
    exporting,
    faces,
    groupable,
    groups,
    media,
    policies,
    proposable,
    repeats,
    restoring,
    retention,
    score_counts,
    sightings,
    stops,
    switching,
    templates,
    upgrades,
    users,
)
from reknown.gallery.evaluations import EvaluationState
from reknown.gallery.grouping.grouping import Grouping
from reknown.gallery.schema import sightings as sightings_table
from reknown.gallery.schema import upgrades as upgrades_table
from reknown.gallery.score_counts import ScoreCounts, ScoreDrift
from reknown.jobs import outbox, queue, results
from reknown.jobs.schema import jobs
from reknown.ledger import chain, counting, expiry, log, quotas, requests, skimming, tree
from reknown.ledger import exporting as whole_rows
from reknown.ledger.actor import Actor, Nonce
from reknown.ledger.log import Choice
from reknown.ledger.quotas import Quota, QuotaCount
from reknown.ledger.records import ListUsersRecord
from reknown.ledger.requests import RequestToken
from reknown.ledger.use import Use
from reknown.ledger.verification import heads
from reknown.ledger.verification import log as whole_log
from reknown.ledger.verification.faults import Faults
from reknown.ledger.verification.log import LogEvidence
from reknown.review import cases, reviewers, sessions, tally
from reknown.review.cases import CaseProbe, NewCase, ReviewCase, ReviewedCandidate
from reknown.review.opinions import CandidateJudgement, Ground, Opinion
from reknown.review.reviewers import Reviewer
from reknown.review.states import CaseOutcome, CaseState
from reknown.storage import clock
from reknown.watches import claims, deliveries, looks, watches
from reknown.watches import events as live_events
from reknown.watches.claims import WatchClaim
from reknown.watches.schema import event_deliveries
from reknown.watches.watches import NewWatch, WatchLease, WatchState
from unit.plans.filling import (
    COLLECTION,
    FACES,
    NEXT,
    OF_USERS,
    SPACE,
    actor,
    approval_id,
    case_id,
    digest,
    evaluation_id,
    face_id,
    folder,
    look_key,
    reviewer,
    sighting_id,
    subject_id,
    user,
    watch_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Row

    UseCase = Callable[[Connection, int], object]

ROOMS = (
    among, apart, cache, collections, exporting, faces, groupable, groups, media, proposable,
    restoring, sightings,
    templates, users,
    approvals, consents, evaluations, policies, repeats, retention, stops,
    carried, carried_templates, switching, upgrades,
    clock, outbox, queue, results, live_events, deliveries, looks, watches, claims,
    chain, counting, expiry, whole_rows, log, requests, skimming, tree, heads, whole_log,
    cases, reviewers, sessions, tally,
    accounts, keys, sign_ins,
)  # fmt: skip
"""The modules that speak SQL, but for their schemas."""

_SOON = timedelta(minutes=1)
_LATER = datetime.now(UTC) + timedelta(days=1)
_AGES_AGO = datetime(2000, 1, 1, tzinfo=UTC)
_APPROVAL = approvals.NewApproval("cli:ada", 3, _LATER, "why")
_VAULT = Vault(bytes(32))
_TEMPLATE = Template(np.array([1, 0, 0, 0], np.float32), SPACE)
_BOX = BoundingBox(0.1, 0.1, 0.2, 0.2)
_QUOTA = QuotaCount(Quota("images", "day", 5), datetime(2026, 11, 29, tzinfo=UTC), 0)
_COUNTS = ScoreCounts(COLLECTION, SPACE.fingerprint, {}, {})
_DRIFT = ScoreDrift(datetime(2026, 11, 29, tzinfo=UTC), 0.1, 0.2, 0.0)
_TOKEN = RequestToken("new", "")
_WATCH = NewWatch("new", "door", COLLECTION, "{}", "ada")
_SEEN = LiveEvent(watch_name(0), COLLECTION, LiveEventKind.SEEN, _LATER, 0)


class _Listed(msgspec.Struct):
    listed: int


def asked() -> Iterator[str]:
    """The public functions that take a connection or a database, as `room.module.function`."""
    for module in ROOMS:
        place = module.__name__.removeprefix("reknown.")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            own = function.__module__ == module.__name__ and not name.startswith("_")
            if own and inspect.signature(function).parameters.keys() & {"connection", "database"}:
                yield f"{place}.{name}"


def _chain(connection: Connection, count: int) -> None:
    """What it has done at the end of the transaction."""
    made = [log.append(connection, Actor("ada"), COLLECTION, _EVENT) for _ in range(count)]
    chain._extend(connection, made)


def _faces(count: int) -> list[str]:
    return [face_id(number) for number in range(count)]


def _watch(connection: Connection) -> watches.WatchedCamera:
    return watches.find(connection, watch_name(1))


def _look(connection: Connection) -> looks.StoredLook:
    look = looks.find(connection, look_key(1))
    assert look is not None
    return look


def _started(connection: Connection) -> watches.WatchedCamera:
    watches.start(connection, _watch(connection), "ada", "{}")
    return _watch(connection)


def _watched(connection: Connection) -> WatchLease:
    lease = watches.claim(connection, _started(connection), _SOON)
    assert lease is not None
    return lease


def _name_held(number: int) -> WatchClaim:
    return WatchClaim(watch_name(number), COLLECTION, "somebody")


def _digests(count: int) -> list[str]:
    return [digest(number) for number in range(count)]


def _free(count: int) -> list[str]:
    return [face_id(number) for number in range(OF_USERS, OF_USERS + count)]


def _moved(count: int) -> MovedFaces:
    return MovedFaces.of(SPACE, _new(count))


def _new(count: int, first: int = FACES) -> list[MovedFace]:
    return [
        MovedFace(
            ImageRecord(digest(number), "new.jpg", 640, 480),
            NewFace(_TEMPLATE, _BOX, 0.9, 50, face_id=face_id(number)),
            user(number),
        )
        for number in range(first, first + count)
    ]


def _again(count: int) -> MovedFaces:
    """New faces of images and users that are known."""
    new = zip(_new(count), _new(count, 0), strict=True)
    return MovedFaces.of(
        SPACE, [replace(face, image=its.image, user=its.user) for face, its in new]
    )


def _users(count: int) -> list[str]:
    return [user(number) for number in range(count)]


def _add(connection: Connection, count: int) -> object:
    image, face = _new(1)[0].image, NewFace(_TEMPLATE, _BOX, 0.9, 50)
    return faces.add_faces(connection, COLLECTION, image, [face] * count, "somebody new")


def _add_named(connection: Connection, count: int) -> object:
    image, face = ImageRecord(digest(0), "1.jpg", 640, 480), NewFace(_TEMPLATE, _BOX, 0.9, 50)
    named = [("somebody new", face)] * count
    return faces.add_named_faces(connection, COLLECTION, image, named)


def _merge(connection: Connection, count: int) -> object:
    """Into an image that is known."""
    face = NewFace(_TEMPLATE, _BOX, 0.9, 50, "by another id")
    image = ImageRecord(digest(0), "1.jpg", 640, 480)
    return faces.merge_faces(connection, COLLECTION, image, [face] * count)


def _refresh(connection: Connection, count: int) -> object:
    """What a search reads after so many faces have been added and deleted."""
    held = cache.IndexCache(2**30)
    held.current(connection, COLLECTION)
    restoring.restore_faces(connection, COLLECTION, _moved(count))
    faces.delete_faces(connection, COLLECTION, _faces(count))
    return held.current(connection, COLLECTION)


_MEDIUM = Medium(digest(0), MediumKind.VIDEO, "1.mp4")
_PATH = PurePath(folder(0), "1.mp4")
_STATE = media.FileStamp(1, 1)


def _sighting(number: int) -> Sighting:
    return Sighting(
        sighting_id=sighting_id(number),
        medium=_MEDIUM,
        start_ms=0,
        end_ms=9,
        best_ms=5,
        box=_BOX,
        confidence=0.9,
        quality=50,
        fit=True,
        shots=1,
        template=_TEMPLATE.vector,
    )


def _keep(connection: Connection, count: int) -> object:
    new = [_sighting(FACES + number) for number in range(count)]
    return sightings.keep_sightings(connection, COLLECTION, _MEDIUM, new, SPACE, _LATER)


def _purge_sightings(connection: Connection, count: int) -> object:
    past = datetime.now(UTC) - timedelta(days=1)
    new = [_sighting(FACES + number) for number in range(count)]
    sightings.keep_sightings(connection, COLLECTION, _MEDIUM, new, SPACE, past)
    return sightings.purge_sightings(connection, COLLECTION)


def _sightings(count: int) -> list[str]:
    return [sighting_id(number) for number in range(count)]


def _a_group(connection: Connection) -> int:
    """A new group with two sightings."""
    made = groups.make_group(connection, _owner(connection))
    chosen = sightings_table.c.sighting_id.in_(_sightings(2))
    connection.execute(update(sightings_table).where(chosen).values(group_id=made))
    return made


def _two_users(connection: Connection) -> tuple[int, int]:
    one, other = (users.key_of_user(connection, COLLECTION, user(number)) for number in (8, 9))
    return one, other


def _two(connection: Connection, *, groups: int) -> proposable.Proposable:
    """Two groups or two users."""
    keys = _two_groups(connection) if groups else _two_users(connection)
    means = np.zeros((2, SPACE.dimension), np.float32)
    return proposable.Proposable(np.array(keys), groups, means, 0, frozenset())


def _two_groups(connection: Connection) -> tuple[int, int]:
    return _a_group(connection), _a_group(connection)


def _split(connection: Connection) -> int:
    return groups.split_group(connection, COLLECTION, _a_group(connection), _sightings(1))


def _grouped(connection: Connection) -> int:
    found = groupable.load_groupable(connection, COLLECTION, 40)
    labels = np.zeros(len(found.sightings), np.intp)
    made = Grouping(labels, {_a_group(connection): 0})
    return groupable.store_grouping(connection, COLLECTION, found, made)


def _place(connection: Connection) -> None:
    owner = _owner(connection)
    medium = media.ensure_medium(connection, owner, _MEDIUM, SPACE.fingerprint)
    media.place_file(connection, owner, _PATH, _STATE, medium)


def _forget(connection: Connection) -> list[str]:
    known = media.files_in(connection, _owner(connection), folder(0))
    return media.forget_files(connection, COLLECTION, [each.key for each in known.values()])


def _stored(connection: Connection) -> queue.Job:
    """A job with results."""
    job = queue.find(connection, digest(0))
    assert job is not None
    results.store(connection, job, results.pack("new", [1]))
    return job


def _claim(connection: Connection) -> queue.Lease | None:
    queue.claim(connection, _SOON, "backup")
    return _lease(connection)


def _lease(connection: Connection) -> queue.Lease:
    lease = queue.claim(connection, _SOON)
    assert lease is not None
    return lease


def _purge_jobs(connection: Connection, _: int) -> object:
    expired = jobs.update().where(jobs.c.job_id == digest(0)).values(expires_at="")
    connection.execute(expired)
    return queue.purge(connection)


def _held(connection: Connection) -> deliveries.EventDelivery:
    live_events.append(connection, _SEEN)
    held = deliveries.claim(connection, "webhook", _SOON)
    assert held is not None
    return held


def _forgettable(connection: Connection) -> deliveries.ForgettableWatch:
    row = {"sink": "webhook", "watch": "gone", "delivered": 1, "due_at": ""}
    connection.execute(event_deliveries.insert().values(row))
    held = deliveries.claim_forgettable(connection, "webhook", _SOON)
    assert held is not None
    return held


def _trouble(connection: Connection) -> str | None:
    held = _held(connection)
    deliveries.give_up(connection, held, 10**9, "")
    return deliveries.trouble(connection, held.sink, held.watch)


def _notice(connection: Connection) -> outbox.Notice:
    outbox.add(connection, digest(0), "webhook", "", "{}")
    notice = outbox.claim(connection, ["webhook"], _SOON)
    assert notice is not None
    return notice


def _key(connection: Connection) -> str:
    return keys.create_key(connection, _VAULT, "new", Rights(("*",), ("*",)))[0].key_id


def _account(connection: Connection) -> str:
    return accounts.create_account(connection, "reader", Role.AUDITOR, ["*"], "hash").name


def _touch(connection: Connection) -> None:
    token = sign_ins.begin(connection, "cli:ada", _LATER)
    found = sign_ins.find(connection, token, _LATER)
    assert found is not None
    sign_ins.touch(connection, found, _LATER)


def _seal_again(connection: Connection) -> None:
    connection.execute(delete(access_keys))  # those there are for the looks of it
    _key(connection)
    keys.seal_again(connection, _VAULT)


_ONCE = Actor("ada", "request", Nonce("new", _LATER))
_EVENT = ListUsersRecord(1)
_HOUR = Choice(datetime.now(UTC) - timedelta(hours=2), datetime.now(UTC) - timedelta(hours=1))


def _follow(connection: Connection) -> None:
    """Until nothing new has come twice."""
    pauses = [None, None]
    with suppress(IndexError):
        list(log.follow(connection.engine, Choice(), 9, pauses.pop))


def _begin(connection: Connection, _: int) -> object:
    own = upgrades_table.c.collection == _owner(connection)
    connection.execute(upgrades_table.delete().where(own))
    return upgrades.begin_upgrade(connection, COLLECTION, NEXT)


def _carry(connection: Connection, count: int) -> None:
    template = Template(_TEMPLATE.vector, NEXT)
    made = [NewFace(template, _BOX, 0.9, 50, None, name) for name in _faces(count)]
    lost = [
        carried.Loss(face_id(FACES - 1 - number), carried.LossReason.UNDETECTED)
        for number in range(count)
    ]
    carried.carry(connection, COLLECTION, NEXT, made, lost)


def _end(connection: Connection, _: int) -> object:
    switching.begin_end(connection, COLLECTION)
    return switching.end_portion(connection, COLLECTION, 9)


def _undo(connection: Connection, _: int) -> object:
    switching.switch(connection, COLLECTION, to_target=True)
    return switching.switch(connection, COLLECTION, to_target=False)


def _some_carried(connection: Connection, count: int) -> object:
    return carried_templates.load_carried(connection, COLLECTION, lambda *_: True, count)


def _row(connection: Connection) -> Row[Any]:
    return collections.require(connection, COLLECTION)


def _owner(connection: Connection) -> int:
    return int(collections.require(connection, COLLECTION).id)


def _user_key(connection: Connection) -> int:
    return users.key_of_user(connection, COLLECTION, user(0))


def _targets(count: int) -> list[str]:
    return [digest(number) for number in range(count)]


def _consent(connection: Connection) -> object:
    new = consents.NewConsent(digest(0), "signed")
    return consents.add_consent(connection, _user_key(connection), new, actor(0))


_DONE = COLLECTION, evaluation_id(0)


def _require_consents(connection: Connection, count: int) -> None:
    policies.set_policy(connection, COLLECTION, Policy(consent_required=True))
    keys_of_users = users.keys_of_users(connection, COLLECTION, _users(count))
    with suppress(PolicyError):
        row = collections.require(connection, COLLECTION)
        consents.require_consents(connection, row, list(keys_of_users.values()))


def _stream(connection: Connection) -> object:
    query = select(sightings_table).order_by(sightings_table.c.id)
    return list(templates.stream_templates(connection, query, _row(connection)))


def _changes(connection: Connection, since: int | None) -> object:
    return list(templates.stream_changes(connection, _row(connection), since))


_NAMED = sightings.SightingChoice(medium="1.mp4")
_DIGEST = sightings.SightingChoice(medium=digest(0))


def _case(connection: Connection, number: int = 0) -> ReviewCase:
    return cases.get_case(connection, _owner(connection), case_id(number), claim=True)


def _open_case(connection: Connection, count: int) -> ReviewCase:
    probe = CaseProbe("image", digest(0), 1)
    name, state = "new case", CaseState.OPEN
    new = NewCase(name, 1, "cli:sue", probe, None, 1, "", state, datetime.now(UTC))
    found = [ReviewedCandidate(0, number, None, 1, 0.5, None) for number in range(count)]
    cases.add_case(connection, _owner(connection), new, found)
    later = replace(new, case_id="another", expires_at=_LATER)
    cases.add_case(connection, _owner(connection), later, found)
    return cases.get_case(connection, _owner(connection), "another")


def _start(connection: Connection, count: int) -> sessions.CaseReview:
    case = _open_case(connection, count)
    sessions.start_review(connection, case, reviewer(0), adjudicating=False)
    (review,) = sessions.reviews_of(connection, case)
    return review


def _judge(connection: Connection, count: int) -> None:
    review, judgement = _start(connection, count), CandidateJudgement(Opinion.SAME, (Ground.EARS,))
    candidate = cases.candidates_of(connection, _case(connection))[0]
    sessions.add_judgement(connection, review, candidate, judgement)
    noted = replace(judgement, note="a scar")
    other = cases.candidates_of(connection, _case(connection, 1))[0]
    sessions.add_judgement(connection, review, other, noted)


def _cases(connection: Connection, count: int) -> list[ReviewCase]:
    page = cases.list_cases(connection, _owner(connection), None, count)
    return list(page.items)


def _new_reviewer(connection: Connection) -> Reviewer:
    new = Reviewer("cli:new", datetime.now(UTC).date())
    reviewers.add_reviewer(connection, new)
    return new


USE_CASES: dict[str, UseCase] = {
    "review.cases.add_case": _open_case,
    "review.cases.candidates_of": lambda c, _: cases.candidates_of(c, _case(c)),
    "review.cases.decide": lambda c, _: cases.decide(
        c, _case(c), CaseOutcome.LEAD, {1: Opinion.SAME}
    ),
    "review.cases.get_case": lambda c, _: _case(c),
    "review.cases.list_cases": _cases,
    "review.cases.list_cases by state": lambda c, n: cases.list_cases(
        c, _owner(c), None, n, CaseState.OPEN
    ),
    "review.cases.count_waiting": lambda c, _: cases.count_waiting(c, _owner(c)),
    "review.cases.purge_cases": lambda c, n: (_open_case(c, n), cases.purge_cases(c, _LATER)),
    "review.cases.reopen": lambda c, _: cases.reopen(c, _case(c)),
    "review.cases.set_state": lambda c, _: cases.set_state(c, _case(c), CaseState.DISPUTED),
    "review.reviewers.add_reviewer": lambda c, _: _new_reviewer(c),
    "review.reviewers.find_reviewer": lambda c, _: reviewers.find_reviewer(c, reviewer(0)),
    "review.reviewers.list_reviewers": lambda c, _: reviewers.list_reviewers(c),
    "review.reviewers.remove_reviewer": lambda c, _: reviewers.remove_reviewer(c, reviewer(0)),
    "review.reviewers.renew_reviewer": lambda c, _: reviewers.renew_reviewer(c, _new_reviewer(c)),
    "review.reviewers.require_reviewer": lambda c, _: reviewers.require_reviewer(
        c, reviewer(0), COLLECTION
    ),
    "review.sessions.add_judgement": _judge,
    "review.sessions.finish_review": lambda c, n: sessions.finish_review(c, _start(c, n)),
    "review.sessions.make_adjudicator": lambda c, n: sessions.make_adjudicator(c, _start(c, n)),
    "review.sessions.reviews_of": lambda c, _: sessions.reviews_of(c, _case(c)),
    "review.sessions.start_review": _start,
    "review.tally.tally_months": lambda c, _: tally.tally_months(c, _owner(c)),
    "gallery.templates.draw_templates": lambda c, n: templates.draw_templates(c, COLLECTION, n),
    "access.accounts.create_account": lambda c, _: _account(c),
    "access.accounts.delete_account": lambda c, _: accounts.delete_account(c, _account(c)),
    "access.accounts.find_credentials": lambda c, _: accounts.find_credentials(c, "ada"),
    "access.accounts.forget_failures": lambda c, _: accounts.forget_failures(c, "ada"),
    "access.accounts.get_account": lambda c, _: accounts.get_account(c, _account(c)),
    "access.accounts.list_accounts": lambda c, _: accounts.list_accounts(c),
    "access.accounts.note_failure": lambda c, _: accounts.note_failure(c, _account(c), _LATER),
    "access.accounts.seal_again": lambda c, _: accounts.seal_again(c, _VAULT),
    "access.accounts.set_code_secret": lambda c, _: accounts.set_code_secret(c, "ada", b"x"),
    "access.accounts.set_password": lambda c, _: accounts.set_password(c, "ada", "hash"),
    "access.accounts.set_role": lambda c, _: accounts.set_role(c, _account(c), Role.KEEPER, ["*"]),
    "access.accounts.use_code": lambda c, _: accounts.use_code(c, "ada", 7),
    "access.sign_ins.begin": lambda c, _: sign_ins.begin(c, "cli:ada", _LATER),
    "access.sign_ins.end": lambda c, _: sign_ins.end(c, digest(0)),
    "access.sign_ins.end_all": lambda c, _: sign_ins.end_all(c, "ada"),
    "access.sign_ins.find": lambda c, _: sign_ins.find(c, "token", _LATER),
    "access.sign_ins.redeem": lambda c, _: sign_ins.redeem(c, "token", _LATER),
    "access.sign_ins.touch": lambda c, _: _touch(c),
    "access.keys.claim": lambda c, _: keys.claim(c),
    "access.keys.create_key": lambda c, _: _key(c),
    "access.keys.expire_key": lambda c, _: keys.expire_key(c, _key(c), _LATER),
    "access.keys.find_secret": lambda c, _: keys.find_secret(c, _VAULT, _key(c), _LATER),
    "access.keys.get_key": lambda c, _: keys.get_key(c, _key(c)),
    "access.keys.list_keys": lambda c, _: keys.list_keys(c),
    "access.keys.seal_again": lambda c, _: _seal_again(c),
    "access.keys.revoke_key": lambda c, _: keys.revoke_key(c, _key(c)),
    "gallery.among.find_limits of users": lambda c, n: among.find_limits(
        c, COLLECTION, Among(users=tuple(_users(n)))
    ),
    "gallery.among.find_limits of faces": lambda c, n: among.find_limits(
        c, COLLECTION, Among(face_ids=tuple(_faces(n)))
    ),
    "access.uses.forget_uses": lambda c, _: uses.forget_uses(c, "one", 1),
    "access.uses.read_uses": lambda c, _: uses.read_uses(c),
    "access.uses.tell_uses": lambda c, _: uses.tell_uses(c, uses.ToldUses("one", 1, "{}")),
    "gallery.cache.current": _refresh,
    "gallery.carried.carry": _carry,
    "gallery.carried.carry_nothing": lambda c, _: carried.carry_nothing(c, "others", FACES),
    "gallery.carried.count_missing": lambda c, _: carried.count_missing(c, COLLECTION),
    "gallery.carried.count_open": lambda c, _: carried.count_open(c, COLLECTION),
    "gallery.carried.list_missing": lambda c, _: carried.list_missing(c, "others", "9", 10),
    "gallery.carried.open_faces": lambda c, _: carried.open_faces(c, COLLECTION, digest(0)),
    "gallery.carried.tally": lambda c, _: carried.tally(c, COLLECTION),
    "gallery.carried_templates.load_carried": _some_carried,
    "gallery.collections.claim": lambda c, _: collections.claim(c, COLLECTION),
    "gallery.collections.count_faces": lambda c, _: collections.count_faces(c),
    "gallery.collections.create_collection": lambda c, n: collections.create_collection(
        c, "new", SPACE, {f"tag {number}": "" for number in range(n)}
    ),
    "gallery.collections.delete_collection": lambda c, _: collections.delete_collection(
        c, COLLECTION
    ),
    "gallery.collections.generation": lambda c, _: collections.generation(c, COLLECTION),
    "gallery.collections.get_collection": lambda c, _: collections.get_collection(c, COLLECTION),
    "gallery.collections.get_space": lambda c, _: collections.get_space(c, COLLECTION),
    "gallery.collections.holds_more_than": lambda c, _: collections.holds_more_than(
        c, COLLECTION, 10
    ),
    "gallery.collections.list_collections": lambda c, _: collections.list_collections(c, "1", 10),
    "gallery.collections.remove_tags": lambda c, n: collections.remove_tags(
        c, COLLECTION, [f"tag {number}" for number in range(n)]
    ),
    "gallery.collections.require": lambda c, _: collections.require(c, COLLECTION),
    "gallery.collections.set_tags": lambda c, n: collections.set_tags(
        c, COLLECTION, {f"tag {number}": "" for number in range(n)}
    ),
    "gallery.faces.add_faces": _add,
    "gallery.faces.add_named_faces": _add_named,
    "gallery.faces.delete_faces": lambda c, n: faces.delete_faces(c, COLLECTION, _faces(n)),
    "gallery.faces.find_external_ids": lambda c, n: faces.find_external_ids(c, _faces(n)),
    "gallery.faces.faces_of_keys": lambda c, n: faces.faces_of_keys(c, range(1, n + 1)),
    "gallery.faces.find_faces": lambda c, n: faces.find_faces(c, COLLECTION, _faces(n)),
    "gallery.faces.find_image": lambda c, _: faces.find_image(c, COLLECTION, digest(0)),
    "gallery.faces.find_images": lambda c, n: faces.find_images(c, COLLECTION, _digests(n)),
    "gallery.faces.faces_from": lambda c, _: faces.faces_from(c, COLLECTION, "/people"),
    "gallery.faces.known_images": lambda c, n: faces.known_images(c, COLLECTION, _digests(n)),
    "gallery.faces.list_faces": lambda c, _: faces.list_faces(c, COLLECTION, "9", 10),
    "gallery.faces.list_faces of ids": lambda c, n: faces.list_faces(
        c, COLLECTION, "9", 10, face_ids=_faces(n)
    ),
    "gallery.faces.list_faces of a user": lambda c, _: faces.list_faces(
        c, COLLECTION, "9", 10, user=user(9)
    ),
    "gallery.faces.list_faces of a user and ids": lambda c, n: faces.list_faces(
        c, COLLECTION, "9", 10, user(9), _faces(n)
    ),
    "gallery.faces.merge_faces": _merge,
    "gallery.faces.set_origin": lambda c, n: faces.set_origin(
        c, COLLECTION, _digests(n), "/people"
    ),
    "gallery.policies.collections_with_policies": lambda c, _: policies.collections_with_policies(
        c
    ),
    "gallery.policies.policy_of": lambda c, _: policies.policy_of(c, COLLECTION),
    "gallery.policies.set_policy": lambda c, _: policies.set_policy(c, COLLECTION, Policy()),
    "gallery.retention.collections_to_sweep": lambda c, _: retention.collections_to_sweep(c),
    "gallery.retention.delete_sightings_from_before": lambda c, _: (
        retention.delete_sightings_from_before(c, COLLECTION, _LATER)
    ),
    "gallery.retention.faces_from_before": lambda c, _: retention.faces_from_before(
        c, COLLECTION, _LATER
    ),
    "gallery.retention.has_sightings_from_before": lambda c, _: retention.has_sightings_from_before(
        c, COLLECTION, _LATER
    ),
    "gallery.stops.list_stops": lambda c, _: stops.list_stops(c),
    "gallery.approvals.add_approval": lambda c, _: approvals.add_approval(
        c, COLLECTION, _APPROVAL, "ada"
    ),
    "gallery.approvals.list_approvals": lambda c, _: approvals.list_approvals(
        c, COLLECTION, "9", 10
    ),
    "gallery.approvals.use_approval": lambda c, _: approvals.use_approval(
        c, COLLECTION, approval_id(0), actor(0)
    ),
    "gallery.approvals.withdraw_approval": lambda c, _: approvals.withdraw_approval(
        c, COLLECTION, approval_id(0)
    ),
    "gallery.repeats.count_search": lambda c, n: repeats.count_search(
        c, COLLECTION, _targets(n), _LATER, 7
    ),
    "gallery.repeats.forget_searches": lambda c, _: repeats.forget_searches(c, _AGES_AGO),
    "gallery.repeats.lock_counts": lambda c, _: repeats.lock_counts(c, COLLECTION),
    "gallery.repeats.reached": lambda c, n: repeats.reached(
        c, COLLECTION, _targets(n), _AGES_AGO, 99
    ),
    "gallery.stops.resume_searches": lambda c, _: stops.resume_searches(c, COLLECTION),
    "gallery.stops.stop_searches": lambda c, _: stops.stop_searches(c, COLLECTION, "why"),
    "gallery.stops.stopped_because": lambda c, _: stops.stopped_because(c, COLLECTION),
    "gallery.restoring.restore_faces": lambda c, n: restoring.restore_faces(
        c, COLLECTION, _moved(n)
    ),
    "gallery.restoring.restore_faces into images and users that are there": lambda c, n: (
        restoring.restore_faces(c, COLLECTION, _again(n))
    ),
    "gallery.evaluations.begin_evaluation": lambda c, _: evaluations.begin_evaluation(
        c, "others", evaluations.NewEvaluation("verify", "opencv", "album", "cli:ada", 2)
    ),
    "gallery.evaluations.note_progress": lambda c, _: evaluations.note_progress(c, _DONE[1], 1),
    "gallery.evaluations.end_evaluation": lambda c, _: evaluations.end_evaluation(
        c, _DONE[1], EvaluationState.DONE
    ),
    "gallery.evaluations.stop_evaluation": lambda c, _: evaluations.stop_evaluation(c, *_DONE),
    "gallery.evaluations.delete_evaluation": lambda c, _: evaluations.delete_evaluation(c, *_DONE),
    "gallery.evaluations.get_evaluation": lambda c, _: evaluations.get_evaluation(c, *_DONE),
    "gallery.evaluations.get_results": lambda c, _: evaluations.get_results(c, *_DONE),
    "gallery.evaluations.list_evaluations": lambda c, _: evaluations.list_evaluations(
        c, COLLECTION, "9", 10
    ),
    "gallery.consents.add_consent": lambda c, _: _consent(c),
    "gallery.consents.consents_of": lambda c, _: consents.consents_of(c, _user_key(c)),
    "gallery.consents.list_consents": lambda c, _: consents.list_consents(c, COLLECTION, "9", 10),
    "gallery.consents.misplaced_consents": lambda c, _: consents.misplaced_consents(c),
    "gallery.consents.ended_subjects": lambda c, n: consents.ended_subjects(
        c, [subject_id(number) for number in range(n)]
    ),
    "gallery.consents.people_to_erase": lambda c, _: consents.people_to_erase(
        c, COLLECTION, _LATER
    ),
    "gallery.consents.require_consents": _require_consents,
    "gallery.consents.withdraw_consents": lambda c, _: consents.withdraw_consents(c, _user_key(c)),
    "gallery.exporting.leaving_faces": lambda c, _: exporting.leaving_faces(c, COLLECTION, "9", 10),
    "gallery.exporting.leaving_faces of users": lambda c, n: exporting.leaving_faces(
        c, COLLECTION, "9", 10, _users(n)
    ),
    "gallery.exporting.count_leaving": lambda c, _: exporting.count_leaving(c, COLLECTION),
    "gallery.exporting.count_leaving of users": lambda c, n: exporting.count_leaving(
        c, COLLECTION, _users(n)
    ),
    "gallery.users.ensure_users": lambda c, n: users.ensure_users(c, _owner(c), _users(n)),
    "gallery.users.keys_of_users": lambda c, n: users.keys_of_users(c, COLLECTION, _users(n)),
    "gallery.switching.begin_end": lambda c, _: switching.begin_end(c, COLLECTION),
    "gallery.switching.end_portion": _end,
    "gallery.switching.switch": _undo,
    "gallery.groupable.load_groupable": lambda c, _: groupable.load_groupable(c, COLLECTION, 40),
    "gallery.groupable.store_grouping": lambda c, _: _grouped(c),
    "gallery.apart.hand_over_user": lambda c, _: apart.hand_over_user(c, *_two_users(c)),
    "gallery.apart.keep_from_user": lambda c, _: apart.keep_from_user(
        c, COLLECTION, _a_group(c), user(9)
    ),
    "gallery.apart.keep_users_apart": lambda c, _: apart.keep_users_apart(
        c, COLLECTION, user(8), user(9)
    ),
    "gallery.apart.marks": lambda c, _: apart.marks(c, _owner(c)),
    "gallery.proposable.in_one_picture": lambda c, _: [
        proposable.in_one_picture(c, _two(c, groups=count), 0, 1) for count in (0, 2)
    ],
    "gallery.proposable.load_proposable": lambda c, _: proposable.load_proposable(
        c, COLLECTION, 10_000
    ),
    "gallery.users.subject_ids_of": lambda c, n: users.subject_ids_of(c, COLLECTION, _users(n)),
    "gallery.users.subjects_of_keys": lambda c, _: users.subjects_of_keys(c, _two_users(c)),
    "gallery.groups.drop_empty": lambda c, _: groups.drop_empty(c, COLLECTION),
    "gallery.groups.forget_person": lambda c, _: groups.forget_person(c, COLLECTION, user(9)),
    "gallery.groups.get_group": lambda c, _: groups.get_group(c, COLLECTION, _a_group(c)),
    "gallery.groups.groups_of": lambda c, _: groups.groups_of(c, COLLECTION, user(9)),
    "gallery.groups.ignore_group": lambda c, _: groups.ignore_group(
        c, COLLECTION, _a_group(c), ignored=True
    ),
    "gallery.groups.keep_apart": lambda c, _: groups.keep_apart(
        c, COLLECTION, _a_group(c), _a_group(c)
    ),
    "gallery.groups.count_unknown": lambda c, _: groups.count_unknown(c, COLLECTION),
    "gallery.groups.list_groups": lambda c, _: groups.list_groups(c, COLLECTION, "9", 10),
    "gallery.groups.make_group": lambda c, _: groups.make_group(c, _owner(c)),
    "gallery.groups.list_members": lambda c, _: groups.list_members(
        c, COLLECTION, _a_group(c), "50-1", 10
    ),
    "gallery.groups.members": lambda c, _: groups.members(c, COLLECTION, _a_group(c)),
    "gallery.groups.merge_groups": lambda c, _: groups.merge_groups(
        c, COLLECTION, _a_group(c), _a_group(c)
    ),
    "gallery.groups.merge_marks": lambda c, _: groups.merge_marks(c, {_a_group(c): _a_group(c)}),
    "gallery.groups.name_group": lambda c, _: groups.name_group(
        c, COLLECTION, _a_group(c), user(9)
    ),
    "gallery.groups.shown_together": lambda c, _: groups.shown_together(
        c, _a_group(c), _a_group(c)
    ),
    "gallery.groups.split_group": lambda c, _: _split(c),
    "gallery.groups.unname_group": lambda c, _: groups.unname_group(c, COLLECTION, _a_group(c)),
    "gallery.groups.undo_apart": lambda c, _: groups.undo_apart(
        c, COLLECTION, _a_group(c), _a_group(c)
    ),
    "gallery.media.delete_chosen": lambda c, n: media.delete_chosen(
        c, select(sightings_table.c.id).where(sightings_table.c.sighting_id.in_(_sightings(n)))
    ),
    "gallery.media.count_media": lambda c, _: media.count_media(c, COLLECTION),
    "gallery.media.ensure_medium": lambda c, _: media.ensure_medium(
        c, _owner(c), _MEDIUM, SPACE.fingerprint
    ),
    "gallery.media.files_in": lambda c, _: media.files_in(c, _owner(c), folder(0)),
    "gallery.media.find_media": lambda c, n: media.find_media(c, COLLECTION, _digests(n)),
    "gallery.media.folders_below": lambda c, _: media.folders_below(c, _owner(c), folder(0)),
    "gallery.media.list_media": lambda c, _: media.list_media(c, COLLECTION, "9", 10),
    "gallery.media.filed_media": lambda c, n: media.filed_media(c, COLLECTION, _digests(n)),
    "gallery.media.delete_media": lambda c, n: media.delete_media(c, COLLECTION, _digests(n)),
    "gallery.media.forget_files": lambda c, _: _forget(c),
    "gallery.media.place_file": lambda c, _: _place(c),
    "gallery.media.places_with": lambda c, _: media.places_with(c, COLLECTION, digest(0)),
    "gallery.media.places_of": lambda c, n: media.places_of(c, range(n)),
    "gallery.sightings.collections_with_expired": lambda c, _: sightings.collections_with_expired(
        c
    ),
    "gallery.sightings.count_sightings": lambda c, _: sightings.count_sightings(c, COLLECTION),
    "gallery.sightings.delete_sightings of ids": lambda c, n: sightings.delete_sightings(
        c, COLLECTION, sightings.SightingChoice(ids=tuple(_sightings(n)))
    ),
    "gallery.sightings.delete_sightings": lambda c, _: sightings.delete_sightings(
        c, COLLECTION, _NAMED
    ),
    "gallery.sightings.find_sightings": lambda c, n: sightings.find_sightings(
        c, COLLECTION, _sightings(n)
    ),
    "gallery.sightings.filed_sightings": lambda c, n: sightings.filed_sightings(c, _sightings(n)),
    "gallery.sightings.sightings_of_keys": lambda c, n: sightings.sightings_of_keys(
        c, range(1, n + 1)
    ),
    "gallery.faces.hold_faces": lambda c, n: faces.hold_faces(c, range(1, n + 1)),
    "gallery.sightings.hold_sightings": lambda c, n: sightings.hold_sightings(c, range(1, n + 1)),
    "gallery.sightings.keep_sightings": _keep,
    "gallery.sightings.list_sightings": lambda c, _: sightings.list_sightings(
        c, COLLECTION, "9", 10
    ),
    "gallery.sightings.list_sightings of a medium": lambda c, _: sightings.list_sightings(
        c, COLLECTION, "9", 10, _DIGEST
    ),
    "gallery.sightings.load_sighting_templates": lambda c, _: sightings.load_sighting_templates(
        c, COLLECTION
    ),
    "gallery.sightings.purge_sightings": _purge_sightings,
    "gallery.templates.faces_present": lambda c, _: templates.faces_present(c, _owner(c)),
    "gallery.templates.fetch": lambda c, n: templates.StoredTemplates(c, SPACE.dimension).fetch(
        np.arange(1, n + 1)
    ),
    "gallery.collections.largest": lambda c, _: collections.largest(c, 10, 10),
    "gallery.collections.newest_face": lambda c, _: collections.newest_face(c, _owner(c)),
    "gallery.templates.load_templates": lambda c, _: templates.load_templates(c, COLLECTION),
    "gallery.templates.pick_templates": lambda c, n: templates.pick_templates(
        c, COLLECTION, _faces(n)
    ),
    "gallery.templates.stream_templates": lambda c, _: _stream(c),
    "gallery.templates.stream_changes": lambda c, _: _changes(c, None),
    "gallery.templates.stream_changes since": lambda c, _: _changes(c, FACES - 10),
    "gallery.templates.templates_of_user": lambda c, _: templates.templates_of_user(
        c, COLLECTION, user(9)
    ),
    "gallery.upgrades.begin_upgrade": _begin,
    "gallery.upgrades.claim_upgrade": lambda c, _: upgrades.claim_upgrade(c, COLLECTION),
    "gallery.upgrades.find_upgrade": lambda c, _: upgrades.find_upgrade(c, COLLECTION),
    "gallery.upgrades.require_upgrade": lambda c, _: upgrades.require_upgrade(c, COLLECTION),
    "gallery.users.associate_faces": lambda c, n: users.associate_faces(
        c, COLLECTION, user(0), _free(n)
    ),
    "gallery.users.create_user": lambda c, _: users.create_user(c, COLLECTION, "new"),
    "gallery.users.delete_user": lambda c, _: users.delete_user(c, COLLECTION, user(0)),
    "gallery.users.disassociate_faces": lambda c, n: users.disassociate_faces(
        c, COLLECTION, user(0), _faces(n)
    ),
    "gallery.users.ensure_user": lambda c, _: users.ensure_user(c, _owner(c), user(0)),
    "gallery.users.find_names": lambda c, n: users.find_names(
        c, [subject_id(number) for number in range(n)]
    ),
    "gallery.users.find_profiles": lambda c, n: users.find_profiles(
        c, [subject_id(number) for number in range(n)]
    ),
    "gallery.users.find_user": lambda c, _: users.find_user(c, COLLECTION, subject_id(0)),
    "gallery.users.faces_of_user": lambda c, _: users.faces_of_user(c, COLLECTION, user(9)),
    "gallery.users.find_user_key": lambda c, _: users.find_user_key(
        c, collections.require(c, COLLECTION).id, user(9)
    ),
    "gallery.users.key_of_user": lambda c, _: users.key_of_user(c, COLLECTION, user(9)),
    "gallery.users.has_user": lambda c, _: users.has_user(c, COLLECTION, user(9)),
    "gallery.users.move_faces": lambda c, n: users.move_faces(c, COLLECTION, _faces(n), user(9)),
    "gallery.users.rename_user": lambda c, _: users.rename_user(
        c, COLLECTION, user(9), "somebody new"
    ),
    "gallery.users.spelled": lambda c, _: users.spelled(c, _owner(c), "Jos\u00e9"),
    "gallery.users.get_user": lambda c, _: users.get_user(c, COLLECTION, user(0)),
    "gallery.users.list_users": lambda c, _: users.list_users(c, COLLECTION, "9", 10),
    "gallery.users.set_profile": lambda c, _: users.set_profile(
        c, COLLECTION, user(0), Profile(("example.org",))
    ),
    "storage.clock.now": lambda c, _: clock.now(c),
    "watches.claims.claim": lambda c, _: claims.claim(c, "new", COLLECTION, _SOON),
    "watches.claims.drop_lapsed": lambda c, _: claims.drop_lapsed(c, watch_name(1)),
    "watches.claims.held_until": lambda c, _: claims.held_until(c, watch_name(1)),
    "watches.claims.list_lapsed": lambda c, _: claims.list_lapsed(c),
    "watches.claims.release": lambda c, _: claims.release(c, _name_held(1)),
    "watches.claims.renew": lambda c, _: claims.renew(c, _name_held(1), _SOON),
    "watches.claims.require_unclaimed": lambda c, _: claims.require_unclaimed(c, "new"),
    "watches.deliveries.advance": lambda c, _: deliveries.advance(c, _held(c), 9, _SOON),
    "watches.deliveries.begin": lambda c, _: deliveries.begin(c, "new"),
    "watches.deliveries.claim": lambda c, _: _held(c),
    "watches.deliveries.failed": lambda c, _: deliveries.failed(c, _held(c), "none", _SOON),
    "watches.deliveries.forget": lambda c, _: deliveries.forget(c, _forgettable(c)),
    "watches.deliveries.claim_forgettable": lambda c, _: _forgettable(c),
    "watches.deliveries.has_forgettable": lambda c, _: deliveries.has_forgettable(c, "webhook"),
    "watches.deliveries.give_up": lambda c, _: deliveries.give_up(c, _held(c), 10**9, ""),
    "watches.deliveries.has_begun": lambda c, _: deliveries.has_begun(c, "webhook"),
    "watches.deliveries.has_work": lambda c, _: deliveries.has_work(c, "webhook"),
    "watches.deliveries.list_deliveries": lambda c, _: deliveries.list_deliveries(c),
    "watches.deliveries.trouble": lambda c, _: _trouble(c),
    "watches.deliveries.release": lambda c, _: deliveries.release(c, _held(c)),
    "watches.events.append": lambda c, _: live_events.append(c, _SEEN),
    "watches.events.camera_state": lambda c, _: live_events.camera_state(
        c, watch_name(0), COLLECTION
    ),
    "watches.events.go_on_elsewhere": lambda c, _: live_events.go_on_elsewhere(c),
    "watches.events.has_older": lambda c, _: live_events.has_older(c, _AGES_AGO),
    "watches.events.sequence_before": lambda c, _: live_events.sequence_before(c, _AGES_AGO),
    "watches.events.sequence_before_newest": lambda c, _: live_events.sequence_before_newest(c, 9),
    "watches.events.sequence_before_newest of a watch": lambda c, _: (
        live_events.sequence_before_newest(c, 9, watch_name(0))
    ),
    "watches.events.last_sequence": lambda c, _: live_events.last_sequence(c),
    "watches.events.present now": lambda c, _: live_events.present(c, watch_name(0), COLLECTION),
    "watches.events.purge": lambda c, _: live_events.purge(c, _AGES_AGO),
    "watches.events.present": lambda c, _: live_events.present(c, watch_name(0), COLLECTION, 900),
    "watches.events.read": lambda c, _: live_events.read(c, 9, 10),
    "watches.events.read of a watch": lambda c, _: live_events.read(c, 9, 10, watch_name(0)),
    "watches.watches.abandon": lambda c, _: watches.abandon(c, _watch(c)),
    "watches.watches.add": lambda c, _: watches.add(c, _WATCH),
    "watches.watches.ask_to_stop": lambda c, _: watches.ask_to_stop(c, _started(c)),
    "watches.watches.change_settings": lambda c, _: watches.change_settings(c, _watch(c), "{}"),
    "watches.watches.claim": lambda c, _: _watched(c),
    "watches.watches.claim_changes": lambda c, _: watches.claim_changes(c, watch_name(1)),
    "watches.watches.count": lambda c, _: watches.count(c),
    "watches.watches.delete_watch": lambda c, _: watches.delete_watch(c, _watch(c)),
    "watches.watches.find": lambda c, _: _watch(c),
    "watches.watches.finish": lambda c, _: watches.finish(c, _watched(c), WatchState.FAILED),
    "watches.watches.list_abandoned": lambda c, _: watches.list_abandoned(c),
    "watches.watches.list_waiting": lambda c, _: watches.list_waiting(c),
    "watches.watches.list_watches": lambda c, _: watches.list_watches(c, "9", 10),
    "watches.looks.ask": lambda c, _: looks.ask(c, _watch(c), b"new" * 9, "ada"),
    "watches.looks.find": lambda c, _: _look(c),
    "watches.looks.forget": lambda c, _: looks.forget(c),
    "watches.looks.has_old": lambda c, _: looks.has_old(c),
    "watches.looks.list_wanted": lambda c, _: looks.list_wanted(c, _watch(c)),
    "watches.looks.put": lambda c, _: looks.put(c, look_key(1), b"", _LATER),
    "watches.watches.list_watches of a collection": lambda c, _: watches.list_watches(
        c, "9", 10, COLLECTION
    ),
    "watches.watches.release": lambda c, _: watches.release(c, _watched(c)),
    "watches.watches.remove_tags": lambda c, n: watches.remove_tags(c, _watch(c), _digests(n)),
    "watches.watches.renew": lambda c, _: watches.renew(c, _watched(c), _SOON, LiveCounts()),
    "watches.watches.report": lambda c, _: watches.report(c, _watched(c), WatchState.RUNNING, None),
    "watches.watches.set_tags": lambda c, n: watches.set_tags(
        c, _watch(c), dict.fromkeys(_digests(n), "")
    ),
    "watches.watches.start": lambda c, _: _started(c),
    "watches.watches.started_by": lambda c, _: watches.started_by(c, "ada"),
    "watches.watches.stop_held": lambda c, _: watches.stop_held(c, _watched(c), "expired"),
    "watches.watches.stop_those_of": lambda c, _: watches.stop_those_of(c, "ada", "revoked"),
    "watches.watches.tags_of": lambda c, _: watches.tags_of(c, _watch(c)),
    "watches.watches.went_well": lambda c, _: watches.went_well(c, _watched(c)),
    "watches.events.read of a collection": lambda c, _: live_events.read(
        c, 9, 10, collection=COLLECTION
    ),
    "jobs.outbox.add": lambda c, _: outbox.add(c, digest(0), "webhook", "", "{}"),
    "jobs.outbox.claim": lambda c, _: _notice(c),
    "jobs.outbox.delivered": lambda c, _: outbox.delivered(c, _notice(c)),
    "jobs.outbox.failed": lambda c, _: outbox.failed(c, _notice(c), "no answer", None),
    "jobs.outbox.has_due": lambda c, _: outbox.has_due(c, ["sns", "webhook"]),
    "jobs.queue.add": lambda c, _: queue.add(c, queue.NewJob("search", "ada", None, "{}")),
    "jobs.queue.ask_to_stop": lambda c, _: queue.ask_to_stop(c, _stored(c), "stopped by ada"),
    "jobs.queue.claim": lambda c, _: _claim(c),
    "jobs.queue.count_by_state": lambda c, _: queue.count_by_state(c),
    "jobs.queue.count_open": lambda c, _: queue.count_open(c, "key 1"),
    "jobs.queue.delete_ended_before": lambda c, _: queue.delete_ended_before(c, COLLECTION, _LATER),
    "jobs.queue.ended_before": lambda c, _: queue.ended_before(c, COLLECTION, _LATER),
    "jobs.queue.find": lambda c, _: queue.find(c, digest(0)),
    "jobs.queue.finish": lambda c, _: queue.finish(
        c, _lease(c), queue.Ending(queue.State.SUCCEEDED)
    ),
    "jobs.queue.has_expired": lambda c, _: queue.has_expired(c),
    "jobs.queue.has_work": lambda c, _: queue.has_work(c),
    "jobs.queue.is_free": lambda c, _: queue.is_free(c, _stored(c)),
    "jobs.queue.list_open": lambda c, _: queue.list_open(c),
    "jobs.queue.list_newest": lambda c, _: queue.list_newest(c, "search", COLLECTION, "9", 10),
    "jobs.queue.purge": _purge_jobs,
    "jobs.queue.release": lambda c, _: queue.release(c, _lease(c)),
    "jobs.queue.renew": lambda c, _: queue.renew(c, _lease(c), _SOON),
    "jobs.queue.wait_for_turn": lambda c, _: queue.wait_for_turn(c, "ada"),
    "jobs.results.pick": lambda c, _: results.pick(c, _stored(c), "new", [0], int),
    "jobs.results.read": lambda c, _: results.read(c, _stored(c), "new", range(1), int),
    "jobs.results.store": lambda c, _: _stored(c),
    "ledger.chain.chain": _chain,
    "ledger.chain.keep": lambda c, _: chain.keep(c, 9999, ""),
    "ledger.chain.sign_head": lambda c, _: chain.sign_head(c, ""),
    "ledger.expiry.deleted_collections": lambda c, _: list(expiry.deleted_collections(c)),
    "ledger.expiry.expire_records": lambda c, _: expiry.expire_records(
        c, Actor("ada"), _LATER, COLLECTION
    ),
    "ledger.expiry.expired_records": lambda c, _: expiry.expired_records(c),
    "ledger.expiry.has_expired": lambda c, _: expiry.has_expired(c, _LATER, COLLECTION),
    "ledger.expiry.with_expired": lambda c, _: expiry.with_expired(
        c, [expiry.DeletedCollection(COLLECTION, 9, 30)], _LATER
    ),
    "ledger.exporting.exported": lambda c, n: list(whole_rows.exported(c.engine, n)),
    "ledger.exporting.row_of": lambda c, _: whole_rows.row_of(c, 9),
    "ledger.tree.find_index": lambda c, _: tree.find_index(c, 9),
    "ledger.tree.lock_head": lambda c, _: tree.lock_head(c),
    "ledger.tree.prove_consistency": lambda c, n: tree.prove_consistency(c, n, 1999),
    "ledger.tree.prove_inclusion": lambda c, n: tree.prove_inclusion(c, n, 1999),
    "ledger.tree.read_head": lambda c, _: tree.read_head(c),
    "ledger.tree.root_at": tree.root_at,
    "ledger.verification.heads.compare_events": lambda c, n: heads.compare_events(c, n, Faults()),
    "ledger.verification.heads.compare_nodes": lambda c, n: heads.compare_nodes(c, n, Faults()),
    "ledger.verification.heads.count_leaves": lambda c, _: heads.count_leaves(c),
    "ledger.verification.heads.kept_checkpoints": heads.kept_checkpoints,
    "ledger.verification.log.verify_log": lambda c, _: whole_log.verify_log(
        c.engine, None, LogEvidence(())
    ),
    "ledger.counting.tallies": lambda c, _: counting.tallies(c.engine, Choice()),
    "ledger.counting.tallies of a time": lambda c, _: counting.tallies(c.engine, _HOUR),
    "ledger.counting.tallies of an actor": lambda c, _: counting.tallies(
        c.engine, Choice(actor=actor(1))
    ),
    "ledger.skimming.skim": lambda c, _: list(
        skimming.skim(c.engine, {ListUsersRecord: _Listed}, Choice())
    ),
    "ledger.skimming.skim of a time": lambda c, _: list(
        skimming.skim(c.engine, {ListUsersRecord: _Listed}, _HOUR)
    ),
    "ledger.log.append": lambda c, _: log.append(c, _ONCE, COLLECTION, _EVENT),
    "ledger.log.follow": lambda c, _: _follow(c),
    "ledger.log.conditions": lambda c, _: log.conditions(c, _HOUR),
    "ledger.log.newest": lambda c, _: log.newest(c, Choice(), 10),
    "ledger.log.newest of an actor": lambda c, _: log.newest(c, Choice(actor=actor(1)), 10),
    "ledger.log.newest_time": lambda c, _: log.newest_time(c),
    "ledger.log.pages": lambda c, _: next(log.pages(c.engine, _HOUR)),
    "ledger.log.read": lambda c, _: log.read(c, Choice(), 9, 10),
    "ledger.log.read of a collection": lambda c, _: log.read(
        c, Choice(collection="empty 10"), 9, 10
    ),
    "ledger.log.read of a request": lambda c, _: log.read(c, Choice(request_id=digest(9)), 9, 10),
    "ledger.log.read of a time": lambda c, _: log.read(c, _HOUR, 9, 10),
    "ledger.log.read of an actor": lambda c, _: log.read(c, Choice(actor=actor(1)), 9, 10),
    "ledger.log.read of an operation": lambda c, _: log.read(
        c, Choice(operation="operation 1"), 9, 10
    ),
    "ledger.log.record": lambda c, _: log.record(c.engine, Actor("ada"), COLLECTION, _EVENT),
    "ledger.log.stream": lambda c, _: list(log.stream(c.engine)),
    "ledger.log.stream_operations": lambda c, _: list(
        log.stream_operations(c.engine, ("operation 1", "operation 2"))
    ),
    "gallery.score_counts.count_strangers": lambda c, n: score_counts.count_strangers(
        c, COLLECTION, SPACE, [0.01 * (number % 90) for number in range(n)]
    ),
    "gallery.score_counts.forget_counts": lambda c, _: score_counts.forget_counts(c, COLLECTION),
    "gallery.score_counts.make_baseline": lambda c, _: score_counts.make_baseline(c, _COUNTS),
    "gallery.score_counts.put_drift": lambda c, _: score_counts.put_drift(c, _COUNTS, _DRIFT),
    "gallery.score_counts.read_counts": lambda c, _: score_counts.read_counts(c),
    "gallery.score_counts.read_drifts": lambda c, _: score_counts.read_drifts(c),
    "ledger.quotas.charge": lambda c, _: quotas.charge(
        c, Actor("key:1", "request"), datetime.now(UTC), Use(1)
    ),
    "ledger.quotas.holders": lambda c, _: quotas.holders(c),
    "ledger.quotas.leave": lambda c, _: quotas.leave(c, "key:1"),
    "ledger.quotas.partners": lambda c, _: quotas.partners(c, "key:1"),
    "ledger.quotas.put_quotas": lambda c, _: quotas.put_quotas(c, "key:1", [_QUOTA]),
    "ledger.quotas.quotas_of": lambda c, _: quotas.quotas_of(c, "key:1", datetime.now(UTC)),
    "ledger.quotas.require_left": lambda c, _: quotas.require_left(
        c, "key:1", {"images": 1}, datetime.now(UTC)
    ),
    "ledger.quotas.share": lambda c, _: quotas.share(c, "key:new", "key:1"),
    "ledger.quotas.share_with": lambda c, _: quotas.share_with(c, "key:new", "key:1"),
    "ledger.requests.find_answer": lambda c, _: requests.find_answer(
        c, Actor("ada"), "create user", RequestToken(digest(0), "")
    ),
    "ledger.requests.check_writable": lambda c, _: requests.check_writable(c.engine),
    "ledger.requests.keep_answer": lambda c, _: requests.keep_answer(
        c, Actor("ada"), "create user", _TOKEN, "{}"
    ),
    "ledger.requests.consume_nonce": lambda c, _: requests.consume_nonce(
        c, Nonce("new", _LATER), datetime.now(UTC)
    ),
}
"""Those functions at work, each with so many ids where it takes some."""
