"""`reknown scan --watch` in a process of its own, told of changes by the system or by looking."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from servers import REKNOWN

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("more", [(), ("--poll",)], ids=["told", "looking"])
def test_what_comes_later_is_scanned(
    tmp_path: Path, eileen: bytes, grace: bytes, more: tuple[str, ...]
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "first.jpg").write_bytes(eileen)
    command = [REKNOWN, "scan", photos, "--watch", "--json", *more, "--data", tmp_path / "data"]
    with subprocess.Popen(
        list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as watching:
        assert watching.stdout is not None
        assert watching.stderr is not None

        def scanned() -> dict[str, Any]:
            assert watching.stdout is not None
            found: dict[str, Any] = json.loads(watching.stdout.readline())
            return found

        try:
            assert scanned()["file"] == str(photos / "first.jpg")
            assert "watching for changes" in watching.stderr.readline()
            (photos / "trip").mkdir()
            (photos / "trip/later.jpg").write_bytes(grace)
            later = scanned()
            assert (later["file"], later["faces"]) == (str(photos / "trip/later.jpg"), 1)
            (photos / "trip/later.jpg").rename(photos / "moved.jpg")
            moved = scanned()
            assert (moved["file"], moved["outcome"]) == (
                str(photos / "moved.jpg"),
                "moved or copied",
            )
        finally:
            watching.send_signal(signal.SIGTERM)
        watching.communicate(timeout=30)
    assert watching.returncode == 128 + signal.SIGTERM
