from __future__ import annotations

import subprocess
import sys

import pytest

from reknown.cli.main import app

HEAVY = ("numpy", "cv2", "onnxruntime", "sqlalchemy", "PIL", "msgspec", "rich", "alembic", "onnx")


@pytest.mark.parametrize("module", ["reknown.cli.main", "reknown.cli.enroll"])
def test_starting_up_imports_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(*(m for m in {HEAVY!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def _app(monkeypatch: pytest.MonkeyPatch, *words: str) -> object:
    monkeypatch.setattr(sys, "argv", ["reknown", *words])
    with pytest.raises(SystemExit) as ended:
        app()
    return ended.value.code


def test_an_error_is_one_line_and_status_two(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _app(monkeypatch, "collections", "show", "no\x1b[31m\nbody") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("reknown: there is no collection")
    assert err.count("\n") == 1
    assert "\x1b" not in err


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["--version"], 0),
        (["--help"], 0),
        (["collections", "list"], 0),
        (["nonsense"], 2),
        (["enroll", "/nowhere"], 2),
        (["models", "pull", "nothing"], 2),
        (["models", "verify", "opencv-zoo"], 1),
    ],
)
def test_the_status_tells_what_happened(
    monkeypatch: pytest.MonkeyPatch, words: list[str], status: int
) -> None:
    assert _app(monkeypatch, *words) == status


def test_a_data_folder_that_cannot_be_used_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _app(monkeypatch, "users", "list", "--data", "/proc/nowhere") == 2
    assert capsys.readouterr().err.count("\n") == 1
