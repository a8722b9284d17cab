"""Servers that share a database delete what is over once, and stop searching together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np
import pytest
from sqlalchemy import update

from contexts import events, faces
from postgres_server import own_database
from reknown.biometrics.errors import PolicyError
from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.moved import MovedFaces
from reknown.biometrics.policy import Policy
from reknown.biometrics.records import ImageRecord, MovedFace, NewFace
from reknown.biometrics.templates import Template
from reknown.gallery.schema import faces as stored
from reknown.ledger.records import PurgeFacesRecord
from reknown.services.galleries.transfer import import_templates
from reknown.services.policies.permits import admitted
from reknown.services.policies.retention import sweep
from reknown.services.policies.rules import set_policy
from reknown.services.policies.stops import resume_searches, stop_searches
from reknown.storage.clock import as_text
from remains import SPACE
from sealed_galleries import gallery
from unit.databases import turn_back

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reknown.services.context import Context

FACES = 30


@pytest.fixture
def servers(postgres_url: str, tmp_path: Path) -> Iterator[tuple[Context, Context]]:
    """Two places, each with connections of its own to one PostgreSQL database."""
    url, folder = own_database(postgres_url), tmp_path / "data"
    with gallery(url, folder) as (first, _), gallery(url, folder) as (second, _):
        yield first, second


def _enrol(context: Context) -> None:
    vector = np.eye(1, SPACE.dimension, dtype=np.float32)[0]
    moved = []
    for number in range(FACES):
        face = NewFace(
            Template(vector, SPACE), BoundingBox(0, 0, 1, 1), 1.0, 50, face_id=str(uuid4())
        )
        moved.append(MovedFace(ImageRecord(uuid4().hex * 2, "image", 1, 1), face, f"{number}"))
    assert import_templates(context, "friends", MovedFaces.of(SPACE, moved)) == FACES


def test_both_sweep_at_once_and_each_face_goes_once(servers: tuple[Context, Context]) -> None:
    first, _ = servers
    _enrol(first)
    set_policy(first, "friends", Policy(keep_faces=30))
    later = datetime.now(UTC) + timedelta(days=31)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda context: sweep(context, later), servers * 2))
    assert sum(each.faces for swept in found for each in swept) == FACES
    assert not faces(first, "friends")
    records = [each.record for each in events(first, PurgeFacesRecord.OPERATION)]
    gone = [face for each in records if isinstance(each, PurgeFacesRecord) for face in each.faces]
    assert len(gone) == len(set(gone)) == FACES


def test_a_server_whose_clock_is_ahead_deletes_nothing_before_its_time(
    servers: tuple[Context, Context],
) -> None:
    first, ahead = servers
    _enrol(first)
    set_policy(first, "friends", Policy(keep_faces=30))
    with first.database.begin() as connection:
        then = as_text(datetime.now(UTC) - timedelta(days=50))
        connection.execute(update(stored).values(created_at=then))
    turn_back(ahead.database, 40)
    assert sweep(ahead) == []
    assert [each.faces for each in sweep(first)] == [FACES]


def test_a_stop_at_one_is_a_stop_at_the_other_once_it_is_said(
    servers: tuple[Context, Context],
) -> None:
    first, second = servers
    admitted(second, "friends")
    stop_searches(first, None, "a mistake")
    for context in servers:
        with pytest.raises(PolicyError, match="a mistake"):
            admitted(context, "friends")
    resume_searches(second, None)
    admitted(first, "friends")
