"""What reports read of the ledger's records: a few fields take a fraction of the time of all."""

# Not `from __future__ import annotations`: msgspec reads these types when it runs.
from uuid import UUID

from msgspec import Raw, Struct


class RateField(Struct, frozen=True):
    """How often strangers reach a threshold; None where that is not known."""

    false_match_rate: float | None


class IdentifyFields(Struct, frozen=True):
    """Of a search of references; the candidates are those of each face of the probe."""

    threshold: RateField
    references: int
    candidates: tuple[tuple[Raw, ...], ...]

    @property
    def found(self) -> bool:
        """Whether there were candidates."""
        return any(self.candidates)

    @property
    def comparisons(self) -> int:
        """How many pairs of faces were compared."""
        return len(self.candidates) * self.references


class KeptFields(Struct, frozen=True):
    """Of a search of sightings, or of tracks, as they were called."""

    threshold: RateField
    candidates: tuple[Raw, ...]
    sightings_searched: int = 0
    tracks_searched: int = 0

    @property
    def found(self) -> bool:
        """Whether there were candidates."""
        return bool(self.candidates)

    @property
    def comparisons(self) -> int:
        """How many pairs of faces were compared."""
        return self.sightings_searched + self.tracks_searched


class FacesNamed(Struct, frozen=True):
    """Of what brings faces."""

    faces: tuple[UUID, ...]


class CountField(Struct, frozen=True):
    """How many."""

    count: int


class FacesCounted(Struct, frozen=True):
    """Of what brings too many to name them."""

    faces: CountField


class FacesTaken(Struct, frozen=True):
    """Of what takes faces; `repeated` where it was only answered again."""

    faces: tuple[UUID, ...] = ()
    repeated: bool = False


class CaseFields(Struct, frozen=True):
    """Of what a case goes through."""

    case: str


class OpenedCase(CaseFields, frozen=True):
    """Of its beginning; without candidates there is nothing to judge."""

    candidates: int


class SaidFields(Struct, frozen=True):
    """What one reviewer said of a candidate."""

    opinion: str


class JudgedFields(Struct, frozen=True):
    """What was said of a candidate, and decided unless it is a known non-mate."""

    seeded: bool
    opinion: str | None
    judgements: tuple[SaidFields, ...]


class DecidedCase(CaseFields, frozen=True):
    """Of a decision."""

    outcome: str
    candidates: tuple[JudgedFields, ...]


class PurgedCases(Struct, frozen=True):
    """Of cases that were deleted."""

    cases: tuple[str, ...]


class Nothing(Struct, frozen=True):
    """Of records that tell enough by being there."""
