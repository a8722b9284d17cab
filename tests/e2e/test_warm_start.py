"""A server that opens indexes before somebody searches them."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import opening
import raw
from processes import needs_proc, wait_for
from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.records import ImageRecord, NewFace
from reknown.biometrics.templates import Template, TemplateSpace
from reknown.gallery.collections import create_collection
from reknown.gallery.faces import add_faces
from reknown.storage.database import open_database
from servers import Server, serving

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs_proc
_SPACE = TemplateSpace("tiny", "ab" * 32, 4)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with a collection of one face."""
    database = open_database(tmp_path / "data")
    face = NewFace(
        Template(np.array([1, 0, 0, 0], np.float32), _SPACE), BoundingBox(0, 0, 1, 1), 0.9, 50
    )
    with database.begin() as connection:
        create_collection(connection, "people", _SPACE)
        add_faces(connection, "people", ImageRecord("ab" * 32, "1.jpg", 9, 9), [face])
    database.dispose()
    return tmp_path / "data"


@pytest.mark.parametrize("when", ["first", "beside"])
def test_it_says_when_all_are_open(data: Path, when: str) -> None:
    with serving(data, "--warm", when, program=opening.program("once")) as server:
        wait_for(lambda: _ready(server) == (200, {"status": "ready"}))
        lines = [json.loads(line) for line in server.log if '"an index is open"' in line]
        assert [(line["collection"], line["references"]) for line in lines] == [("people", 1)]


@pytest.mark.parametrize(
    ("when", "answer"),
    [
        ("first", (503, {"status": "not ready", "opening": 1})),
        ("beside", (200, {"status": "ready", "opening": 1})),
        ("never", (200, {"status": "ready"})),
    ],
)
def test_in_the_middle_it_says_so_answers_and_stops_at_once(
    data: Path, when: str, answer: tuple[int, dict[str, Any]]
) -> None:
    with serving(data, "--warm", when, program=opening.program("ever")) as server:
        assert _ready(server) == answer
        assert server.client().list_collections()["CollectionIds"] == ["people"]
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 0
    text = "".join(server.log)
    assert '"event": "stopped"' in text
    assert "ended by force" not in text


def _ready(server: Server) -> tuple[int, dict[str, Any]]:
    reply = raw.get(server, "/ready")
    return reply.status, json.loads(reply.body)
