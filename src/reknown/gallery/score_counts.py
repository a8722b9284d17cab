"""How strangers score in searches of a collection, counted by score: a baseline, and a window.

Every function takes the connection whose transaction it becomes part of.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, insert, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite

from reknown.gallery.schema import collections, score_counts, score_drifts
from reknown.storage.clock import as_text
from reknown.storage.commits import before_commit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Executable, ScalarSelect

    from reknown.biometrics.templates import TemplateSpace

BASELINE, WINDOW = "baseline", "window"
_BINS = 200
"""A unit of score has so many bins."""
_COLUMNS = ("collection", "space", "part", "bin", "seen")
_SOURCE = select(
    collections.c.id,
    bindparam("fingerprint", type_=score_counts.c.space.type),
    literal(WINDOW),
    bindparam("place", type_=score_counts.c.bin.type),
    bindparam("more", type_=score_counts.c.seen.type),
).where(collections.c.name == bindparam("wanted"))


@dataclass(frozen=True, slots=True)
class ScoreCounts:
    """Of one collection in one template space, how many strangers had which best score."""

    collection: str
    space: str
    baseline: Mapping[float, int]
    window: Mapping[float, int]


@dataclass(frozen=True, slots=True)
class ScoreDrift:
    """How far apart baseline and window were, as it was found at a time.

    `distance` is the largest one between the two distributions, `bound` where it cannot be chance
    any more, `shift` the difference of their medians.
    """

    at: datetime
    distance: float
    bound: float
    shift: float

    @property
    def drifted(self) -> bool:
        """Whether the scores come from another distribution than those of the baseline."""
        return self.distance > self.bound


def count_strangers(
    connection: Connection, collection: str, space: TemplateSpace, scores: Sequence[float]
) -> None:
    """Adds the scores to the window at the end of this transaction."""
    for score in scores:
        place = round((score + 1) * _BINS)
        before_commit(connection, _count, (collection, space.fingerprint, place))


def read_counts(connection: Connection) -> list[ScoreCounts]:
    """Of all collections in the space that they are in."""
    query = (
        select(collections.c.name, score_counts)
        .join(score_counts, score_counts.c.collection == collections.c.id)
        .where(score_counts.c.space == collections.c.fingerprint)
        .order_by(collections.c.name, score_counts.c.bin)
    )
    found: dict[str, ScoreCounts] = {}
    parts: dict[tuple[str, str], dict[float, int]] = {}
    for row in connection.execute(query):
        baseline = parts.setdefault((row.name, BASELINE), {})
        window = parts.setdefault((row.name, WINDOW), {})
        found[row.name] = ScoreCounts(row.name, row.space, baseline, window)
        parts[row.name, row.part][row.bin / _BINS - 1] = row.seen
    return list(found.values())


def read_drifts(connection: Connection) -> Mapping[str, ScoreDrift]:
    """By collection what was found last, if it was in the space that it is in."""
    query = (
        select(collections.c.name, score_drifts)
        .join(score_drifts, score_drifts.c.collection == collections.c.id)
        .where(score_drifts.c.space == collections.c.fingerprint)
    )
    return {
        row.name: ScoreDrift(datetime.fromisoformat(row.at), row.distance, row.bound, row.shift)
        for row in connection.execute(query)
    }


def make_baseline(connection: Connection, counts: ScoreCounts) -> None:
    """Makes the window the baseline, in the place of any other and of what was found by it."""
    owner = _owner(counts.collection)
    _forget(connection, counts.collection)
    own = score_counts.c.collection == owner
    others = score_counts.c.part == BASELINE
    connection.execute(delete(score_counts).where(own, others))
    connection.execute(delete(score_counts).where(own, score_counts.c.space != counts.space))
    connection.execute(update(score_counts).where(own).values(part=BASELINE))


def forget_counts(connection: Connection, collection: str) -> None:
    """Deletes baseline and window, so that the next searches make a baseline."""
    _forget(connection, collection)
    own = score_counts.c.collection == _owner(collection)
    connection.execute(delete(score_counts).where(own))


def put_drift(connection: Connection, counts: ScoreCounts, drift: ScoreDrift) -> None:
    """Keeps what the window came to, and begins another one."""
    _forget(connection, counts.collection)
    own = score_counts.c.collection == _owner(counts.collection)
    connection.execute(delete(score_counts).where(own, score_counts.c.part == WINDOW))
    values = {
        "space": counts.space,
        "at": as_text(drift.at),
        "distance": drift.distance,
        "bound": drift.bound,
        "shift": drift.shift,
    }
    connection.execute(insert(score_drifts).values(collection=_owner(counts.collection), **values))


def _forget(connection: Connection, collection: str) -> None:
    connection.execute(delete(score_drifts).where(score_drifts.c.collection == _owner(collection)))


def _owner(collection: str) -> ScalarSelect[int]:
    query = select(collections.c.id).where(collections.c.name == collection)
    return query.scalar_subquery()


def _count(connection: Connection, items: Sequence[tuple[str, str, int]]) -> None:
    for (collection, space, place), more in sorted(Counter(items).items()):
        values = {"wanted": collection, "fingerprint": space, "place": place, "more": more}
        connection.execute(_ADD[connection.dialect.name], values)


def _adding(insertion: type[sqlite.Insert] | type[postgresql.Insert]) -> Executable:
    statement = insertion(score_counts).from_select(_COLUMNS, _SOURCE)
    return statement.on_conflict_do_update(
        index_elements=_COLUMNS[:4],
        set_={"seen": score_counts.c.seen + statement.excluded.seen},
    )


# Made once: every search runs it.
_ADD = {"sqlite": _adding(sqlite.Insert), "postgresql": _adding(postgresql.Insert)}
