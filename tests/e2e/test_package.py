"""The package as others install it: built, installed where no source is, and used."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import portraits
import videos
from servers import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROOT = Path(__file__).resolve().parents[2]
_PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


def _run(*words: object, folder: Path) -> str:
    """What a program prints that sees nothing of this checkout."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [str(word) for word in words]
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What would be published; nothing is fetched to build it."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ("--no-build-isolation", "--no-deps", "--no-index", "--wheel-dir", folder)
    _run(*_PIP, "wheel", *options, _ROOT, folder=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with the package in it, and its dependencies from where this one has them."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, symlinks=True)
    python = folder / "bin" / "python"
    _run(
        *(*_PIP, "--python", python, "install", "--no-deps", "--no-index", "--no-compile", wheel),
        folder=folder,
    )
    # A plain line is a path to look in; links in there to a checkout are not followed.
    place = _run(
        python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", folder=folder
    )
    others = "\n".join(path for path in sys.path if path.endswith("site-packages"))
    (Path(place.strip()) / "dependencies.pth").write_text(others, encoding="utf-8")
    return python


def _files() -> Iterator[str]:
    source = _ROOT / "src"
    for path in (source / "reknown").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(source).as_posix()


def test_the_wheel_holds_every_file_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        notes = {name.partition(".dist-info/")[2] for name in set(archive.namelist()) - held}
    assert held == set(_files())
    endings = {Path(name).suffix for name in held}
    assert endings >= {".j2", ".json", ".py", ".toml", ".typed"}
    assert notes >= {"METADATA", "entry_points.txt", "licenses/LICENSE"}


def test_programs_run_without_the_source(python: Path, people: Path, tmp_path: Path) -> None:
    place = _run(python, "-c", "import reknown; print(reknown.__file__)", folder=tmp_path)
    assert Path(place).is_relative_to(python.parent.parent)
    (tmp_path / "party.jpg").write_bytes(portraits.pair())
    (people / "Grace Hopper" / "2.jpg").write_bytes(portraits.mirrored_grace())
    examples = _ROOT / "examples"
    enrolled = _run(python, examples / "enroll.py", people, folder=tmp_path)
    assert "3 images enrolled" in enrolled
    found = _run(python, examples / "identify.py", "party.jpg", folder=tmp_path)
    assert "face 2: Grace Hopper" in found
    shown = [(videos.grace(), videos.still((0.5, 0.5)))]
    videos.render(tmp_path / "party.mp4", videos.scene(videos.steady(0, 1000), shown))
    seen = _run(python, examples / "video_who.py", "party.mp4", folder=tmp_path)
    assert "s: Grace Hopper" in seen
    _run(python, examples / "evaluate_own.py", people, "report.html", folder=tmp_path)
    assert (tmp_path / "report.html").stat().st_size > 10_000


def test_the_server_runs_without_the_source(
    python: Path, eileen: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.chdir(tmp_path)
    with serving(tmp_path / "served", program=(str(python.with_name("reknown")),)) as server:
        client = server.client()
        client.create_collection(CollectionId="people")
        indexed = client.index_faces(CollectionId="people", Image={"Bytes": eileen})
    assert len(indexed["FaceRecords"]) == 1
