"""Commands on a machine that has run out of something: one line, status 2, nothing lost."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from portraits import save_many

_REKNOWN = Path(sys.executable).with_name("reknown")
_IMAGES = 6
pytestmark = pytest.mark.skipif(not _REKNOWN.exists(), reason="reknown is not installed here")


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("crowd")
    save_many(root, _IMAGES, 2)
    return root


def reknown(
    *words: object, limit: tuple[int, int] | None = None, stdout: int = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    """The command with no more than that of a resource."""

    def bounded() -> None:
        if limit is not None:
            resource.setrlimit(limit[0], (limit[1], limit[1]))

    return subprocess.run(
        [str(_REKNOWN), *map(str, words)],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        preexec_fn=bounded,
    )


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    """What it ends with, which is no traceback."""
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize("files", [8, 14])
def test_without_descriptors_nothing_is_enrolled_by_half(
    crowd: Path, tmp_path: Path, files: int
) -> None:
    limit = (resource.RLIMIT_NOFILE, files)
    done = reknown("enroll", crowd, "--data", tmp_path, limit=limit)
    # with a few more it depends on how much goes on at once
    assert done.returncode == 2 or (done.returncode == 0 and files > 8)
    if done.returncode:
        assert last_line(done).endswith("too many open files: allow more (ulimit -n)")
    again = reknown("enroll", crowd, "--data", tmp_path)
    assert again.returncode == 0, again.stderr
    faces = reknown("faces", "list", "--json", "--data", tmp_path)
    assert len(faces.stdout.splitlines()) == _IMAGES


def test_where_files_cannot_grow_the_line_says_so(crowd: Path, tmp_path: Path) -> None:
    limit = (resource.RLIMIT_FSIZE, 100 * 1024)
    done = reknown("enroll", crowd, "--data", tmp_path, limit=limit)
    assert done.returncode == 2
    assert last_line(done).endswith(
        "disk I/O error: free some disk space, or look into the system's log for a broken disk"
    )
    assert reknown("enroll", crowd, "--data", tmp_path).returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is full")
def test_an_answer_that_cannot_be_written_is_no_answer(crowd: Path, tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = reknown("enroll", crowd, "--data", tmp_path, stdout=full.fileno())
    assert done.returncode == 2
    assert last_line(done) == "reknown: no space left on the device: free some"
    again = reknown("enroll", crowd, "--data", tmp_path)
    assert f"0 images enrolled, {_IMAGES} were in already" in again.stdout
