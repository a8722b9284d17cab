"""What the Python client answers: frozen, printed as text, shown as tables in notebooks.

Boxes are ratios of the upright image (`box.pixels(width, height)` gives pixels), confidence and
rates are 0 to 1, similarity and quality 0 to 100, angles degrees, times milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reknown._evaluated import ErrorRate, EvaluatedPeople, ThresholdRates
from reknown._notebook import Shown, figure, paragraph, table
from reknown._seen import FoundSightings, ScannedFiles, SeenSighting
from reknown._watches import CameraLook, StoredWatch
from reknown.biometrics.text import counted, one_in, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from reknown.biometrics.candidates import Candidate, CandidateList, Comparison
    from reknown.biometrics.faces import DetectedFace
    from reknown.biometrics.words import Line
    from reknown.services.images.sources import Source
    from reknown.services.videos.identification import Appearance

__all__ = [
    "CameraLook",
    "ComparedFaces",
    "DetectedFaces",
    "EnrolledImage",
    "EnrolledPeople",
    "ErrorRate",
    "EvaluatedPeople",
    "FoundSightings",
    "FoundText",
    "IdentifiedFaces",
    "ImportedTemplates",
    "ScannedFiles",
    "SeenSighting",
    "StoredWatch",
    "ThresholdRates",
    "VideoAppearances",
    "WrittenNames",
]

_MEANING = ("similarity", "score", "false match rate")


@dataclass(frozen=True, slots=True, repr=False)
class DetectedFaces(Shown):
    """The faces of an image, largest first; `width` and `height` in pixels, upright.

    `warnings` say what is missing of its file, or that its faces lie on their side.
    """

    faces: tuple[DetectedFace, ...]
    width: int
    height: int
    sha256: str
    _source: Source = field(compare=False)
    warnings: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[DetectedFace]:
        return iter(self.faces)

    def __len__(self) -> int:
        return len(self.faces)

    def __str__(self) -> str:
        lines = [
            f"face {n}: confidence {face.confidence:.3f}, "
            f"quality {face.quality.unified_score.score} of 100"
            for n, face in enumerate(self.faces, 1)
        ]
        return "\n".join([*(lines or ["no face found"]), *self.warnings])

    def _repr_html_(self) -> str:
        from reknown.vision.draw import Label  # noqa: PLC0415 - Pillow loads late

        labels = [Label(face.box, (str(n),)) for n, face in enumerate(self.faces, 1)]
        rows = [
            (n, f"{face.confidence:.3f}", face.quality.unified_score.score, *_angles(face))
            for n, face in enumerate(self.faces, 1)
        ]
        columns = ("face", "confidence", "quality", "yaw", "pitch", "roll")
        shown = figure(self._source, self.sha256, labels) + table(columns, rows)
        return shown if rows else shown + paragraph(str(self))


@dataclass(frozen=True, slots=True, repr=False)
class FoundText(Shown):
    """The lines of text in an image, by rows from the top, each with its words.

    `width` and `height` in pixels, upright.
    """

    lines: tuple[Line, ...]
    width: int
    height: int
    sha256: str
    _source: Source = field(compare=False)
    warnings: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Line]:
        return iter(self.lines)

    def __len__(self) -> int:
        return len(self.lines)

    def __str__(self) -> str:
        return "\n".join(printable(line.text) for line in self) or "no text found"

    def _repr_html_(self) -> str:
        from reknown.vision.draw import Label  # noqa: PLC0415 - Pillow loads late

        labels = [
            Label(line.box, (str(n),), outline=line.outline) for n, line in enumerate(self, 1)
        ]
        rows = [(n, line.text, f"{line.confidence:.3f}") for n, line in enumerate(self, 1)]
        shown = figure(self._source, self.sha256, labels)
        return shown + (table(("line", "text", "confidence"), rows) or paragraph(str(self)))


@dataclass(frozen=True, slots=True, repr=False)
class ComparedFaces(Shown):
    """A probe's largest face against every face of another image, best first.

    `threshold` is a score. Whether it is reached is grounds to look closer, not proof of
    identity.
    """

    probe: DetectedFace
    comparisons: tuple[tuple[DetectedFace, Comparison], ...]
    threshold: float
    warnings: tuple[str, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether the best face reaches the threshold."""
        return self._best.accepted

    @property
    def score(self) -> float:
        """Of the best face: the cosine, -1 to 1."""
        return self._best.score

    @property
    def similarity(self) -> float | None:
        """Of the best face, 0 to 100; None where the pack is not calibrated."""
        return self._best.similarity

    @property
    def false_match_rate(self) -> float | None:
        """How often two strangers would score as high; None where the pack is not calibrated."""
        return self._best.false_match_rate

    @property
    def _best(self) -> Comparison:
        return self.comparisons[0][1]

    def __str__(self) -> str:
        return "\n".join(
            f"face {n}: {_compared(comparison)}" for n, (_, comparison) in enumerate(self, 1)
        )

    def __iter__(self) -> Iterator[tuple[DetectedFace, Comparison]]:
        return iter(self.comparisons)

    def __len__(self) -> int:
        return len(self.comparisons)

    def _repr_html_(self) -> str:
        rows = [(n, *_meaning(c), _result(c)) for n, (_, c) in enumerate(self, 1)]
        return table(("face", *_MEANING, "result"), rows)


@dataclass(frozen=True, slots=True)
class EnrolledImage:
    """What became of the image of `person`, whose place among all is `number`, from 1.

    `path` is None for an image that was no file. `face_id` is its face in the gallery, None
    where it was refused, for the `reason`; it is `new` unless it had been in before.
    """

    number: int
    person: str
    path: Path | None
    face_id: str | None
    new: bool
    reason: str


@dataclass(frozen=True, slots=True, repr=False)
class EnrolledPeople(Shown):
    """What became of each image, in order."""

    collection: str
    images: tuple[EnrolledImage, ...]

    @property
    def enrolled(self) -> tuple[EnrolledImage, ...]:
        """Those that are in the gallery now, and those that had been before."""
        return tuple(image for image in self.images if image.face_id is not None)

    @property
    def refused(self) -> tuple[EnrolledImage, ...]:
        """Those that were turned away, each with its `reason`."""
        return tuple(image for image in self.images if image.face_id is None)

    @property
    def people(self) -> tuple[str, ...]:
        """Who has a face in the gallery now, in order of first appearance."""
        return tuple(dict.fromkeys(image.person for image in self.enrolled))

    def __iter__(self) -> Iterator[EnrolledImage]:
        return iter(self.images)

    def __len__(self) -> int:
        return len(self.images)

    def __str__(self) -> str:
        refused = (f"refused {_named(r)} of {r.person}: {r.reason}" for r in self.refused)
        return "\n".join([self._summary(), *map(printable, refused)])

    def _summary(self) -> str:
        new = sum(image.new for image in self.enrolled)
        known, refused = len(self.enrolled) - new, len(self.refused)
        return (
            f"{printable(self.collection)}: {counted(len(self.people), 'person', 'people')}; "
            f"{counted(new, 'image')} enrolled, "
            f"{counted(known, 'was', 'were')} in already, {refused} refused"
        )

    def _repr_html_(self) -> str:
        rows = [(refused.person, _named(refused), refused.reason) for refused in self.refused]
        columns = ("person", "image", "refused because")
        return paragraph(self._summary()) + table(columns, rows)


@dataclass(frozen=True, slots=True)
class WrittenNames:
    """What a photo's sidecar, at `path`, says now; None where there was nothing to say.

    `names` were written, `same` is how many faces had theirs already. `kept` are pairs of the
    name that was not written and the one that stays, empty for a face framed without a name.
    """

    path: Path | None
    names: tuple[str, ...]
    same: int
    kept: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ImportedTemplates:
    """How many faces of a file were `added`, and how many were `known` already or came twice."""

    collection: str
    added: int
    known: int

    def __str__(self) -> str:
        return (
            f"{printable(self.collection)}: {counted(self.added, 'face')} imported, "
            f"{counted(self.known, 'was', 'were')} in already"
        )


@dataclass(frozen=True, slots=True, repr=False)
class IdentifiedFaces(Shown):
    """Every face of an image, largest first, with its candidates, best first.

    Answers are candidates for a person to check, never identifications. `caution` says what to
    know before relying on one; None where few false ones are expected. `width` and `height` in
    pixels, upright.
    """

    faces: tuple[tuple[DetectedFace, CandidateList], ...]
    caution: str | None
    width: int
    height: int
    sha256: str
    _source: Source = field(compare=False)
    warnings: tuple[str, ...] = ()

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """The best candidate of each face that has one."""
        return tuple(found.candidates[0] for _, found in self.faces if found.candidates)

    def __iter__(self) -> Iterator[tuple[DetectedFace, CandidateList]]:
        return iter(self.faces)

    def __len__(self) -> int:
        return len(self.faces)

    def __str__(self) -> str:
        lines = [
            f"face {n}: {_names(found.candidates) or 'no candidate'}"
            for n, (_, found) in enumerate(self.faces, 1)
        ]
        caution = [self.caution] if self.caution else []
        return "\n".join([*(lines or ["no face found"]), *caution, *self.warnings])

    def _repr_html_(self) -> str:
        from reknown.vision.draw import Label  # noqa: PLC0415 - Pillow loads late

        labels = [
            Label(face.box, (_best(found) or f"unknown {n}",), bool(found.candidates))
            for n, (face, found) in enumerate(self.faces, 1)
        ]
        rows = [
            (n, _name(candidate), *_meaning(candidate))
            for n, (_, found) in enumerate(self.faces, 1)
            for candidate in found.candidates
        ]
        shown = figure(self._source, self.sha256, labels) + table(
            ("face", "candidate", *_MEANING), rows
        )
        return shown + paragraph(self.caution if rows else str(self))


@dataclass(frozen=True, slots=True, repr=False)
class VideoAppearances(Shown):
    """Who might appear in a video, and when, in order of time.

    `duration_ms` is the video's. `kept_until` is when the tracks kept of it are deleted, None if
    none were kept. `warnings` say what of the video could not be used.
    """

    appearances: tuple[Appearance, ...]
    duration_ms: int
    caution: str | None
    kept_until: datetime | None
    warnings: tuple[str, ...]

    def __iter__(self) -> Iterator[Appearance]:
        return iter(self.appearances)

    def __len__(self) -> int:
        return len(self.appearances)

    def __str__(self) -> str:
        lines = [
            f"{a.from_ms / 1000:.1f} s to {a.to_ms / 1000:.1f} s: {_appearing(a)}"
            for a in self.appearances
        ]
        return "\n".join([*(lines or ["no face found"]), *self._notes()])

    def _notes(self) -> list[str]:
        return [*([self.caution] if self.caution else []), *self.warnings]

    def _repr_html_(self) -> str:
        rows = [
            (
                f"{a.from_ms / 1000:.1f} s",
                f"{a.to_ms / 1000:.1f} s",
                _appearing(a),
                *(_meaning(a.best) if a.best else ("", "", "")),
            )
            for a in self.appearances
        ]
        shown = table(("from", "to", "person", *_MEANING), rows) or paragraph("no face found")
        return shown + "".join(map(paragraph, self._notes()))


def _appearing(appearance: Appearance) -> str:
    best = appearance.best
    if best is not None:
        return _names([best])
    reasons = "; ".join(map(str, appearance.objections))
    return f"unknown {appearance.person + 1}" + (f" (not searched: {reasons})" if reasons else "")


def _names(candidates: Iterable[Candidate]) -> str:
    return ", ".join(
        _name(c) if c.similarity is None else f"{_name(c)} ({c.similarity:.1f})" for c in candidates
    )


def _name(candidate: Candidate) -> str:
    return printable(candidate.user or f"face {candidate.face_id}")


def _best(found: CandidateList) -> str:
    return _name(found.candidates[0]) if found.candidates else ""


def _named(image: EnrolledImage) -> str:
    return f"image {image.number}" if image.path is None else str(image.path)


def _meaning(found: Candidate | Comparison) -> tuple[str, str, str]:
    similarity = "-" if found.similarity is None else f"{found.similarity:.1f}"
    return similarity, f"{found.score:.4f}", one_in(found.false_match_rate)


def _compared(comparison: Comparison) -> str:
    if comparison.similarity is None:
        return f"score {comparison.score:.4f}, {_result(comparison)}"
    rate = one_in(comparison.false_match_rate)
    return f"similarity {comparison.similarity:.1f}, {_result(comparison)} (strangers: {rate})"


def _result(comparison: Comparison) -> str:
    return "above threshold" if comparison.accepted else "below threshold"


def _angles(face: DetectedFace) -> tuple[str, ...]:
    return tuple(f"{angle:+.0f}°" for angle in (face.pose.yaw, face.pose.pitch, face.pose.roll))
