"""Sightings of drawn faces beside the gallery of the desks, and searches of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np

from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.records import ImageRecord, NewFace
from reknown.biometrics.sightings import Medium, MediumKind, Sighting
from reknown.biometrics.templates import Template
from reknown.biometrics.thresholds import ThresholdChoice
from reknown.gallery.collections import require
from reknown.gallery.faces import add_faces
from reknown.gallery.groups import make_group, name_group
from reknown.gallery.schema import sightings
from reknown.gallery.sightings import keep_sightings
from reknown.services.searches.sightings import find_person
from unit.services.reviews.desks import COLLECTION, SEARCHER

if TYPE_CHECKING:
    from reknown.ledger.actor import Actor
    from reknown.services.searches.sightings import PersonSearch
    from reknown.storage.database import Connection
    from unit.services.reviews.desks import Desks

PERSON = "Pat"
ALIKE = {"first": 0.9, "second": 0.8, "third": 0.7}
"""The cosine of each with the person's only reference."""
STRANGERS = 40
_THRESHOLD = ThresholdChoice(similarity=80.0)


@dataclass(frozen=True)
class Sights:
    """What was seen, and those who work with it."""

    desks: Desks

    def fill(self) -> dict[str, str]:
        """A person, three who resemble them and many who do not; the ids by what they are."""
        alike = dict(ALIKE) | {f"stranger {number}": -0.01 for number in range(STRANGERS)}
        with self.desks.context.database.begin() as connection:
            template = Template(self.desks.probe, self.desks.space)
            face = NewFace(template, BoundingBox(0, 0, 1, 1), 0.9, 60)
            image = ImageRecord(hashlib.sha256(b"pat").hexdigest(), "pat.jpg", 640, 480)
            add_faces(connection, COLLECTION, image, [face], PERSON)
            return {name: self._see(connection, name, cosine) for name, cosine in alike.items()}

    def group(self, *ids: str, user: str | None = None) -> int:
        """Brings sightings together, as those of a person or of nobody known."""

        with self.desks.context.database.begin() as connection:
            number = make_group(connection, require(connection, COLLECTION).id)
            chosen = sightings.update().where(sightings.c.sighting_id.in_(ids))
            connection.execute(chosen.values(group_id=number))
            if user is not None:
                name_group(connection, COLLECTION, number, user)
        return number

    def find(self, actor: Actor = SEARCHER) -> PersonSearch:
        """Where the person was seen."""
        return find_person(self.desks.by(actor), COLLECTION, PERSON, _THRESHOLD)

    def open(self) -> str:
        """The id of the case of a search."""
        case = self.find().case
        assert case is not None
        return case

    def _see(self, connection: Connection, name: str, cosine: float) -> str:
        """A face of a picture of its own; its id."""
        generator = np.random.default_rng(list(name.encode()))
        digest = hashlib.sha256(name.encode()).hexdigest()
        medium = Medium(digest, MediumKind.IMAGE, f"{name}.jpg")
        sighting = Sighting(
            sighting_id=str(uuid4()),
            medium=medium,
            start_ms=0,
            end_ms=0,
            best_ms=0,
            box=BoundingBox(0.1, 0.1, 0.5, 0.5),
            confidence=0.9,
            quality=60,
            fit=True,
            shots=1,
            template=self.desks.toward(generator, cosine),
        )
        keep_sightings(connection, COLLECTION, medium, [sighting], self.desks.space, None)
        return sighting.sighting_id
