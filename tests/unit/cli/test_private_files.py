"""What commands write about people is read by its owner alone, on any file system's defaults."""

from __future__ import annotations

import ast
import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import reknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from unit.cli.conftest import Run

    RunCommand = Callable[..., Run]

SOURCES = Path(reknown.__file__).parent
# What writes to a path without `reporting/files.py`, and why it may.
_OTHERS = {
    "cli/demo.py": "faces that the demonstration drew",
    "cli/demo_client.py": "the log of the demonstration's server",
    "cli/demo_film.py": "a film of those faces",
    "cli/demo_console.py": "faces that the demonstration drew",
    "evaluation/data/manifest.py": "into memory",
    "exchange/npz_writing.py": "into an archive that is open",
    "gallery/snapshots.py": "sealed, in the data folder",
    "ledger/checkpoint_file.py": "in the data folder, no people",
    "objects/folder.py": "0600 of its own",
    "objects/uploads.py": "0600 of its own",
    "reporting/files.py": "it is the one",
    "services/backups/backup.py": "0600 of its own",
    "services/backups/restore.py": "0600 of its own",
    "services/evaluations/child.py": "into a pipe",
    "services/live/recording.py": "0600 of its own",
    "services/proofs/state.py": "in the data folder, no people",
    "services/proofs/witness.py": "0600 of mkstemp",
    "access/vault.py": "0600 of mkstemp",
    "video/annotate.py": "into a file that is open",
    "video/child.py": "into a file that is open",
    "video/live/films.py": "into a file that is open",
    "video/live/kinesis.py": "into a pipe",
    "vision/decoding/child.py": "/proc",
    "vision/packs/cache.py": "model packs",
}

_WRITING = re.compile(r"r?b?[wxa]b?t?\+?b?|r\+b?|rb\+")


@pytest.fixture(autouse=True)
def _open_to_all() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def writing(source: Path) -> bool:
    """Whether a module opens a path or descriptor for writing by itself."""
    calls = (n for n in ast.walk(ast.parse(source.read_text())) if isinstance(n, ast.Call))
    return any(map(_writes, calls))


def _writes(call: ast.Call) -> bool:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name in {"write_text", "write_bytes"}:
        return isinstance(call.func, ast.Attribute)
    if name not in {"open", "fdopen"}:
        return False
    given = [*call.args[:2], *(each.value for each in call.keywords if each.arg == "mode")]
    modes = [each.value for each in given if isinstance(each, ast.Constant)]
    return any(isinstance(mode, str) and _WRITING.fullmatch(mode) for mode in modes)


def test_one_function_writes_the_files_of_commands() -> None:
    found = {
        str(source.relative_to(SOURCES)) for source in SOURCES.rglob("*.py") if writing(source)
    }
    assert found == _OTHERS.keys()


def test_each_command_that_writes_a_file_writes_it_for_its_owner(
    run: RunCommand, people: Path, tmp_path: Path
) -> None:
    image = next(people.rglob("*.jpg"))
    out = tmp_path / "out"
    run("enroll", people)
    run("scan", people)
    person = image.parent.name
    face = run("faces", "list", "--json").lines[0]["face_id"]
    for words in (
        ("detect", image, "--draw", out / "detect.png"),
        ("identify", image, "--draw", out / "identify.jpg", "--csv", out / "identify.csv"),
        ("compare", image, image, "--draw", out / "compare.png"),
        ("find", person, "--html", out / "find.html", "--csv", out / "find.csv"),
        ("faces", "show", face, "--in", people, "--output", out / "face.png"),
        ("export", "--output", out / "templates.npz"),
        ("usage", "--csv", out / "usage.csv"),
        ("ledger", "--report", out / "ledger.html"),
        ("ledger", "export", "--out", out / "ledger.jsonl"),
        ("ledger", "checkpoint", "--out", out / "checkpoint.txt"),
        ("ledger", "prove", "1", "--out", out / "proof.json"),
        ("ledger", "consistency", out / "checkpoint.txt", "--out", out / "consistency.json"),
        (
            "report",
            "transparency",
            "--since",
            "2000-01-01",
            "--until",
            "2000-12-31",
            "--out",
            out / "report",
        ),
        ("erase", person, "--yes", "--certificate", out / "certificate.json"),
        ("backup", out / "backup.zip", "--without-keys"),
    ):
        assert run(*words).status == 0, words
    written = [each for each in out.rglob("*") if each.is_file()]
    assert len(written) >= 18
    open_to_others = {each.name for each in written if stat.S_IMODE(each.stat().st_mode) != 0o600}
    assert open_to_others == set()
