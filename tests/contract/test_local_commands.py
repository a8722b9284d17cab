"""Commands on the data folder of a running server."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import TYPE_CHECKING

import pytest

from servers import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers import Server


def _detections(server: Server) -> int:
    """How often this server has looked for faces."""
    with urllib.request.urlopen(f"{server.address}/metrics", timeout=30) as answer:
        found = re.search(
            r'^reknown_stage_seconds_count\{stage="detect"\} (\S+)$',
            answer.read().decode(),
            re.MULTILINE,
        )
    return 0 if found is None else int(float(found[1]))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """With the very settings of commands in this test."""
    with serving(tmp_path / "data") as server:
        yield server


def test_the_server_finds_the_faces_of_a_command_and_the_answer_is_the_same(
    server: Server, eileen: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = tmp_path / "eileen.jpg"
    image.write_bytes(eileen)
    before = _detections(server)
    found = server.reknown("detect", "--json", image)
    assert _detections(server) == before + 1
    monkeypatch.setenv("REKNOWN_SERVER__LOCAL_COMMANDS", "false")
    assert server.reknown("detect", "--json", image) == found
    assert _detections(server) == before + 1
    assert len(json.loads(found)["faces"]) == 1
