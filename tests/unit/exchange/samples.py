"""Templates for files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from reknown.biometrics.moved import MovedFaces, MovedImages
from reknown.biometrics.records import KnownGender, Profile
from reknown.biometrics.templates import TemplateSpace

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPACE = TemplateSpace("tiny", "ab" * 32, 4)


def units(count: int, dimension: int = SPACE.dimension, seed: int = 0) -> NDArray[np.float32]:
    """Vectors of length one, all different."""
    drawn = np.random.default_rng(seed).normal(size=(count, dimension))
    unit: NDArray[np.float32] = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype("f4")
    return unit


def face_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012x}"


def moved(count: int = 5, space: TemplateSpace = SPACE) -> MovedFaces:
    """Faces of all kinds: of users and of nobody, measured and not."""
    odd = ["Ada", "Ada", None, "'; DROP TABLE users; --", "\N{SNOWMAN}\n\t\U0001f600"]
    numbers = range(count)
    return MovedFaces(
        space,
        [face_id(number) for number in numbers],
        units(count, space.dimension),
        np.array([[0.1, -0.2, 0.3, 0.25 + n / 1e6] for n in numbers]).reshape(-1, 4),
        np.array([0.9 + n / 1e7 for n in numbers]),
        np.array([n % 101 for n in numbers], np.int64),
        np.array([np.nan if n % 2 else 10 + n / 3 for n in numbers]),
        [None if n % 3 else f"card {n}" for n in numbers],
        [odd[n % 5] for n in numbers],
        MovedImages(
            [f"{n // 2:064x}" for n in numbers],
            [f"{n // 2}.jpg" if n // 2 % 3 else "" for n in numbers],
            np.array([[640 + n // 2, 480] for n in numbers], np.int64).reshape(-1, 2),
        ),
        {"Ada": Profile(("example.org/ada", "https://example.org"), KnownGender.FEMALE)},
    )


def same(one: MovedFaces, other: MovedFaces) -> bool:
    """Whether two say the same of the same faces."""
    return told(one) == told(other)


def told(faces: MovedFaces) -> list[Any]:
    """All of it, so that it can be compared and shown."""
    arrays = (faces.vectors, faces.boxes, faces.confidences, faces.qualities, faces.images.sizes)
    present = set(faces.users)
    return [
        faces.space,
        list(faces.face_ids),
        *(array.tolist() for array in arrays),
        [None if np.isnan(length) else length for length in faces.magnitudes.tolist()],
        list(faces.external_ids),
        list(faces.users),
        list(faces.images.sha256s),
        list(faces.images.names),
        {user: profile for user, profile in faces.profiles.items() if user in present and profile},
    ]
