"""`reknown import` and `reknown export`."""

from __future__ import annotations

import json
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from reknown.biometrics.errors import AlreadyExistsError, InputError, NotFoundError
from unit.exchange.samples import units

if TYPE_CHECKING:
    from collections.abc import Callable

    from unit.cli.conftest import Run

    Command = Callable[..., Run]

_REKNOWN = Path(sys.executable).with_name("reknown")


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    path = tmp_path / "plain.npz"
    np.savez(path, vectors=units(6, 128), users=["Ada", "Ada", "Bob", "", "Bob", "Zo\u00eb"])
    return path


@pytest.mark.parametrize("kind", ["npz", "parquet"])
def test_a_gallery_goes_from_folder_to_folder(
    run: Command, plain: Path, tmp_path: Path, kind: str
) -> None:
    here, there = ("--data", tmp_path / "here"), ("--data", tmp_path / "there")
    done = run("import", plain, "--pack", "opencv", *here)
    assert done.status == 0
    assert done.out.startswith("people: 6 faces imported, 0 were in already (")
    assert run("import", plain, "--pack", "opencv", *here, "--json").lines == [
        {"collection": "people", "added": 0, "known": 6}
    ]
    target = tmp_path / f"out.{kind}"
    assert run("export", "--output", target, *here).out == f"{target}: 6 faces of people\n"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    moved = run("import", target, "-c", "friends", *there, "--json")
    assert moved.lines == [{"collection": "friends", "added": 6, "known": 0}]
    own = {"created_at": "", "subject_id": ""}
    lists = [
        [{**face, **own} for face in run("faces", "list", *where, "--json").lines]
        for where in (here, ("-c", "friends", *there))
    ]
    assert lists[0] == lists[1]
    size = target.stat().st_size
    with pytest.raises(InputError, match="is there already"):
        run("export", "-o", target, *here)
    some = ("--user", "Ada", "--user", "Bob", "--json")
    again = run("export", "-o", target, "--force", *some, *here)
    assert again.lines == [
        {"collection": "people", "faces": 4, "file": str(target), "bytes": target.stat().st_size}
    ]
    assert target.stat().st_size < size


def test_what_cannot_be_is_said(run: Command, plain: Path, tmp_path: Path) -> None:
    here = ("--data", tmp_path / "here")
    with pytest.raises(InputError, match=r"plain\.npz: it does not say which model pack.*--pack"):
        run("import", plain, *here)
    run("import", plain, "--pack", "opencv", *here)
    target = tmp_path / "out.npz"
    run("export", "-o", target, *here)
    with pytest.raises(AlreadyExistsError, match="--new-ids"):
        run("import", target, "-c", "copy", *here)
    assert run("import", target, "-c", "copy", "--new-ids", *here).status == 0
    with pytest.raises(NotFoundError, match="user 'Eve' does not exist in 'people'"):
        run("export", "-o", tmp_path / "eve.npz", "--user", "Eve", *here)
    with pytest.raises(InputError, match=r"name it FILE\.npz or FILE\.parquet"):
        run("export", "-o", tmp_path / "out.csv", *here)


def test_control_c_loses_the_portion_in_work_only(tmp_path: Path) -> None:
    count, path, data = 60_000, tmp_path / "many.npz", tmp_path / "data"
    np.savez(path, vectors=units(count, 128))
    words = (_REKNOWN, "import", path, "--pack", "opencv", "--data", data)
    command = [str(word) for word in words]
    log = data / "reknown.db-wal"
    # on a busy machine it shall not come to its end before this process sees it begin
    behind = ["nice", "-n", "19", *command]
    with subprocess.Popen(behind, stderr=subprocess.PIPE, text=True) as started:
        # the first portion is being committed
        while started.poll() is None and not (log.exists() and log.stat().st_size > 2**22):
            time.sleep(0.01)
        started.send_signal(signal.SIGINT)
        said = started.communicate()[1]
    assert started.returncode != 0
    found = re.search(r"interrupted after ([0-9,]+) of 60,000 faces: run the same again", said)
    assert found, said
    done = int(found[1].replace(",", ""))
    assert done % 15_000 == 0
    again = subprocess.run([*command, "--json"], capture_output=True, check=True)
    got = json.loads(again.stdout)
    # what was being committed may have been
    assert got["known"] in {done, min(done + 15_000, count)}
    assert got["added"] + got["known"] == count
