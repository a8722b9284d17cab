from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


def test_the_page_of_operations_is_current() -> None:
    command = [sys.executable, str(_ROOT / "tools" / "generate_operations.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"run tools/generate_operations.py\n{done.stderr}"
