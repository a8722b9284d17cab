"""What may be done with a collection, for what, and for how long.

A policy says nothing about how faces are found. Where none is set everything is allowed, but for
the purposes that no policy can allow, and for films of cameras, which only a policy can.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

# What a person is, believes or may do is no purpose of a search, whatever a policy allows.
NEVER = (
    "*immigra*",
    "*deport*",
    "*ethnic*",
    "*racial*",
    "*nationality*",
    "*religio*",
    "*sexual*",
    "*political*",
    "*trade-union*",
)
MOST_REVIEWERS = 2
MOST_LIVE_MINUTES = 24 * 60
# What governed collections keep at the most: three years.
MOST_DAYS = 1095
_LONGEST = 100_000
_PURPOSE = re.compile(r"[a-z][a-z0-9-]{0,63}")
_PATTERN = re.compile(r"[a-z0-9*-]{1,64}")
_APPROVAL = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# As the ledger names who acts: an account on this machine, or an access key.
_ACTOR = re.compile(
    r"cli:[^\s:\x00-\x1f\x7f-\x9f]{1,100}|account:[a-z0-9][a-z0-9._-]{0,63}|key:RK[A-Z2-7]{18}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The rules of one collection; raises `InputError` for values that make no sense.

    `purposes` are what it may be searched for, any if there are none; `forbidden_purposes` are
    patterns and win over them. `legal_basis` is what the operator relies on, in their own words.
    With `consent_required` only people with a valid consent are enrolled. `keep_...` are days.
    A search has to ask for `least_similarity` or more, and for a threshold that a stranger reaches
    no more than `most_expected_false_candidates` times. `searchers` are patterns of actors, anyone
    if there are none. Before cameras a person is followed for `live_minutes` a day at the most, and
    with 0 no camera is watched. Films of what they see are written with `recording` alone: no rules
    allow it that do not say so. After `repeat_searches` with the same probe, or that found the same
    person, within `repeat_days` each further one needs an approval. Candidates from `review_from`
    on are judged by so many `reviewers`; known non-mates come among them, as many as a share
    `review_seeds`. A `suspended` collection is not searched, and a `governed` one only with a
    complete policy.
    """

    purposes: tuple[str, ...] = ()
    forbidden_purposes: tuple[str, ...] = ()
    legal_basis: str | None = None
    consent_required: bool = False
    keep_faces: int | None = None
    keep_sightings: int | None = None
    keep_jobs: int | None = None
    keep_records: int | None = None
    least_similarity: float | None = None
    most_expected_false_candidates: float | None = None
    searchers: tuple[str, ...] = ()
    live_minutes: int | None = None
    recording: bool = False
    repeat_searches: int | None = None
    repeat_days: int = 7
    review_from: float | None = None
    reviewers: int = 0
    review_seeds: float = 0.1
    suspended: bool = False
    governed: bool = False

    def __post_init__(self) -> None:
        for purpose in self.purposes:
            require_purpose("purposes", purpose)
            if (pattern := _matched(purpose, NEVER)) is not None:
                raise InputError(f"purposes: {purpose!r} can never be allowed, by {pattern!r}")
        for pattern in self.forbidden_purposes:
            _require(
                _PATTERN.fullmatch(pattern) is not None,
                "forbidden_purposes",
                pattern,
                "a code or a pattern of lower case letters, digits, hyphens and asterisks",
            )
        for name, text in (
            *(("searchers", pattern) for pattern in self.searchers),
            *([] if self.legal_basis is None else [("legal_basis", self.legal_basis)]),
        ):
            _require(0 < len(text) <= 255, name, text, "1 to 255 characters")
        self._require_numbers()

    def _require_numbers(self) -> None:
        for name in ("keep_faces", "keep_sightings", "keep_jobs", "keep_records"):
            _require_range(name, getattr(self, name), 1, _LONGEST, "days")
        for name in ("least_similarity", "review_from"):
            _require_range(name, getattr(self, name), 0, 100)
        expected = self.most_expected_false_candidates
        if expected is not None:
            name = "most_expected_false_candidates"
            _require(0 < expected <= _LONGEST, name, expected, "a number above 0")
        _require_range("live_minutes", self.live_minutes, 0, MOST_LIVE_MINUTES, "minutes")
        _require_range("repeat_searches", self.repeat_searches, 1, _LONGEST)
        _require_range("repeat_days", self.repeat_days, 1, MOST_DAYS, "days")
        _require_range("reviewers", self.reviewers, 0, MOST_REVIEWERS)
        _require_range("review_seeds", self.review_seeds, 0, 1)

    def forbids(self, purpose: str) -> bool:
        """Whether nobody may search for this purpose, whatever is allowed besides."""
        return _matched(purpose, (*NEVER, *self.forbidden_purposes)) is not None

    def allows(self, purpose: str) -> bool:
        """Whether the collection may be searched for this purpose."""
        return not self.forbids(purpose) and (not self.purposes or purpose in self.purposes)

    def admits(self, actor: str) -> bool:
        """Whether this actor may search the collection."""
        return not self.searchers or _matched(actor, self.searchers) is not None

    def missing(self) -> tuple[str, ...]:
        """The fields that a governed collection needs and that are not set, or not as they must."""
        return tuple(self._missing())

    def _missing(self) -> Iterator[str]:
        for name in ("purposes", "legal_basis"):
            if not getattr(self, name):
                yield name
        for name in ("keep_faces", "keep_sightings", "keep_jobs", "keep_records"):
            days = getattr(self, name)
            if days is None:
                yield name
            elif days > MOST_DAYS and name != "keep_records":
                yield f"{name} of at most {MOST_DAYS} days"
        if self.least_similarity is None and self.most_expected_false_candidates is None:
            yield "least_similarity or most_expected_false_candidates"


def require_purpose(where: str, purpose: str) -> str:
    """The purpose; raises `InputError` for one that is no code."""
    _require(
        _PURPOSE.fullmatch(purpose) is not None,
        where,
        purpose,
        "a code of lower case letters, digits and hyphens, such as missing-person",
    )
    return purpose


def require_approval(where: str, approval: str) -> str:
    """The id of an approval; raises `InputError` for what cannot be one."""
    _require(_APPROVAL.fullmatch(approval) is not None, where, approval, "the id of an approval")
    return approval


def is_actor(name: str) -> bool:
    """Whether the ledger could call somebody this."""
    return _ACTOR.fullmatch(name) is not None


def _matched(text: str, patterns: tuple[str, ...]) -> str | None:
    return next((pattern for pattern in patterns if fnmatchcase(text, pattern)), None)


def _require_range(
    name: str, value: float | None, least: int, most: int, unit: str = "a number"
) -> None:
    if value is not None:
        what = f"{unit} from {least} to {most:,}"
        _require(least <= value <= most, name, value, what)


def _require(fits: bool, name: str, value: object, expected: str) -> None:
    if not fits:
        raise InputError(f"{name} takes {expected}, not {str(value)[:80]!r}")


@dataclass(frozen=True, slots=True)
class UnreadablePolicy:
    """Rules that are there and cannot be read, for this reason: nothing is allowed by them."""

    reason: str


EVERYTHING_ALLOWED = Policy()
