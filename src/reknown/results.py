"""What the Python client answers: frozen, documented, and shown as a table in notebooks.

Boxes are ratios of the upright image (`box.pixels(width, height)` gives pixels), confidence and
rates are 0 to 1, similarity and quality 0 to 100, angles degrees, times milliseconds.
"""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from reknown.biometrics.candidates import Candidate, CandidateList, Comparison
    from reknown.biometrics.faces import DetectedFace
    from reknown.services.galleries.enrolment import EnrolmentResult
    from reknown.services.images.sources import Source
    from reknown.services.videos.identification import Appearance
    from reknown.vision.draw import Label

_WIDEST = 640


@dataclass(frozen=True, slots=True)
class DetectedFaces:
    """The faces of an image, largest first; `width` and `height` in pixels."""

    faces: tuple[DetectedFace, ...]
    width: int
    height: int
    sha256: str
    _source: Source = field(repr=False, compare=False)

    def __iter__(self) -> Iterator[DetectedFace]:
        return iter(self.faces)

    def __len__(self) -> int:
        return len(self.faces)

    def _repr_html_(self) -> str:
        from reknown.vision.draw import Label  # noqa: PLC0415

        labels = [Label(face.box, (str(n),)) for n, face in enumerate(self.faces, 1)]
        rows = [
            (n, f"{face.confidence:.3f}", face.quality.unified_score.score, *_angles(face))
            for n, face in enumerate(self.faces, 1)
        ]
        columns = ("face", "confidence", "quality", "yaw", "pitch", "roll")
        return _picture(self._source, labels) + _table(columns, rows)


@dataclass(frozen=True, slots=True)
class ComparedFaces:
    """A probe's largest face against every face of another image, best first.

    `similarity` and `false_match_rate` are those of the best; None where the pack is not
    calibrated. `accepted` says whether it reaches `threshold`, a score: grounds to look closer,
    not proof of identity.
    """

    probe: DetectedFace
    comparisons: tuple[tuple[DetectedFace, Comparison], ...]
    threshold: float

    @property
    def accepted(self) -> bool:
        """Whether any face reaches the threshold."""
        return any(comparison.accepted for _, comparison in self.comparisons)

    @property
    def score(self) -> float:
        """Of the best face: the cosine, -1 to 1."""
        return self.comparisons[0][1].score

    @property
    def similarity(self) -> float | None:
        """Of the best face, 0 to 100."""
        return self.comparisons[0][1].similarity

    @property
    def false_match_rate(self) -> float | None:
        """How often two strangers would score as high."""
        return self.comparisons[0][1].false_match_rate

    def _repr_html_(self) -> str:
        rows = [
            (n, *_meaning(c), "above threshold" if c.accepted else "below threshold")
            for n, (_, c) in enumerate(self.comparisons, 1)
        ]
        return _table(("face", "similarity", "score", "false match rate", "result"), rows)


@dataclass(frozen=True, slots=True)
class EnrolledPeople:
    """What became of each image, in order; those that were known are counted as enrolled."""

    collection: str
    results: tuple[EnrolmentResult, ...]

    @property
    def enrolled(self) -> tuple[EnrolmentResult, ...]:
        """Those that are in the gallery now."""
        return tuple(result for result in self.results if result.face is not None)

    @property
    def refused(self) -> tuple[EnrolmentResult, ...]:
        """Those that were turned away, each with its `reason`."""
        return tuple(result for result in self.results if result.reason)

    @property
    def people(self) -> tuple[str, ...]:
        """Who has a face in the gallery now, in order of first appearance."""
        return tuple(dict.fromkeys(result.enrolee.subject for result in self.enrolled))

    def __len__(self) -> int:
        return len(self.enrolled)

    def _repr_html_(self) -> str:
        summary = f"{len(self.people)} people, {len(self)} images in {self.collection}"
        rows = [(r.enrolee.subject, r.enrolee.name, r.reason) for r in self.refused]
        table = _table(("person", "image", "refused because"), rows) if rows else ""
        return f"<p>{escape(summary)}</p>{table}"


@dataclass(frozen=True, slots=True)
class IdentifiedFaces:
    """Every face of an image, largest first, with its candidates, best first.

    Answers are candidates for a person to check, never identifications. `caution` says what to
    know before relying on one; None where few false ones are expected.
    """

    faces: tuple[tuple[DetectedFace, CandidateList], ...]
    caution: str | None
    _source: Source = field(repr=False, compare=False)

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
        return "\n".join([*lines, *([self.caution] if self.caution else [])]) or "no face found"

    def _repr_html_(self) -> str:
        from reknown.vision.draw import Label  # noqa: PLC0415

        labels = [
            Label(face.box, (_best(found) or f"unknown {n}",), bool(found.candidates))
            for n, (face, found) in enumerate(self.faces, 1)
        ]
        rows = [
            (n, _name(candidate), *_meaning(candidate))
            for n, (_, found) in enumerate(self.faces, 1)
            for candidate in found.candidates
        ]
        columns = ("face", "candidate", "similarity", "score", "false match rate")
        caution = f"<p>{escape(self.caution)}</p>" if self.caution else ""
        return _picture(self._source, labels) + _table(columns, rows) + caution


@dataclass(frozen=True, slots=True)
class VideoAppearances:
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
        return "\n".join(
            f"{a.from_ms / 1000:.1f} s to {a.to_ms / 1000:.1f} s: {_appearing(a)}"
            for a in self.appearances
        )

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
        return _table(("from", "to", "person", "similarity", "score", "false match rate"), rows)


def _appearing(appearance: Appearance) -> str:
    best = appearance.best
    return f"unknown {appearance.person + 1}" if best is None else _name(best)


def _names(candidates: Iterable[Candidate]) -> str:
    return ", ".join(
        _name(c) if c.similarity is None else f"{_name(c)} ({c.similarity:.1f})" for c in candidates
    )


def _name(candidate: Candidate) -> str:
    return candidate.user or f"face {candidate.face_id}"


def _best(found: CandidateList) -> str:
    return _name(found.candidates[0]) if found.candidates else ""


def _meaning(found: Candidate | Comparison) -> tuple[str, str, str]:
    similarity = "-" if found.similarity is None else f"{found.similarity:.1f}"
    rate = "-" if found.false_match_rate is None else f"{found.false_match_rate:.2g}"
    return similarity, f"{found.score:.4f}", rate


def _angles(face: DetectedFace) -> tuple[str, ...]:
    return tuple(f"{angle:+.0f}°" for angle in (face.pose.yaw, face.pose.pitch, face.pose.roll))


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _picture(source: Source, labels: Sequence[Label]) -> str:
    """The image with boxes, small enough for a page; nothing where the file is gone."""
    from reknown.biometrics.errors import ReknownError  # noqa: PLC0415
    from reknown.services.images.sources import read_source  # noqa: PLC0415
    from reknown.vision.draw import draw_labels  # noqa: PLC0415
    from reknown.vision.images import decode_image  # noqa: PLC0415

    try:
        image = draw_labels(decode_image(read_source(source)).pixels, labels)
    except ReknownError:
        return ""
    image.thumbnail((_WIDEST, _WIDEST))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG")
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f'<img alt="" src="data:image/jpeg;base64,{data}">'
