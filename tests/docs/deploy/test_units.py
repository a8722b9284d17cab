"""The units of systemd: read by systemd itself, where it is there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from deployments import UNITS, unit_lines

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    said = _verified(tmp_path, "NoNewPrivileges=yes")
    assert said == []


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_notices_a_mistake(tmp_path: Path) -> None:
    said = _verified(tmp_path, "NoNewPriviledges=yes")
    assert any("NoNewPriviledges" in line for line in said)


def _verified(folder: Path, line: str) -> list[str]:
    """What systemd says of the units, with a program that is there and this line."""
    paths = [folder / path.name.replace("@", "@1") for path in UNITS]
    for path, unit in zip(paths, UNITS, strict=True):
        text = unit.read_text(encoding="utf-8").replace("/opt/reknown/bin/reknown", sys.executable)
        path.write_text(text.replace("NoNewPrivileges=yes", line), encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", *map(str, paths)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return [each for each in done.stderr.splitlines() if str(folder) in each or "reknown" in each]


def test_workers_are_confined_as_the_server_is() -> None:
    server, worker = (
        [line for line in unit_lines(path) if line[0] not in {"Description", "ExecStart"}]
        for path in UNITS[::-1]
    )
    assert UNITS[1].stem == "reknown"
    assert server == worker
