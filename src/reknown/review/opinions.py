"""What a reviewer says of a candidate, and the digest by which it is held to it.

Until a case is decided the ledger has the digest of each judgement and nothing else, so that
nobody who reads it is led by what others have said; afterwards anyone can compare the two.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

LONGEST_NOTE = 4000
Codes = TypeVar("Codes", bound=Enum)


class Opinion(Enum):
    """Of whom probe and candidate are; never more than the opinion of a person."""

    SAME = "same"
    DIFFERENT = "different"
    CANNOT_TELL = "cannot-tell"


class Ground(Enum):
    """What an opinion rests on: features of the face, or what hides them."""

    FACE_SHAPE = "face-shape"
    HAIRLINE = "hairline"
    EYES = "eyes"
    NOSE = "nose"
    MOUTH = "mouth"
    EARS = "ears"
    LINES = "lines"
    MARKS = "marks"
    AGE = "age"
    POSE = "pose"
    QUALITY = "quality"
    COVERED = "covered"


@dataclass(frozen=True, slots=True)
class CandidateJudgement:
    """An opinion with its grounds; the `note` may say more and never gets into the ledger.

    Raises `InputError` without any ground, and for a note that is too long.
    """

    opinion: Opinion
    grounds: tuple[Ground, ...]
    note: str | None = None

    def __post_init__(self) -> None:
        if not self.grounds:
            raise InputError(
                f"say what the judgement rests on: {', '.join(each.value for each in Ground)}"
            )
        if self.note is not None and not 0 < len(self.note) <= LONGEST_NOTE:
            raise InputError(f"a note has 1 to {LONGEST_NOTE:,} characters")

    @property
    def codes(self) -> tuple[str, ...]:
        """The grounds as codes, each once, in the order of their list."""
        return tuple(ground.value for ground in Ground if ground in self.grounds)


def code_of(codes: type[Codes], text: str) -> Codes:
    """What a code stands for; raises `InputError` for one that is none of these."""
    try:
        return codes(text)
    except ValueError:
        known = ", ".join(each.value for each in codes)
        raise InputError(f"{text!r} is none of {known}") from None


def note_digest(note: str | None, salt: str) -> str | None:
    """What the ledger keeps of a note; None of none. Without the salt it cannot be guessed at."""
    return None if note is None else _digest({"note": note, "salt": salt})


def judgement_digest(
    case_id: str, number: int, reviewer: str, judgement: CandidateJudgement, salt: str
) -> str:
    """SHA-256 that binds the reviewer to this judgement of this candidate."""
    return _digest(
        {
            "candidate": number,
            "case": case_id,
            "grounds": list(judgement.codes),
            "note": note_digest(judgement.note, salt),
            "opinion": judgement.opinion.value,
            "reviewer": reviewer,
            "salt": salt,
        }
    )


def seeds_digest(case_id: str, seeded: Iterable[int], salt: str) -> str:
    """SHA-256 that binds the case to which of its candidates are known non-mates."""
    return _digest({"case": case_id, "salt": salt, "seeded": sorted(seeded)})


def shuffled(numbers: Iterable[int], seed: str) -> list[int]:
    """The numbers in the order that belongs to this seed, which anyone can work out again."""
    return sorted(
        numbers, key=lambda number: hashlib.sha256(f"{seed}:{number}".encode()).hexdigest()
    )


def _digest(values: Mapping[str, object]) -> str:
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
