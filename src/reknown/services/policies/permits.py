"""May this search be answered? Asked in the transaction that puts it on the record.

Whatever compares with what a collection holds asks `permit` there, so that a stop, a policy and
a withdrawal hold for every entrance and server from the moment that they are committed. It asks
`admitted` first, so that nothing is computed for a search that is refused whatever it finds.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import UNSET

from reknown.biometrics.errors import InputError, PolicyError
from reknown.gallery.collections import get_space
from reknown.gallery.consents import ended_subjects
from reknown.gallery.policies import policy_of
from reknown.gallery.stops import stopped_because
from reknown.ledger import log
from reknown.ledger.records import RefuseSearchRecord
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.biometrics.policy import Policy
    from reknown.biometrics.templates import TemplateSpace
    from reknown.biometrics.thresholds import Threshold
    from reknown.ledger.actor import Actor
    from reknown.services.context import Context
    from reknown.storage.database import Connection, Database


@dataclass(frozen=True, slots=True)
class AskedSearch:
    """A search of `collection`, in which each probe meets so many `references`.

    `governed` says that all collections have to be, whatever their policies say.
    """

    collection: str
    threshold: Threshold
    references: int
    governed: bool = False


def permit(connection: Connection, actor: Actor, asked: AskedSearch) -> None:
    """Raises `PolicyError` unless the search may be answered, `NotFoundError` without collection.

    Its message says what would do.
    """
    policy = _admit(connection, actor, asked.collection, governed=asked.governed)
    _require_floor(policy, asked)


def admitted(context: Context, collection: str) -> TemplateSpace:
    """The space of a collection that this actor may search now for the purpose stated.

    Raises as `permit` does, but for thresholds: what follows asks that again. A refusal is
    recorded.
    """
    with recorded_refusals(context.database, context.actor):
        return find_admitted(context, collection)


def find_admitted(context: Context, collection: str) -> TemplateSpace:
    """The same for callers who record the refusal with what it ends."""
    with reading(context.database) as connection:
        space = get_space(connection, collection)
        _admit(connection, context.actor, collection, governed=context.platform.governed)
    return space


def permit_live(connection: Connection, collection: str) -> int | None:
    """For how many minutes a day a person may be followed before cameras, None for any time.

    Raises `PolicyError` where no camera may be watched at all, and `NotFoundError`.
    """
    minutes = policy_of(connection, collection).live_minutes
    if minutes == 0:
        why = f"the policy of {collection!r} allows no camera to be watched: live_minutes is 0"
        raise PolicyError(why, collection, "LiveNotAllowed")
    return minutes


def permit_recording(connection: Connection, collection: str) -> None:
    """Raises `PolicyError` unless a film may be made of what cameras see, and `NotFoundError`."""
    if not policy_of(connection, collection).recording:
        why = (
            f"the policy of {collection!r} allows no films of cameras: add `recording = true` to "
            f"it with `reknown collections policy {collection} --set FILE`"
        )
        raise PolicyError(why, collection, "RecordingNotAllowed")


def require_lasting(connection: Connection, collection: str, subject_id: str) -> None:
    """Raises `PolicyError` for a person who had agreed until a moment that is past."""
    if ended_subjects(connection, [subject_id]):
        why = "the consent of whoever is searched with has ended, and they are being deleted"
        raise _refused(collection, "ConsentEnded", why)


@contextmanager
def deciding(database: Database, actor: Actor) -> Iterator[Connection]:
    """A transaction in which searches may be refused: it is undone then, and the refusal recorded.

    The request's nonce is consumed with it: what was refused must not succeed later. Raises
    `ReplayError` for one seen before.
    """
    with recorded_refusals(database, actor), database.begin() as connection:
        yield connection


@contextmanager
def recorded_refusals(database: Database, actor: Actor) -> Iterator[None]:
    """The same around a transaction that others write in, too."""
    try:
        yield
    except PolicyError as error:
        record = RefuseSearchRecord(error.reason, watch=actor.watch or UNSET)
        log.record(database, actor, error.collection, record)
        error.recorded = True
        raise


def _admit(connection: Connection, actor: Actor, collection: str, *, governed: bool) -> Policy:
    """The policy, where it says nothing against this actor's searches whatever is compared."""
    if (reason := stopped_because(connection, collection)) is not None:
        why = f"searches are stopped: {reason}: wait for `resume-searches`"
        raise _refused(collection, "SearchesStopped", why)
    policy = policy_of(connection, collection)
    if policy.suspended:
        raise _refused(collection, "CollectionSuspended", "its policy says that it is suspended")
    if (policy.governed or governed) and (missing := policy.missing()):
        raise _refused(
            collection,
            "PolicyIncomplete",
            f"it is governed, and its policy lacks {', '.join(missing)}: set them with `reknown "
            "collections policy`",
        )
    if not policy.admits(actor.name):
        why = f"its policy does not let {actor.name} search"
        raise _refused(collection, "SearcherNotAllowed", why)
    _require_purpose(policy, actor.purpose, collection)
    return policy


def _require_purpose(policy: Policy, purpose: str | None, collection: str) -> None:
    if purpose is None:
        if policy.purposes:
            raise _refused(
                collection,
                "PurposeMissing",
                f"say what for: --purpose or X-Reknown-Purpose, one of {_listed(policy)}",
            )
        return
    if policy.forbids(purpose):
        raise _refused(collection, "PurposeForbidden", f"the purpose {purpose} is forbidden")
    if not policy.allows(purpose):
        raise _refused(
            collection,
            "PurposeNotAllowed",
            f"the purpose {purpose} is none of those allowed: {_listed(policy)}",
        )


def _require_floor(policy: Policy, asked: AskedSearch) -> None:
    limit = asked.threshold
    least, most = policy.least_similarity, policy.most_expected_false_candidates
    if least is None and most is None:
        return
    if limit.calibration is None or limit.similarity is None:
        raise _refused(
            asked.collection,
            "NotCalibrated",
            "its policy bounds thresholds, and its model pack is not calibrated: move it to "
            "another with `reknown collections upgrade`",
        )
    if least is not None and limit.similarity < least:
        raise _refused(
            asked.collection,
            "ThresholdTooLow",
            f"its policy asks for a similarity of at least {least:g}, not {limit.similarity:g}",
        )
    expected = limit.expected_false_candidates(asked.references)
    if most is not None and expected is not None and expected > most:
        raise _refused(
            asked.collection,
            "TooManyFalseCandidates",
            f"{expected:.2g} false candidates are expected for a stranger among "
            f"{asked.references:,} references, and its policy allows {most:g}: "
            f"{_similarity_that_would_do(limit, most / asked.references)}",
        )


def _similarity_that_would_do(limit: Threshold, rate: float) -> str:
    assert limit.calibration is not None
    try:
        least = limit.calibration.similarity(limit.calibration.threshold(rate))
    except InputError:  # lower than any rate that was measured
        return "no similarity is known to be enough: divide the collection"
    # rounded up, or what is told would not do
    return f"ask for a similarity of {-(-least * 100 // 1) / 100:.2f} or more"


def _listed(policy: Policy) -> str:
    return ", ".join(policy.purposes) or "any that is not forbidden"


def _refused(collection: str, reason: str, why: str) -> PolicyError:
    return PolicyError(f"{collection!r} is not searched: {why}", collection, reason)
