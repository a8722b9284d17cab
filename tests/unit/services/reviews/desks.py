"""A gallery with drawn templates, a probe that resembles three people, and reviewers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from contexts import events
from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.policy import Policy
from reknown.biometrics.records import ImageRecord, NewFace
from reknown.biometrics.templates import Template
from reknown.gallery.collections import create_collection
from reknown.gallery.faces import add_faces
from reknown.gallery.policies import set_policy
from reknown.ledger.actor import Actor
from reknown.ledger.records import ProbeRecord
from reknown.review.opinions import CandidateJudgement, Ground, Opinion
from reknown.review.reviewers import Reviewer, today_utc
from reknown.services.reviews import cases
from reknown.services.reviews.reviewers import add_reviewer
from reknown.services.searches.search import Probes, Query, look_up, settle

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from reknown.biometrics.templates import TemplateSpace
    from reknown.services.context import Context
    from reknown.services.reviews.cases import JudgedReview, ShownCase
    from reknown.services.searches.search import Found

COLLECTION = "people"
ALIKE = {"Ada": 0.9, "Bea": 0.8, "Cleo": 0.7}
"""The cosine of each with the probe; 0.36 is a similarity of 80."""
STRANGERS = 40
PROBE = hashlib.sha256(b"probe").hexdigest()
SEARCHER, ANN, BEN, CEM, DOT = (
    Actor(f"cli:{name}") for name in ("sue", "ann", "ben", "cem", "dot")
)
POLICY = Policy(review_from=80.0, reviewers=2, review_seeds=0)


@dataclass(frozen=True)
class Desks:
    """The gallery and those who work with it."""

    context: Context

    @property
    def space(self) -> TemplateSpace:
        return self.context.platform.engines.space_of("opencv")

    def fill(self) -> None:
        generator = np.random.default_rng(5)
        with self.context.database.begin() as connection:
            create_collection(connection, COLLECTION, self.space)
            for name, cosine in ALIKE.items():
                self._enrol(connection, name, self.toward(generator, cosine))
            for number in range(STRANGERS):
                # a little less than nothing in common with the probe
                self._enrol(connection, f"stranger {number}", self.toward(generator, -0.01))
            set_policy(connection, COLLECTION, POLICY)
        for actor in (SEARCHER, ANN, BEN, CEM, DOT):
            add_reviewer(self.context, Reviewer(actor.name, today_utc() + timedelta(days=30)))

    def set(self, **changes: object) -> None:
        """Changes the policy."""
        with self.context.database.begin() as connection:
            set_policy(connection, COLLECTION, replace(POLICY, **changes))  # type: ignore[arg-type]

    def by(self, actor: Actor) -> Context:
        return self.context.by(actor)

    def probes(self, *vectors: NDArray[np.float32]) -> Probes:
        stacked = np.stack(vectors or (self.probe,))
        return Probes(ProbeRecord("image", PROBE), self.space, stacked, qualities=(71,))

    @property
    def probe(self) -> NDArray[np.float32]:
        vector = np.zeros(self.space.dimension, np.float32)
        vector[0] = 1
        return vector

    @property
    def nobody(self) -> NDArray[np.float32]:
        """A face that resembles nobody."""
        return -self.probe

    def search(self, probes: Probes | None = None) -> Found:
        context = self.by(SEARCHER)
        return settle(
            context, look_up(context.platform, Query(COLLECTION), probes or self.probes())
        )

    def open(self) -> str:
        """The id of the case of a search."""
        (case,) = self.search().cases
        assert case is not None
        return case

    def read(self, actor: Actor, case: str) -> ShownCase:
        return cases.read_case(self.by(actor), COLLECTION, case)

    def judge(
        self,
        actor: Actor,
        case: str,
        number: int,
        opinion: Opinion = Opinion.DIFFERENT,
        *,
        note: str | None = None,
        adjudicate: bool = False,
    ) -> JudgedReview:
        judgement = CandidateJudgement(opinion, (Ground.EARS,), note)
        return cases.judge(
            self.by(actor), COLLECTION, case, number, judgement, adjudicate=adjudicate
        )

    def review(
        self,
        actor: Actor,
        case: str,
        opinions: Mapping[str, Opinion] = {},
        *,
        adjudicate: bool = False,
    ) -> JudgedReview | None:
        """Judges all that there is, different unless said otherwise by the person's name."""
        shown, done = self.read(actor, case), None
        for candidate in shown.candidates:
            if candidate.number in shown.left:
                assert candidate.face is not None
                opinion = opinions.get(candidate.face.user or "", Opinion.DIFFERENT)
                done = self.judge(actor, case, candidate.number, opinion, adjudicate=adjudicate)
        return done

    def operations(self) -> list[str]:
        return [event.operation for event in events(self.context)]

    def toward(self, generator: np.random.Generator, cosine: float) -> NDArray[np.float32]:
        """A face of this cosine with the probe."""
        other = generator.normal(size=self.space.dimension)
        other[0] = 0
        other *= np.sqrt(1 - cosine**2) / np.linalg.norm(other)
        other[0] = cosine
        return other.astype(np.float32)

    def _enrol(self, connection: object, name: str, vector: NDArray[np.float32]) -> None:
        face = NewFace(Template(vector, self.space), BoundingBox(0.1, 0.1, 0.5, 0.5), 0.9, 60)
        image = ImageRecord(hashlib.sha256(name.encode()).hexdigest(), f"{name}.jpg", 640, 480)
        add_faces(connection, COLLECTION, image, [face], name)  # type: ignore[arg-type]
