"""What only shows where a person looks at the terminal."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path


def test_json_goes_to_its_file_while_the_bar_is_shown(people: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    command = [str(Path(sys.executable).parent / "reknown"), "enroll", str(people), "--json"]
    terminal, end = pty.openpty()
    try:
        with target.open("wb") as file:
            subprocess.run(command, check=True, stdout=file, stderr=end, timeout=60)
        shown = os.read(terminal, 100_000).decode()
    finally:
        os.close(terminal)
        os.close(end)
    lines = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert sorted(line["subject"] for line in lines) == ["Eileen Collins", "Grace Hopper"]
    assert "enrolling into" in shown
    assert "face_id" not in shown
