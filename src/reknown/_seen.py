"""What the archive answers: what a scan has seen, and where a face was found in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown._notebook import Shown, paragraph, table
from reknown.biometrics.text import counted, one_in, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reknown.biometrics.candidates import Comparison
    from reknown.biometrics.geometry import BoundingBox
    from reknown.biometrics.sightings import Medium
    from reknown.gallery.sightings import SightingRecord
    from reknown.services.archive.scan import ScannedFile
    from reknown.services.searches.sightings import SightingGallery, SightingMatch


@dataclass(frozen=True, slots=True, repr=False)
class ScannedFiles(Shown):
    """What a scan has looked at; `unchanged` files were passed over, `gone` ones forgotten."""

    collection: str
    files: tuple[ScannedFile, ...]
    unchanged: int
    gone: int

    @property
    def faces(self) -> int:
        """How many faces were seen."""
        return sum(file.faces for file in self.files)

    @property
    def refused(self) -> tuple[ScannedFile, ...]:
        """The files in which nothing could be seen, each with its reason."""
        return tuple(file for file in self.files if file.reason)

    def __iter__(self) -> Iterator[ScannedFile]:
        return iter(self.files)

    def __len__(self) -> int:
        return len(self.files)

    def __str__(self) -> str:
        refused = [f"{printable(str(file.path))}: {file.reason}" for file in self.refused]
        return "\n".join([self._summary(), *refused])

    def _summary(self) -> str:
        return (
            f"{printable(self.collection)}: {counted(len(self.files), 'file')} with "
            f"{counted(self.faces, 'face')}; {self.unchanged:,} unchanged, {self.gone:,} gone, "
            f"{len(self.refused):,} refused"
        )

    def _repr_html_(self) -> str:
        rows = [(str(file.path), file.reason) for file in self.refused]
        return paragraph(self._summary()) + table(("file", "refused because"), rows)


@dataclass(frozen=True, slots=True)
class SeenSighting:
    """A face that was seen in an image, or as a track in a video.

    `files` are the paths at which its medium lay when it was scanned. The times are 0 in an image;
    `box` is where the face was at `best_ms`.
    """

    sighting_id: str
    medium: Medium
    files: tuple[str, ...]
    box: BoundingBox
    quality: int
    start_ms: int
    end_ms: int
    best_ms: int

    @classmethod
    def of(cls, record: SightingRecord) -> SeenSighting:
        """What the gallery keeps, without the template."""
        seen = record.sighting
        return cls(
            sighting_id=seen.sighting_id,
            medium=seen.medium,
            files=record.files,
            box=seen.box,
            quality=seen.quality,
            start_ms=seen.start_ms,
            end_ms=seen.end_ms,
            best_ms=seen.best_ms,
        )

    @property
    def place(self) -> str:
        """The first of its files, or what its medium was called."""
        return self.files[0] if self.files else self.medium.name


@dataclass(frozen=True, slots=True, repr=False)
class FoundSightings(Shown):
    """Sightings that reach the threshold, best first, each with its comparison.

    They are candidates for a person to check, never identifications. `searched` sightings were
    compared; among them `expected_false` strangers are expected to reach the threshold by chance,
    None where the pack is not calibrated. `case` is the id of the review case, if people have to
    judge any of them.
    """

    matches: tuple[tuple[SeenSighting, Comparison], ...]
    searched: int
    expected_false: float | None
    case: str | None = None

    @classmethod
    def of(
        cls, gallery: SightingGallery, matches: Sequence[SightingMatch], case: str | None = None
    ) -> FoundSightings:
        """What a search found."""
        found = tuple((SeenSighting.of(match.record), match.comparison) for match in matches)
        return cls(found, gallery.size, gallery.expected_false_candidates, case)

    @property
    def files(self) -> tuple[str, ...]:
        """The files, each once, in the order of the best match in each."""
        return tuple(dict.fromkeys(seen.place for seen, _ in self.matches))

    def __iter__(self) -> Iterator[tuple[SeenSighting, Comparison]]:
        return iter(self.matches)

    def __len__(self) -> int:
        return len(self.matches)

    def __str__(self) -> str:
        lines = [" ".join(map(printable, row)) for row in self._rows()]
        return "\n".join([self._summary(), *lines])

    def _summary(self) -> str:
        expected = ""
        if self.expected_false is not None:
            expected = f"; {self.expected_false:.2g} false candidates are expected by chance"
        faces = f"{len(self.matches):,} of {counted(self.searched, 'face')}"
        return f"{faces} in {counted(len(self.files), 'file')}{expected}"

    def _rows(self) -> list[tuple[str, str, str, str]]:
        return [
            (
                "-" if found.similarity is None else f"{found.similarity:.1f}",
                one_in(found.false_match_rate),
                str(seen.medium.taken.at) if seen.medium.taken else "-",
                seen.place,
            )
            for seen, found in self.matches
        ]

    def _repr_html_(self) -> str:
        columns = ("similarity", "false match rate", "taken", "file")
        return paragraph(self._summary()) + table(columns, self._rows())
