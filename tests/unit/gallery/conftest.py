from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.records import ImageRecord, NewFace
from reknown.biometrics.templates import Template, TemplateSpace
from reknown.gallery.collections import create_collection
from unit.databases import connection, engine, location, own_engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection

__all__ = ["connection", "engine", "location", "own_engine"]


@pytest.fixture(scope="session")
def space() -> TemplateSpace:
    return TemplateSpace(pack="tiny", fingerprint="ab" * 32, dimension=4)


@pytest.fixture
def collection(connection: Connection, space: TemplateSpace) -> str:
    return create_collection(connection, "friends", space).name


@pytest.fixture(scope="session")
def image() -> Callable[[int], ImageRecord]:
    return lambda number: ImageRecord(f"{number:064x}", f"{number}.jpg", 640, 480)


@pytest.fixture(scope="session")
def face(space: TemplateSpace) -> Callable[[int], NewFace]:
    def make(seed: int) -> NewFace:
        vector = np.random.default_rng(seed).normal(size=space.dimension).astype(np.float32)
        vector /= np.linalg.norm(vector)
        box = BoundingBox(0.1, -0.2, 0.3, seed / 1000)
        template = Template(vector, space, 10 + seed % 7 / 8)
        return NewFace(template, box, 0.99, 50 + seed % 50, f"id {seed}")

    return make
