from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from skimage.data import astronaut

from reknown.biometrics.templates import TemplateSpace
from reknown.cli.main import app
from reknown.gallery.collections import create_collection
from reknown.storage.database import close_database, open_database

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = (
    "numpy",
    "cv2",
    "onnxruntime",
    "sqlalchemy",
    "PIL",
    "msgspec",
    "platformdirs",
    "rich",
    "alembic",
    "onnx",
    "dask",
    "distributed",
)


@pytest.mark.parametrize("module", ["reknown.cli.main", "reknown.cli.enroll"])
def test_starting_up_imports_nothing_heavy(module: str) -> None:
    code = f"import sys, {module}; print(*(m for m in {HEAVY!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


LISTS = (
    "users list --json",
    "faces list --json",
    "collections list --json",
    "keys list --json",
    "ledger --json",
    "reviews list --json",
    "reviewers list --json",
    "config show --json",
    "--version",
)
# Not `cryptography`: the record of a command is signed.
UNNEEDED = ("numpy", "cv2", "onnxruntime", "PIL", "alembic", "rich", "pydantic")
LISTED = """
import sys
from reknown.cli.main import cli
cli(sys.argv[2:], standalone_mode=False)
ours = [name for name in sys.modules if name.startswith("reknown.cli.")]
print(*(name for name in sys.argv[1].split() if name in sys.modules), "and", *ours)
"""


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with an empty gallery."""
    folder = tmp_path_factory.mktemp("gallery")
    database = open_database(folder)
    with database.begin() as connection:
        create_collection(connection, "people", TemplateSpace("opencv", "0" * 64, 128))
    close_database(database)
    return folder


@pytest.mark.parametrize("words", LISTS)
def test_where_no_picture_is_read_nothing_is_imported_for_it(gallery: Path, words: str) -> None:
    """Nor another command, nor what checks values that need no check."""
    done = subprocess.run(
        [sys.executable, "-c", LISTED, " ".join(UNNEEDED), *words.split()],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"REKNOWN_DATA": str(gallery)},
    )
    heavy, _, commands = done.stdout.splitlines()[-1].partition("and")
    assert heavy.split() == []
    others = {"reknown.cli." + name for name in ("serve", "identify", "enroll", "evaluate")}
    assert not others & set(commands.split())


RUN = """
import os, sys
from reknown.cli.main import cli
cli(sys.argv[1:], standalone_mode=False)
unneeded = {"rich", "onnx", "lz4", "alembic"}
print(os.environ.get("OPENBLAS_NUM_THREADS"), *unneeded & sys.modules.keys())
"""


def _run(*words: object) -> list[str]:
    environment = {name: v for name, v in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    command = [sys.executable, "-c", RUN, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return done.stdout.splitlines()


def test_detect_for_machines_imports_only_what_it_needs(tmp_path: Path) -> None:
    image = tmp_path / "astronaut.png"
    Image.fromarray(astronaut()).save(image)
    _run("detect", "--json", image)  # which converts the networks, if nobody has yet
    found, imported = _run("detect", "--json", image)
    assert json.loads(found)["faces"]
    assert imported == "1"


def test_only_evaluations_have_several_blas_threads() -> None:
    assert _run("models", "list", "--json")[-1] == "1"
    assert _run("evaluate", "verify", "--help")[-1] == "None"


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
    assert err.startswith("reknown: collection 'no")
    assert err.count("\n") == 1
    assert "\x1b" not in err


def test_a_list_of_problems_has_a_line_for_each(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    table = tmp_path / "people.csv"
    table.write_text("image,subject\n../a.jpg,a\nb.jpg,\n", encoding="utf-8")
    assert _app(monkeypatch, "evaluate", "verify", str(table)) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line[:9] for line in lines] == ["reknown: ", "  line 2:", "  line 3:"]


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
