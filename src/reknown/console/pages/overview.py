"""What is here, what a search of it means at its size, and what waits for somebody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import ReknownError
from reknown.biometrics.thresholds import ThresholdChoice, caution
from reknown.console.rendering import page
from reknown.services.archive.groups import count_unknown
from reknown.services.galleries.collections import list_collections
from reknown.services.galleries.pages import PageRequest
from reknown.services.history import count_records, last_backup
from reknown.services.oversight.drift import list_drifts
from reknown.services.quotas import list_quotas
from reknown.services.reviews.queue import count_waiting
from reknown.services.sign_in import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from starlette.responses import Response

    from reknown.biometrics.records import Collection
    from reknown.biometrics.thresholds import Threshold
    from reknown.console.visit import Visit
    from reknown.services.quotas import KeyQuota

_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class ShownCollection:
    """A collection with the threshold that its searches have unless told otherwise.

    `waiting` cases are to be judged and `unknown` groups to be named, None for who may not see
    them; `drifted` says that strangers do not score as they did.
    """

    collection: Collection
    threshold: Threshold | None
    waiting: int | None
    unknown: int | None
    drifted: bool

    @property
    def expected(self) -> float | None:
        """How many of its faces a stranger is expected to reach."""
        if self.threshold is None:
            return None
        return self.threshold.expected_false_candidates(self.collection.faces)

    @property
    def caution(self) -> str | None:
        """What to know before relying on a candidate."""
        return caution(self.expected)


@dataclass(frozen=True, slots=True)
class ThisServer:
    """What an operator looks at first: the last backup, the ledger's size, what keys have used."""

    backup: datetime | None
    records: int
    quotas: Sequence[KeyQuota]


def overview(visit: Visit) -> Response:
    """The collections that this person may see, a page of them."""
    found = list_collections(
        visit.context,
        PageRequest(visit.arrival.query.get("after"), _AT_ONCE),
        visit.visitor.rights.permits_collection,
    )
    drifts = list_drifts(visit.context.database)
    drifted = {name for name, drift in drifts.items() if drift.drifted}
    return page(
        visit,
        "overview.html.j2",
        collections=[_shown(visit, each, drifted=each.name in drifted) for each in found.items],
        next=found.next,
        jobs=visit.platform.count_jobs(),
        server=_server(visit) if visit.may(SETTINGS) else None,
        room="people" if visit.may("ListUsers") else "reviews",
    )


def _server(visit: Visit) -> ThisServer:
    database = visit.context.database
    return ThisServer(last_backup(database), count_records(database), list_quotas(database))


def _shown(visit: Visit, collection: Collection, *, drifted: bool) -> ShownCollection:
    judged = visit.may("ReknownListCases", collection.name)
    waiting = count_waiting(visit.context, collection.name) if judged else None
    named = visit.may("ReknownListGroups", collection.name)
    unknown = count_unknown(visit.context, collection.name) if named else None
    return ShownCollection(collection, _threshold(visit, collection), waiting, unknown, drifted)


def _threshold(visit: Visit, collection: Collection) -> Threshold | None:
    try:
        calibration = visit.platform.engines.calibration_of(collection.space)
        return ThresholdChoice().resolve(calibration)
    except ReknownError:  # a pack that is not installed any more, or has no calibration
        return None
