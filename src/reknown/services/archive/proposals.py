"""Who may be one person: groups without a name and people, two by two, for people to judge."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from reknown.biometrics.thresholds import ThresholdChoice
from reknown.gallery.proposable import in_one_picture, load_proposable, most_alike
from reknown.gallery.users import subjects_of_keys
from reknown.ledger import log, records
from reknown.services.policies.permits import admitted
from reknown.storage.database import reading

if TYPE_CHECKING:
    from reknown.biometrics.candidates import Comparison
    from reknown.biometrics.thresholds import Threshold
    from reknown.gallery.proposable import Proposable
    from reknown.services.context import Context
    from reknown.storage.database import Connection

# A product of all with all takes seconds beyond this.
MOST_COMPARED = 10_000


@dataclass(frozen=True, slots=True)
class ProposedSide:
    """A group by its `number`, or a person by name and opaque id."""

    number: int | None = None
    name: str | None = None
    subject_id: str | None = None

    @property
    def title(self) -> str:
        """For people to read."""
        return self.name or f"group {self.number}"


@dataclass(frozen=True, slots=True)
class MergeProposal:
    """Two who may be one person: a candidate, never an identification."""

    one: ProposedSide
    other: ProposedSide
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class MergeProposals:
    """The best ones, by the mean score of their faces, of all that were compared.

    `left_out` is how many older groups and people were not.
    """

    threshold: Threshold
    groups: int
    people: int
    left_out: int
    proposals: tuple[MergeProposal, ...]


def propose_merges(
    context: Context, collection: str, most: int = 50, choice: ThresholdChoice | None = None
) -> MergeProposals:
    """At most `most` pairs that nobody has declined and that no photo shows together.

    Raises `NotFoundError`, `PolicyError` where the collection may not be searched,
    `UncalibratedError`.
    """
    space = admitted(context, collection)
    calibration = context.platform.engines.calibration_of(space)
    threshold = (choice or ThresholdChoice()).resolve(calibration)
    with reading(context.database) as connection:
        found = load_proposable(connection, collection, MOST_COMPARED)
    pairs = most_alike(found, threshold.score)
    with reading(context.database) as connection:
        alike = (
            (one, other, score)
            for one, other, score in pairs
            if not in_one_picture(connection, found, one, other)
        )
        chosen = list(islice(alike, most))
    people = len(found.keys) - found.groups
    with context.database.begin() as connection:
        sides = _sides(connection, found, {place for pair in chosen for place in pair[:2]})
        proposals = tuple(
            MergeProposal(sides[one], sides[other], threshold.judge(score))
            for one, other, score in chosen
            if one in sides and other in sides
        )
        record = records.ProposeMergesRecord(
            records.SpaceRecord.of(space),
            records.ThresholdRecord.of(threshold),
            found.groups,
            people,
            len(proposals),
        )
        log.append(connection, context.actor, collection, record)
    return MergeProposals(threshold, found.groups, people, found.left_out, proposals)


def _sides(connection: Connection, found: Proposable, places: set[int]) -> dict[int, ProposedSide]:
    """Those in these places, without people who have been deleted meanwhile."""
    keys = {place: int(found.keys[place]) for place in places}
    told = subjects_of_keys(
        connection, [key for place, key in keys.items() if place >= found.groups]
    )
    sides = {}
    for place, key in keys.items():
        if place < found.groups:
            sides[place] = ProposedSide(number=key)
        elif key in told:
            sides[place] = ProposedSide(name=told[key][1], subject_id=told[key][0])
    return sides
