"""Probes made worse, and references as they are: what is measured of each, in rows."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from bench import made_worse
from bench.pixels import decode_image

from reknown.vision.batch import map_bounded
from reknown.vision.images import read_image_file
from reknown.vision.second_look import look

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from reknown.biometrics.faces import DetectedFace
    from reknown.vision.analyze import Engine


@dataclass(frozen=True, slots=True)
class Person:
    """Two images of one person, of the data set `source`."""

    source: str
    name: str
    probe: Path
    reference: Path


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A probe made worse: the face nearest to where it has to be and its unit vector.

    Both are None where no face was found. `second` says that it took a second look.
    """

    person: int
    what: str
    amount: float
    second: bool = False
    face: DetectedFace | None = None
    vector: NDArray[np.float32] | None = None


def people(data: Path, count: int, seed: int) -> list[Person]:
    """London's volunteers, and so many people of LFW view 2 with two images or more."""
    images = data / "london"
    found = [
        Person("london", path.name[:3], images / "smiling_front" / path.name, path)
        for path in sorted((images / "neutral_front").glob("*.jpg"))
    ]
    found = [_smiling(person) for person in found]
    subjects: dict[str, list[Path]] = defaultdict(list)
    for path in sorted((data / "lfw-view2" / "images").rglob("*.jpg")):
        subjects[path.stem.rsplit("_", 1)[0]].append(path)
    several = sorted(name for name, paths in subjects.items() if len(paths) > 1)
    for name in sorted(random.Random(seed).sample(several, min(count, len(several)))):
        reference, probe = subjects[name][:2]
        found.append(Person("lfw", name, probe, reference))
    return found


def _smiling(person: Person) -> Person:
    (probe,) = person.probe.parent.glob(f"{person.name}_*.jpg")
    return Person(person.source, person.name, probe, person.reference)


def central(faces: tuple[DetectedFace, ...]) -> DetectedFace | None:
    """The face nearest to the middle."""

    def away(face: DetectedFace) -> float:
        box = face.box
        return abs(box.left + box.width / 2 - 0.5) + abs(box.top + box.height / 2 - 0.5)

    return min(faces, key=away, default=None)


def references(engine: Engine, found: list[Person]) -> NDArray[np.float32]:
    """The unit vectors of all references (people, dimension)."""

    def vector(person: Person) -> NDArray[np.float32]:
        pixels = decode_image(read_image_file(person.reference)).pixels
        face = central(engine.detect(pixels))
        if face is None:
            raise SystemExit(f"no face in the reference {person.reference}")
        return engine.embed(pixels, [face])[0].vector

    return np.stack([vector for _, vector in map_bounded(vector, found)])


def rows(engine: Engine, found: list[Person]) -> Iterator[Row]:
    """Every probe in every state, person by person."""
    makers = made_worse.makers()

    def states(number: int) -> list[Row]:
        pixels = decode_image(read_image_file(found[number].probe)).pixels
        face = central(engine.detect(pixels))
        if face is None:
            raise SystemExit(f"no face in {found[number].probe}")
        return [_row(engine, number, state, make(pixels, face)) for state, make in makers.items()]

    for _, made in map_bounded(states, range(len(found))):
        yield from made


def _row(engine: Engine, number: int, state: tuple[str, float], pixels: NDArray[np.uint8]) -> Row:
    seen = look(engine, pixels)
    face = central(seen.faces)
    if face is None:
        return Row(number, *state)
    ((face, template),) = engine.extract(seen.pixels, [face])
    return Row(number, *state, seen.stretched, face, template.vector)
