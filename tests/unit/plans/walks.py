"""The statements that may read more than belongs to a key, and why each does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unit.plans.reading import Access


@dataclass(frozen=True, slots=True)
class Walk:
    """A way through many rows; `ways` are the index columns by which it may go."""

    reason: str
    ways: tuple[frozenset[str], ...]

    def covers(self, access: Access) -> bool:
        return access.columns in self.ways


def _walk(reason: str, *ways: str) -> Walk:
    return Walk(reason, tuple(frozenset(way.split()) for way in ways))


# A collection, or the whole table where the collection is most of it.
_OWN = ("collection_id", "")

ALL = _walk("everything is wanted", *_OWN)
WHOLE = _walk("all there is, which the ledger is compared with", "user_id", "scope", "")
COUNTED = _walk("no count is kept", *_OWN)
PAGE = _walk("a page in the order of creation: as many rows as it shows", "collection_id id", "id")
SUMMED = _walk("each collection has its count", "")
LAST = _walk("the last entry of an index", "collection_id")
PORTION = _walk("as many as are deleted in one transaction", "collection_id id")
OLDEST = _walk("the oldest of a collection: as many as are deleted at once", *_OWN)
JOBS = _walk("jobs are kept for some days alone", "finished_at", "expires_at", "id", "")
ENDING = _walk("consents that have ended, once a sweep", "collection_id", "collection_id id", "")
RULES = _walk("collections with policies, once a sweep", "")
SCORES = _walk("all collections that are searched, once a sweep", "")
HOLDERS = _walk("all keys that have quotas, for those who look", "")
REST = _walk("what is left at the end of a preparation", "collection_id id", "")
LEAVES = _walk("a stretch of the log, by its key", "position", "level position", "size", "")
GONE = _walk("the keys left tell which are gone", *_OWN)
NEW = _walk("what was made by this transaction: behind the newest of all", "id")
CHANGED = _walk("what has changed since the last look", "collection_id revision")
LATELY = _walk("what was deleted lately", "collection_id revision", "")
TAGS = _walk("a collection has a few tags", *_OWN)
FEW_SINKS = _walk("a sink has a row for each watch", "sink", "sink watch", "")
NEWEST = _walk("from the newest event back, as many as are shown at once", "", "id")
BEHIND = _walk(
    "as many events as are read at once",
    "id",
    "sequence",
    "at",
    "collection_id sequence",
)
COMMANDS = _walk("as many as cameras are watched without workers", "")
CAMERAS = _walk("a hundred watches at most", "")
LOOKS = _walk("a few dozen people look through cameras at once, at most", "")
DUE = _walk("what is due or has expired, and goes with that", "expires_at", "due_at")
OPEN = _walk("jobs that have not ended are few", "finished_at", "finished_at leased_until")
NAMES = _walk("no index has the names and times that people choose tracks by", *_OWN)
BELOW = _walk("the folders below one: once for each scan", *_OWN)
FOLLOWED = _walk("where images came from, once for each comparison with a whole folder", *_OWN)
QUEUE = _walk(
    "people judge each case, so there are few", "collection_id id", "collection_id", "id", ""
)
DRAWN = _walk("one face behind a key that was drawn", "collection_id id", "id")
LEFT = _walk("notices are deleted when they are delivered: few are left", "")
TIMES = _walk("all ids of these times", "at")
ONE = _walk("the table has one row", "")
SIGNED = _walk("who is signed in, once a sign-in: those who are not any more go", "")
LATEST = _walk("the last time, from the end", "at", "id", "")
WANTED = _walk("as many as are wanted, from the end", "id", "")

# PostgreSQL joins what belongs to most faces of a large collection in one go.
FEW = _walk("few faces are lost on the way", "")
JOINED = _walk("what belongs to all faces of a collection", "")

_Tables = dict[str, tuple[Walk, ...]]
_TAGS: _Tables = {"collection_tags": (TAGS,)}
_CLAIM: _Tables = {"jobs": (OPEN,)}
_NOTICES: _Tables = {"job_notices": (DUE,)}
_CARRIED: _Tables = {
    "faces": (COUNTED,),
    "users": (COUNTED,),
    "upgrade_templates": (JOINED,),
    "upgrade_losses": (JOINED,),
}
_DELIVERIES: _Tables = {"event_deliveries": (FEW_SINKS,), "live_events": (BEHIND,)}
_APART: _Tables = {
    "groups_apart": (ALL,),
    "groups_not_users": (ALL,),
    "users_apart": (ALL,),
}
_LOADED: _Tables = {"faces": (ALL,), "users": (ALL,)}

ALLOWED: dict[str, _Tables] = {
    "access.accounts.list_accounts": {"accounts": (ALL,)},
    "access.accounts.seal_again": {"accounts": (ALL,)},
    "access.keys.list_keys": {"access_keys": (ALL,)},
    "access.keys.seal_again": {"access_keys": (ALL,)},
    "access.sign_ins.begin": {"sign_ins": (SIGNED,)},
    "access.sign_ins.touch": {"sign_ins": (SIGNED,)},
    "access.uses.read_uses": {"key_uses": (ALL,)},
    "gallery.cache.current": {
        "deleted_faces": (LATELY,),
        "faces": (ALL, CHANGED),
        "images": (NEW,),
        "users": (NEW,),
    },
    "gallery.carried.carry_nothing": {**_CARRIED, "faces": (REST,)},
    "gallery.carried.count_missing": _CARRIED,
    "gallery.carried.count_open": _CARRIED,
    "gallery.carried.list_missing": {**_CARRIED, "faces": (PAGE,)},
    "gallery.carried.tally": _CARRIED,
    "gallery.carried_templates.load_carried": {**_CARRIED, "faces": (ALL,)},
    "gallery.collections.count_faces": {"collections": (SUMMED,)},
    "gallery.collections.create_collection": _TAGS,
    "gallery.collections.delete_collection": {
        "collection_tags": (ALL,),
        "consents": (ALL,),
        "deleted_faces": (ALL,),
        "evaluations": (ALL,),
        "faces": (ALL,),
        "images": (ALL,),
        "index_snapshots": (ALL,),
        "live_events": (ALL,),
        "media": (ALL,),
        "media_files": (ALL,),
        "review_cases": (ALL,),
        "search_approvals": (ALL,),
        "search_targets": (ALL,),
        "sighting_groups": (ALL,),
        "sightings": (ALL,),
        "users": (ALL,),
    },
    "gallery.collections.get_collection": _TAGS,
    "gallery.collections.largest": {"collections": (SUMMED,)},
    "gallery.collections.list_collections": {**_TAGS, "collections": (PAGE,)},
    "gallery.faces.delete_faces": {"deleted_faces": (LATELY,)},
    "gallery.approvals.list_approvals": {"search_approvals": (PAGE,)},
    "gallery.evaluations.list_evaluations": {"evaluations": (PAGE,)},
    "gallery.evaluations.begin_evaluation": {"evaluations": (COUNTED,)},
    "gallery.consents.list_consents": {"consents": (PAGE,)},
    "gallery.consents.misplaced_consents": {"consents": (WHOLE,), "users": (WHOLE,)},
    "gallery.score_counts.read_counts": {"collections": (SCORES,), "score_counts": (SCORES,)},
    "gallery.score_counts.read_drifts": {"collections": (SCORES,), "score_drifts": (SCORES,)},
    "ledger.quotas.holders": {"ledger_quota_holders": (HOLDERS,)},
    "gallery.consents.people_to_erase": {"consents": (ENDING,)},
    "gallery.policies.collections_with_policies": {"collections": (RULES,), "policies": (RULES,)},
    "gallery.retention.collections_to_sweep": {
        "collections": (RULES,),
        "consents": (ENDING,),
        "policies": (RULES,),
    },
    "gallery.repeats.forget_searches": {"search_targets": (DUE,)},
    "gallery.retention.delete_sightings_from_before": {
        "media_files": (OLDEST,),
        "sightings": (OLDEST,),
    },
    "gallery.retention.faces_from_before": {"faces": (OLDEST,)},
    "gallery.retention.has_sightings_from_before": {"sightings": (OLDEST,)},
    "gallery.exporting.count_leaving": {"faces": (COUNTED,)},
    "gallery.exporting.leaving_faces": {"faces": (PAGE,)},
    "gallery.faces.add_faces": {"users": (NEW,)},
    "gallery.faces.add_named_faces": {"users": (NEW,)},
    "gallery.faces.faces_from": {"images": (FOLLOWED,)},
    "gallery.faces.list_faces": {"faces": (PAGE,)},
    "gallery.media.folders_below": {"media_files": (BELOW,)},
    "gallery.groupable.load_groupable": {
        "groups_apart": (ALL,),
        "sighting_groups": (ALL,),
        "sightings": (ALL,),
    },
    "gallery.apart.marks": {**_APART, "sighting_groups": (ALL,), "users": (ALL,)},
    "gallery.proposable.load_proposable": {
        **_APART,
        "faces": (ALL,),
        "sighting_groups": (ALL, PAGE),
        "sightings": (ALL,),
        "users": (ALL, PAGE),
    },
    "gallery.groupable.store_grouping": {
        "groups_apart": (ALL,),
        "sighting_groups": (ALL,),
        "sightings": (ALL,),
    },
    "gallery.groups.drop_empty": {"sighting_groups": (ALL,), "sightings": (ALL,)},
    "gallery.groups.count_unknown": {"sighting_groups": (COUNTED,)},
    "gallery.groups.list_groups": {"sighting_groups": (PAGE,)},
    "gallery.media.count_media": {"media": (COUNTED,)},
    "gallery.media.list_media": {"media": (PAGE,)},
    "gallery.restoring.restore_faces": {"images": (NEW,), "users": (NEW,)},
    "gallery.restoring.restore_faces into images and users that are there": {"images": (NEW,)},
    "gallery.sightings.collections_with_expired": {"sightings": (DUE,)},
    "gallery.sightings.count_sightings": {"sightings": (COUNTED,)},
    "gallery.sightings.delete_sightings": {
        "sightings": (NAMES,),
        "media": (NAMES,),
        "media_files": (NAMES,),
    },
    "gallery.sightings.list_sightings": {"sightings": (PAGE,)},
    "gallery.sightings.list_sightings of a medium": {"sightings": (PAGE,)},
    "gallery.sightings.load_sighting_templates": {"sightings": (ALL, COUNTED)},
    "gallery.sightings.purge_sightings": {"sightings": (DUE,)},
    "gallery.switching.end_portion": {"faces": (PORTION,), "upgrade_losses": (FEW,)},
    "gallery.switching.switch": {**_CARRIED, "faces": (ALL, COUNTED)},
    "gallery.stops.list_stops": {"search_stops": (WHOLE,)},
    "gallery.templates.faces_present": {"faces": (GONE,)},
    "gallery.collections.newest_face": {"faces": (LAST,)},
    "gallery.templates.draw_templates": {"faces": (LAST, DRAWN)},
    "gallery.templates.load_templates": _LOADED,
    "gallery.templates.stream_changes": {"faces": (ALL,)},
    "gallery.templates.stream_changes since": {"faces": (CHANGED,)},
    "gallery.templates.stream_templates": {"sightings": (ALL,)},
    "watches.looks.ask": {"live_looks": (LOOKS,)},
    "watches.looks.forget": {"live_looks": (LOOKS,)},
    "watches.looks.has_old": {"live_looks": (LOOKS,)},
    "watches.watches.count": {"watches": (CAMERAS,)},
    "watches.claims.list_lapsed": {"watch_claims": (COMMANDS,)},
    "watches.watches.list_abandoned": {"watches": (CAMERAS,)},
    "watches.watches.list_waiting": {"watches": (CAMERAS,)},
    "watches.watches.started_by": {"watches": (CAMERAS,)},
    "watches.watches.stop_those_of": {"watches": (CAMERAS,)},
    "watches.watches.list_watches": {"watches": (PAGE,)},
    "watches.watches.list_watches of a collection": {"watches": (PAGE,)},
    "review.cases.list_cases": {"review_cases": (PAGE,)},
    "review.cases.list_cases by state": {"review_cases": (QUEUE,)},
    "review.cases.count_waiting": {"review_cases": (QUEUE,)},
    "review.cases.purge_cases": {"review_cases": (DUE,)},
    "review.reviewers.list_reviewers": {"reviewers": (ALL,)},
    "review.tally.tally_months": {
        "review_candidates": (JOINED,),
        "review_cases": (ALL,),
        "review_judgements": (JOINED,),
        "reviews": (JOINED,),
    },
    "gallery.users.create_user": {"users": (NEW,)},
    "gallery.users.list_users": {"users": (PAGE,)},
    "jobs.queue.delete_ended_before": {"jobs": (JOBS,), "job_notices": (LEFT,)},
    "jobs.queue.ended_before": {"jobs": (JOBS,)},
    "jobs.outbox.claim": _NOTICES,
    "jobs.outbox.delivered": _NOTICES,
    "jobs.outbox.failed": _NOTICES,
    "jobs.outbox.has_due": _NOTICES,
    "jobs.queue.claim": _CLAIM,
    "jobs.queue.count_by_state": {"jobs": (COUNTED,)},
    "jobs.queue.count_open": {"jobs": (OPEN,)},
    "jobs.queue.list_open": {"jobs": (OPEN,)},
    "jobs.queue.finish": _CLAIM,
    "jobs.queue.has_expired": {"jobs": (DUE,)},
    "jobs.queue.has_work": _CLAIM,
    "jobs.queue.list_newest": {"jobs": (JOBS,)},
    "jobs.queue.purge": {"jobs": (DUE,), "job_notices": (LEFT,)},
    "jobs.queue.release": _CLAIM,
    "jobs.queue.renew": _CLAIM,
    "watches.deliveries.advance": _DELIVERIES,
    "watches.deliveries.claim": _DELIVERIES,
    "watches.deliveries.failed": _DELIVERIES,
    "watches.deliveries.give_up": _DELIVERIES,
    "watches.deliveries.list_deliveries": _DELIVERIES,
    "watches.deliveries.release": _DELIVERIES,
    "watches.deliveries.trouble": _DELIVERIES,
    "watches.events.has_older": {"live_events": (BEHIND,)},
    "watches.events.purge": {"live_events": (BEHIND,)},
    "watches.events.read": {"live_events": (BEHIND,)},
    "watches.events.read of a collection": {"live_events": (BEHIND,)},
    "watches.events.sequence_before": {"live_events": (BEHIND,)},
    "watches.events.sequence_before_newest": {"live_events": (NEWEST,)},
    "ledger.exporting.exported": {"events": (ALL,), "ledger_leaves": (LEAVES,)},
    "ledger.tree.prove_consistency": {"ledger_leaves": (LEAVES,), "ledger_nodes": (LEAVES,)},
    "ledger.tree.prove_inclusion": {"ledger_leaves": (LEAVES,), "ledger_nodes": (LEAVES,)},
    "ledger.tree.root_at": {"ledger_leaves": (LEAVES,), "ledger_nodes": (LEAVES,)},
    "ledger.verification.heads.compare_events": {
        "events": (ALL, PAGE),
        "ledger_leaves": (ALL, LEAVES),
    },
    "ledger.verification.heads.compare_nodes": {"ledger_nodes": (COUNTED,)},
    "ledger.verification.heads.count_leaves": {"ledger_leaves": (LATEST, LEAVES)},
    "ledger.verification.heads.kept_checkpoints": {"ledger_checkpoints": (LEAVES, ALL)},
    "ledger.verification.log.verify_log": {
        "events": (ALL, PAGE),
        "ledger_checkpoints": (LEAVES, ALL),
        "ledger_leaves": (ALL, LEAVES),
        "ledger_nodes": (COUNTED, LEAVES),
    },
    "ledger.counting.tallies": {"events": (ALL, PAGE), "portion": (ALL,)},
    "ledger.counting.tallies of a time": {"events": (TIMES, PAGE), "portion": (ALL,)},
    "ledger.counting.tallies of an actor": {"events": (ALL,), "portion": (ALL,)},
    "ledger.skimming.skim of a time": {"events": (TIMES, PAGE)},
    "ledger.log.append": {"request_nonces": (DUE,), "request_horizons": (ONE,)},
    "ledger.log.follow": {"events": (PAGE, TIMES)},
    "ledger.log.conditions": {"events": (TIMES,)},
    "ledger.log.newest": {"events": (WANTED,)},
    "ledger.log.newest_time": {"events": (LATEST,)},
    "ledger.log.pages": {"events": (PAGE, TIMES)},
    "ledger.log.read": {"events": (PAGE,)},
    "ledger.log.read of a time": {"events": (PAGE, TIMES)},
    "ledger.log.stream": {"events": (PAGE,)},
    "ledger.requests.keep_answer": {"request_tokens": (DUE,)},
    "ledger.requests.consume_nonce": {"request_nonces": (DUE,), "request_horizons": (ONE,)},
}
"""By use case and table."""

# Without statistics PostgreSQL takes each value of a column to be in a two-hundredth of its table.
_GUESSED = _walk("a batch of ids, which without statistics counts as most of the table", "")
_NAMED = _walk("a batch of names, which without statistics counts as most", "collection_id")
_BATCH = _walk("a batch of ids joined to a table that is not much larger", "")
FIRST = _walk("the first of the records from before a time", "at id")
_HEAD: _Tables = {"ledger_heads": (ONE,)}
_SEQUENCE: _Tables = {"live_sequence": (ONE,)}
UNMEASURED: dict[str, _Tables] = {
    "gallery.among.find_limits of users": {"faces": (_GUESSED,), "users": (_NAMED,)},
    "gallery.consents.ended_subjects": {"consents": (_GUESSED,)},
    "gallery.exporting.count_leaving of users": {"faces": (_GUESSED,), "users": (_NAMED,)},
    "gallery.exporting.leaving_faces of users": {
        "faces": (_GUESSED,),
        "images": (_GUESSED,),
        "users": (_GUESSED, _NAMED),
    },
    "gallery.faces.find_images": {"faces": (_BATCH,)},
    "gallery.media.delete_chosen": {"media_files": (_GUESSED,)},
    "gallery.media.delete_media": {"media": (_NAMED,), "sightings": (_GUESSED,)},
    "gallery.media.filed_media": {
        "media": (_NAMED,),
        "media_files": (_GUESSED,),
        "sightings": (_GUESSED,),
    },
    "gallery.media.find_media": {"media": (_NAMED,)},
    "gallery.media.places_of": {"media_files": (_GUESSED,)},
    "gallery.media.places_with": {"media_files": (_GUESSED,)},
    "gallery.sightings.delete_sightings of ids": {
        "media_files": (_GUESSED,),
        "sightings": (_GUESSED,),
    },
    "gallery.restoring.restore_faces": {"users": (_NAMED,)},
    "gallery.restoring.restore_faces into images and users that are there": {"users": (_NAMED,)},
    "gallery.sightings.find_sightings": {"media_files": (_GUESSED,)},
    "gallery.sightings.sightings_of_keys": {"media_files": (_GUESSED,)},
    "ledger.chain.chain": _HEAD,
    "ledger.chain.keep": _HEAD,
    "ledger.chain.sign_head": _HEAD,
    "ledger.log.record": _HEAD,
    "ledger.tree.lock_head": _HEAD,
    "ledger.tree.read_head": _HEAD,
    "ledger.expiry.expire_records": _HEAD,
    "ledger.expiry.expired_records": {"events": (WANTED,)},
    "ledger.expiry.with_expired": {"events": (FIRST,)},
    "ledger.verification.log.verify_log": {
        "ledger_heads": (ONE,),
        "ledger_leaves": (LATEST,),
    },
    "watches.deliveries.advance": _SEQUENCE,
    "watches.deliveries.begin": _SEQUENCE,
    "watches.deliveries.claim": _SEQUENCE,
    "watches.deliveries.failed": _SEQUENCE,
    "watches.deliveries.give_up": _SEQUENCE,
    "watches.deliveries.release": _SEQUENCE,
    "watches.deliveries.trouble": _SEQUENCE,
    "watches.deliveries.has_work": {**_DELIVERIES, **_SEQUENCE},
    "watches.events.append": _SEQUENCE,
    "watches.events.go_on_elsewhere": _SEQUENCE,
    "watches.events.last_sequence": _SEQUENCE,
    "gallery.users.ensure_users": {"users": (_NAMED,)},
    "gallery.users.keys_of_users": {"users": (_NAMED,)},
}
"""What PostgreSQL does beside it, most of it where nobody has counted yet."""


def allowed(use_case: str, access: Access) -> bool:
    """Whether the use case may read the table in this way."""
    walks = tuple(
        walk
        for walks in (ALLOWED, UNMEASURED)
        for walk in walks.get(use_case, {}).get(access.table, ())
    )
    return access.by_key or any(walk.covers(access) for walk in walks)
