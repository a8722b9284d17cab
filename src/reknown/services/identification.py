"""Who might this be? One to many, every face of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.candidates import Candidate, CandidateList
from reknown.gallery.collections import get_space
from reknown.gallery.search import SubjectScore, search_subjects
from reknown.gallery.templates import load_templates
from reknown.ledger import events
from reknown.services.photos import attempt_all, extract_photo
from reknown.storage.database import reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from reknown.biometrics.errors import ReknownError
    from reknown.biometrics.faces import DetectedFace
    from reknown.biometrics.templates import Template
    from reknown.gallery.templates import GalleryTemplates
    from reknown.ledger.actor import Actor
    from reknown.services.decision import Threshold
    from reknown.services.photos import Photo
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine


@dataclass(frozen=True, slots=True)
class Identification:
    """A picture's faces, largest first, each with its candidates."""

    photo: Photo
    candidates: tuple[CandidateList, ...]

    def faces(self) -> Iterator[tuple[DetectedFace, CandidateList]]:
        """Each face with its candidates."""
        return zip(self.photo.faces, self.candidates, strict=True)


class Identifier:
    """Searches one collection as it stood when this was made.

    Raises `NotFoundError` for an unknown collection and `SpaceMismatchError` when it was
    enrolled with another model pack.
    """

    def __init__(
        self,
        engine: Engine,
        database: Database,
        collection: str,
        threshold: Threshold,
        actor: Actor,
    ) -> None:
        with reading(database) as connection:
            engine.space.require(get_space(connection, collection))
            self._templates: GalleryTemplates = load_templates(connection, collection)
        self._engine = engine
        self._database = database
        self._collection = collection
        self._threshold = threshold
        self._actor = actor

    @property
    def gallery_size(self) -> int:
        """The number of subjects searched."""
        return self._templates.subject_count

    @property
    def references(self) -> int:
        """The number of their references."""
        return len(self._templates.face_ids)

    def identify_all(
        self, paths: Iterable[Path], limit: int = 5
    ) -> Iterator[tuple[Path, Identification | ReknownError]]:
        """Every face of every picture against the collection, in the pictures' order.

        Each search is in the ledger before its answer is given out.
        """

        def work(path: Path) -> Identification:
            return self._search(*extract_photo(self._engine, path), limit)

        for path, found in attempt_all(work, paths):
            if isinstance(found, Identification):
                self._record(found)
            yield path, found

    def _search(self, photo: Photo, probes: tuple[Template, ...], limit: int) -> Identification:
        if not probes:
            return Identification(photo, ())
        vectors = np.stack([probe.vector for probe in probes])
        rows = search_subjects(self._templates, vectors, self._threshold.score, limit)
        return Identification(photo, tuple(self._candidates(row) for row in rows))

    def _candidates(self, row: list[SubjectScore]) -> CandidateList:
        return CandidateList(
            candidates=ranked(row, self._threshold),
            threshold=self._threshold.score,
            gallery_size=self.gallery_size,
            references=self.references,
            expected_false_candidates=self._threshold.expected_false_candidates(self.references),
        )

    def _record(self, found: Identification) -> None:
        detail = {
            "image": found.photo.image.sha256,
            "threshold": self._threshold.score,
            "gallery_size": self._templates.subject_count,
            "faces": [[c.face_id for c in row.candidates] for row in found.candidates],
        }
        with self._database.begin() as connection:
            events.append(connection, self._actor, "identify", self._collection, detail)


def ranked(row: Iterable[SubjectScore], threshold: Threshold) -> tuple[Candidate, ...]:
    """What was found, best first, as candidates with what their scores mean."""
    return tuple(_candidate(rank, match, threshold) for rank, match in enumerate(row, 1))


def _candidate(rank: int, match: SubjectScore, threshold: Threshold) -> Candidate:
    meaning = threshold.judge(match.score)
    return Candidate(
        rank,
        match.user,
        match.face_id,
        match.score,
        meaning.similarity,
        meaning.false_match_rate,
    )
