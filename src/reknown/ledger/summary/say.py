"""What summaries are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from reknown.biometrics.text import counted

if TYPE_CHECKING:
    from collections.abc import Sequence, Sized

    from reknown.ledger import records

MOST_FACES = 5
MOST_CANDIDATES = 3
_SHORT = 8

Names = Mapping[str, str]


def seen(hits: Sequence[tuple[str, tuple[float, float | None]]], what: str) -> str:
    """Sightings or tracks with scores, the first few."""
    shown = [f"{what} {short(name)} {likeness(*score)}" for name, score in hits]
    left = more(hits, MOST_CANDIDATES, what)
    return ", ".join([*shown[:MOST_CANDIDATES], *left]) or "none"


def candidates(row: Sequence[records.CandidateRecord], names: Names) -> str:
    """Those of one face, the first few."""
    shown = [candidate(hit, names) for hit in row[:MOST_CANDIDATES]]
    return ", ".join([*shown, *more(row, MOST_CANDIDATES, "candidate")]) or "nobody"


def candidate(hit: records.CandidateRecord, names: Names) -> str:
    """Who it is, by the name known now, and how alike."""
    who = f"face {short(hit.face_id)}"
    if hit.subject_id is not None:
        who = name(hit.subject_id, names)
    return f"{who} {likeness(hit.score, hit.similarity)}"


def probe(probe: records.ProbeRecord, names: Names) -> str:
    """What was searched with."""
    if probe.kind == "user":
        return name(probe.subject_id, names)
    said = f"{probe.kind} {short(probe.sha256 or probe.face_id or '')}"
    return f"{said} of {probe.watch}" if probe.watch else said


def limits(among: records.AmongRecord, names: Names) -> str:
    """What a search was limited to, in brackets."""
    said: list[str] = []
    if among.subject_ids is not None:
        shown = [name(subject, names) for subject in among.subject_ids[:MOST_CANDIDATES]]
        said.append(
            f"of {', '.join([*shown, *more(among.subject_ids, MOST_CANDIDATES, 'subject')])}"
        )
    if among.enrolled_since is not None:
        said.append(f"enrolled since {among.enrolled_since:%Y-%m-%d %H:%M}")
    if among.enrolled_until is not None:
        said.append(f"enrolled before {among.enrolled_until:%Y-%m-%d %H:%M}")
    if among.faces is not None:
        said.append(f"of a list of {count(among.faces.count, 'face')}")
    return f" ({', '.join(said)})"


def threshold(threshold: records.ThresholdRecord) -> str:
    """Where a score became a candidate."""
    return f"at {likeness(threshold.score, threshold.similarity)} or above"


def likeness(score: float, similarity: float | None) -> str:
    """The similarity, or the score where there is none."""
    return f"score {score:.3f}" if similarity is None else f"{similarity:.1f}"


def name(subject_id: str | None, names: Names) -> str:
    """Of a subject that is there still."""
    return names.get(subject_id or "", "deleted subject")


def tags(tags: Mapping[str, str]) -> list[str]:
    """Each with its value."""
    return [f"{key}={value}" for key, value in sorted(tags.items())]


def faces(faces: Sized) -> str:
    """How many."""
    return count(len(faces), "face")


def many(faces: records.ManyFacesRecord) -> str:
    """How many, and the first and the last."""
    ends = f" from {short(faces.first)} to {short(faces.last or '')}" if faces.first else ""
    return count(faces.count, "face") + ends


def count(number: int, what: str, plural: str = "s") -> str:
    """A number of things."""
    return counted(number, what, what + plural)


def more(items: Sized, shown: int, what: str) -> list[str]:
    """How many are not shown, if any."""
    left = len(items) - shown
    return [f"{count(left, f'more {what}')}"] if left > 0 else []


def again(*, repeated: bool) -> str:
    """That a request was answered a second time."""
    return ", answered again" if repeated else ""


def short(name: str) -> str:
    """The beginning of an id, by which people tell it from others."""
    return name[:_SHORT]
