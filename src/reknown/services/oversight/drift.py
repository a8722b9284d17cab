"""Do strangers score as they did? Each search is compared with a few references, window by window.

A change of cameras, of what people photograph, of a decoder or of who is searched for moves the
scores of strangers, and with them how many false candidates a threshold lets pass.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reknown.gallery import score_counts
from reknown.gallery.collections import require
from reknown.gallery.score_counts import ScoreCounts, ScoreDrift
from reknown.ledger import log
from reknown.ledger.records import FindDriftRecord, ResetDriftRecord
from reknown.ledger.tree import lock_head
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reknown.services.context import Context
    from reknown.storage.database import Connection, Database

BASELINE, WINDOW = 1000, 250
"""So many scores make a baseline, and at least so many a window."""
FALSE_ALARMS = 0.001
"""At most one window of a thousand is an alarm by chance, and so is at most one baseline."""


@dataclass(frozen=True, slots=True)
class DriftState:
    """What is known of a collection: how many scores there are, and what was found last.

    `checked` says whether that was found just now.
    """

    collection: str
    baseline: int
    window: int
    last: ScoreDrift | None
    checked: bool = False


def check_drift(context: Context) -> list[DriftState]:
    """Compares all windows that are full; the state of each collection that was searched.

    A window that has drifted is recorded. Several servers may do this at once.
    """
    with reading(context.database) as connection:
        due = any(_is_due(counts) for counts in score_counts.read_counts(connection))
    done = set()
    if due:
        with context.database.begin() as connection:
            # of several who saw it, one does it; who counts meanwhile waits for the same lock
            lock_head(connection)
            for counts in score_counts.read_counts(connection):
                if _is_due(counts):
                    done.add(counts.collection)
                    _conclude(connection, context, counts)
    return [
        DriftState(
            counts.collection,
            _total(counts.baseline),
            _total(counts.window),
            last,
            counts.collection in done and last is not None,
        )
        for counts, last in _states(context.database)
    ]


def reset_drift(context: Context, collection: str) -> None:
    """Forgets the baseline, after a change that was meant; raises `NotFoundError`."""
    with context.database.begin() as connection:
        require(connection, collection)
        lock_head(connection)
        score_counts.forget_counts(connection, collection)
        log.append(connection, context.actor, collection, ResetDriftRecord())


def count_drifted(database: Database) -> int:
    """Of how many collections the last window had drifted."""
    return sum(each.drifted for each in list_drifts(database).values())


def list_drifts(database: Database) -> Mapping[str, ScoreDrift]:
    """By collection what was found last, of those that have enough searches."""
    with reading(database) as connection:
        return score_counts.read_drifts(connection)


def compare(baseline: Mapping[float, int], window: Mapping[float, int], at: datetime) -> ScoreDrift:
    """How far apart the two are.

    The bound is that of Dvoretzky, Kiefer and Wolfowitz with Massart's constant for each of both:
    it holds for every distribution and every number of samples.
    """
    totals = _total(baseline), _total(window)
    bound = sum(math.sqrt(math.log(2 / FALSE_ALARMS) / (2 * total)) for total in totals)
    shares, distance = [0.0, 0.0], 0.0
    for score in sorted({*baseline, *window}):
        for place, (part, total) in enumerate(zip((baseline, window), totals, strict=True)):
            shares[place] += part.get(score, 0) / total
        distance = max(distance, abs(shares[0] - shares[1]))
    return ScoreDrift(at, distance, bound, _median(window) - _median(baseline))


def _conclude(connection: Connection, context: Context, counts: ScoreCounts) -> None:
    if not counts.baseline:
        score_counts.make_baseline(connection, counts)
        return
    found = compare(counts.baseline, counts.window, datetime.now(UTC))
    score_counts.put_drift(connection, counts, found)
    if found.drifted:
        totals = _total(counts.baseline), _total(counts.window)
        record = FindDriftRecord(*totals, found.distance, found.bound, found.shift)
        log.append(connection, context.actor, counts.collection, record)


def _states(database: Database) -> list[tuple[ScoreCounts, ScoreDrift | None]]:
    with reading(database) as connection:
        drifts = score_counts.read_drifts(connection)
        counted = score_counts.read_counts(connection)
    return [(counts, drifts.get(counts.collection)) for counts in counted]


def _is_due(counts: ScoreCounts) -> bool:
    return _total(counts.window) >= (WINDOW if counts.baseline else BASELINE)


def _total(part: Mapping[float, int]) -> int:
    return sum(part.values())


def _median(part: Mapping[float, int]) -> float:
    left = _total(part) / 2
    for score in sorted(part):
        left -= part[score]
        if left <= 0:
            return score
    return max(part)
