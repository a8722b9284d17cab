"""People as they are seen in the pictures of an archive, without the pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np

from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.sightings import Medium, MediumKind, Sighting
from reknown.gallery.sightings import keep_sightings

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from reknown.biometrics.templates import TemplateSpace
    from reknown.services.context import Context

    See = Callable[..., list[str]]


def towards(person: int, view: int, dimension: int) -> NDArray[np.float32]:
    """A view of a person: all of one person resemble each other, and nobody else."""
    rng = np.random.default_rng(person)
    own = rng.normal(size=dimension)
    noise = np.random.default_rng((person, view)).normal(size=dimension)
    vector = own / np.linalg.norm(own) + 0.2 * noise / np.linalg.norm(noise)
    unit: NDArray[np.float32] = (vector / np.linalg.norm(vector)).astype(np.float32)
    return unit


def seeing(context: Context, collection: str, space: TemplateSpace) -> See:
    """Keeps an image of these people; the ids of the sightings, in their order."""
    count = iter(range(1000))

    def see_people(*people: int, fit: bool = True) -> list[str]:
        number = next(count)
        medium = Medium(f"{number:064x}", MediumKind.IMAGE, f"{number}.jpg", None, "", 640, 480)
        box = BoundingBox(0.1, 0.1, 0.2, 0.2)
        seen = [
            Sighting(
                str(uuid4()),
                medium,
                0,
                0,
                0,
                BoundingBox(0.1 * place, 0.1, box.width, box.height),
                0.9,
                90 - number,
                fit,
                1,
                towards(person, number, space.dimension),
            )
            for place, person in enumerate(people)
        ]
        with context.database.begin() as connection:
            keep_sightings(connection, collection, medium, seen, space, None)
        return [sighting.sighting_id for sighting in seen]

    return see_people
