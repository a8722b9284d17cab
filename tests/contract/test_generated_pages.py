from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_TOOLS = sorted(path.name for path in (_ROOT / "tools").glob("generate_*.py"))


@pytest.mark.parametrize("tool", _TOOLS)
def test_generated_pages_are_current(tool: str) -> None:
    command = [sys.executable, str(_ROOT / "tools" / tool), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"run tools/{tool}\n{done.stderr}"
