"""Commands with --cluster: what they do is what they do without, and no network is loaded here."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from PIL import ImageOps
from typer.testing import CliRunner

from processes import needs_proc, wait_for_end
from reknown.biometrics.errors import InputError
from reknown.cli.demo_images import EILEEN, GRACE, jpeg
from reknown.cli.main import cli
from reknown.vision.engines import StoredPacks

if TYPE_CHECKING:
    from pathlib import Path

    from clusters import RealCluster


def _run(*words: object) -> list[dict[str, Any]]:
    result = CliRunner().invoke(cli, [str(word) for word in words])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def _no_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(packs: StoredPacks, pack: str) -> None:
        raise AssertionError(f"{pack} is loaded in the command")

    monkeypatch.setattr(StoredPacks, "load", refuse)
    monkeypatch.setattr("reknown.cli.session.open_engine", lambda pack: refuse(None, pack))  # type: ignore[arg-type]


@pytest.mark.usefixtures("_no_networks")
def test_workers_look_at_what_is_scanned_and_enrolled(cluster: RealCluster, people: Path) -> None:
    there = ("--cluster", cluster.address, "--json")
    enrolled = _run("enroll", people, *there)
    assert {line["outcome"] for line in enrolled} == {"enrolled"}
    assert {line["subject"] for line in enrolled} == {"Eileen Collins", "Grace Hopper"}
    scanned = _run("scan", people, *there)
    assert [(line["outcome"], line["fit"]) for line in scanned] == [("seen", 1)] * 2
    found = _run("find", "Grace Hopper", "--json")
    assert [os.path.basename(os.path.dirname(line["files"][0])) for line in found] == [
        "Grace Hopper"
    ]


def test_an_evaluation_measures_the_same(
    cluster: RealCluster,
    people: Path,
    cache_folder: Path,
    request: pytest.FixtureRequest,
) -> None:
    for name, portrait in (("Eileen Collins", EILEEN), ("Grace Hopper", GRACE)):
        other = jpeg(ImageOps.mirror(portrait.crop()))
        (people / name / "2.jpg").write_bytes(other)
    here = _run("evaluate", "verify", people, "--json")
    request.getfixturevalue("_no_networks")
    shutil.rmtree(cache_folder / "evaluation")  # or it would have nothing to do
    there = _run("evaluate", "verify", people, "--json", "--cluster", cluster.address)
    assert there == here


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("collections upgrade people", "--cluster goes with --from"),
        ("evaluate verify --scores any.csv", "--cluster is for images"),
        ("evaluate groups --scores any.csv --fmr 0.01", "--cluster is for images"),
        ("evaluate compare --scores a.csv --scores b.csv", "--cluster is for images"),
        ("evaluate calibrate --scores any.csv", "--cluster is for images"),
        ("evaluate identify --gallery-size 100 --fpir 0.01", "looks at no images"),
        ("scan .", "--cluster takes tcp://HOST:PORT"),
    ],
)
def test_where_no_image_is_looked_at_no_cluster_is_taken(words: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        _run(*words.split(), "--cluster", "local:0")


def test_the_variable_names_a_cluster_too(people: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REKNOWN_CLUSTER", "nowhere")
    with pytest.raises(InputError, match="not 'nowhere'"):
        _run("scan", people)


@needs_proc
def test_one_here_ends_with_its_command(people: Path) -> None:
    for number in range(300):
        image = people / "Grace Hopper" / "1.jpg"
        (image.parent / f"more {number}.jpg").write_bytes(image.read_bytes() + b"%d" % number)
    command = [os.path.join(os.path.dirname(sys.executable), "reknown")]
    command += ["scan", str(people), "--json", "--cluster", "local:1"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["outcome"] == "seen"
    members = _group(process.pid)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, errors = process.communicate()
    assert process.returncode == 130
    assert b"run the same again to go on" in errors
    assert b"Traceback" not in errors
    for member in members:
        wait_for_end(member)


def _group(leader: int) -> list[int]:
    """The processes of its session."""
    found = []
    for name in filter(str.isdecimal, os.listdir("/proc")):
        try:
            if os.getsid(int(name)) == leader:
                found.append(int(name))
        except ProcessLookupError:
            continue
    assert len(found) > 1
    return found
