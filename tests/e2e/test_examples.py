import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

import moto_server
import portraits
import videos
from servers import REKNOWN, serving

_EXAMPLES = Path(__file__).parents[2] / "examples"


def _run(name: str, *arguments: object, environment: dict[str, str] | None = None) -> str:
    command = [sys.executable, "-W", "error", str(_EXAMPLES / name), *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, check=True, text=True, timeout=60, env=environment
    )
    return str(done.stdout)


def test_every_example_is_run_here() -> None:
    text = Path(__file__).read_text(encoding="utf-8")
    assert [path.name for path in _EXAMPLES.glob("*.*") if f'"{path.name}"' not in text] == []


def test_people_are_enrolled_and_found(people: Path, tmp_path: Path) -> None:
    party, clip = tmp_path / "party.jpg", tmp_path / "party.mp4"
    party.write_bytes(portraits.pair())
    shown = [(videos.eileen(), videos.still((0.5, 0.5)))]
    videos.render(clip, videos.scene(videos.steady(0, 1000), shown))
    enrolled = _run("enroll.py", people)
    assert enrolled == "people: 2 people; 2 images enrolled, 0 were in already, 0 refused\n"
    assert "face 2: Grace Hopper" in _run("identify.py", party)
    assert "s: Eileen Collins" in _run("video_who.py", clip)


def test_two_images_are_compared(people: Path) -> None:
    eileen, grace = (people / name / "1.jpg" for name in ("Eileen Collins", "Grace Hopper"))
    assert "face 1: similarity 100.0, above threshold" in _run("compare_two.py", grace, grace)
    assert "below threshold" in _run("compare_two.py", grace, eileen)


def test_people_of_ones_own_are_evaluated(tmp_path: Path) -> None:
    own, report = tmp_path / "own", tmp_path / "report.html"
    own.mkdir()
    portraits.save_many(own, 6, 2)
    assert "6 images of 2 people" in _run("evaluate_own.py", own, report)
    assert "Verification" in report.read_text(encoding="utf-8")


def test_the_notebook(people: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("party.jpg").write_bytes(portraits.pair())
    shown = _notebook(_EXAMPLES / "first_steps.ipynb")
    html = [value._repr_html_() for value in shown if hasattr(value, "_repr_html_")]
    assert len(html) == 4
    assert "Grace Hopper" in html[2]
    assert ("people", 2, 2) in shown[-1]


def _notebook(path: Path) -> list[Any]:
    """What the cells show: their last expressions."""
    shown: list[Any] = []
    names: dict[str, Any] = {}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        body = ast.parse("".join(cell["source"])).body
        last = body.pop() if isinstance(body[-1], ast.Expr) else None
        exec(compile(ast.Module(body, []), path.name, "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), path.name, "eval"), names)
            shown += [value] if value is not None else []
    return shown


def test_rates_of_any_system() -> None:
    lines = _run("evaluate_scores.py").splitlines()
    assert [line.split()[0] for line in lines] == ["FMR"] * 3
    assert all("failures counted as errors" in line for line in lines)


def test_code_written_for_rekognition(people: Path, tmp_path: Path) -> None:
    eileen, grace = (people / name / "1.jpg" for name in ("Eileen Collins", "Grace Hopper"))
    with serving(tmp_path / "served") as server:
        arguments = ("friends", eileen, eileen)
        first = _run("rekognition_client.py", *arguments, environment=server.environment())
        again = _run(
            "rekognition_client.py", "friends", eileen, grace, environment=server.environment()
        )
    assert "1.jpg resembles 1: 100.0" in first
    assert "friends is there already" in again
    assert "nobody in friends resembles the largest face of 1.jpg" in again


def test_code_written_for_rekognition_on_a_video(people: Path, tmp_path: Path) -> None:
    bucket = tmp_path / "buckets" / "films"
    bucket.mkdir(parents=True)
    videos.render(
        bucket / "party.mp4",
        [
            *videos.scene(videos.steady(0, 1000), []),
            *videos.scene(videos.steady(1000, 2000), [(videos.eileen(), videos.still((0.5, 0.5)))]),
            *videos.scene(videos.steady(2000, 3000), [(videos.grace(), videos.still((0.5, 0.5)))]),
        ],
    )
    eileen = people / "Eileen Collins" / "1.jpg"
    with serving(tmp_path / "served", "--buckets", tmp_path / "buckets") as server:
        environment = server.environment()
        _run("rekognition_client.py", "friends", eileen, eileen, environment=environment)
        found = _run(
            "rekognition_video.py", "friends", "films", "party.mp4", environment=environment
        )
    # the file's name is what its face was indexed as
    length, (resembles, similarity) = found.splitlines()[0], found.splitlines()[1].rsplit(" ", 1)
    assert (length, resembles) == ("party.mp4: 3.0 seconds", "from 1.0 s: resembles 1:")
    assert 99 < float(similarity) <= 100
    assert len(found.splitlines()) == 2


def test_who_comes_before_a_camera_with_the_client_of_aws(
    people: Path, tmp_path: Path, cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = [(videos.eileen(), videos.still((0.5, 0.5)))]
    film = [
        *videos.scene(videos.steady(0, 8000, 5.0), []),
        *videos.scene(videos.steady(8000, 12_000, 5.0), shown),
        *videos.scene(videos.steady(12_000, 60_000, 5.0), []),
    ]
    videos.render(tmp_path / "door.mp4", film)
    cameras = tmp_path / "cameras.toml"
    cameras.write_text('[cameras.door]\nfile = "door.mp4"\n')
    cameras.chmod(0o600)
    moto_server.without_aws_settings(monkeypatch)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", moto_server.KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", moto_server.SECRET)
    with moto_server.moto_server() as kinesis:
        boto3.client("kinesis", "us-east-1", endpoint_url=kinesis).create_stream(
            StreamName="seen-by-door", ShardCount=1
        )
        options = ("--kinesis-endpoint", kinesis)
        with serving(tmp_path / "data", *options, REKNOWN_CACHE=str(cache_folder)) as server:
            server.reknown("enroll", people, "--collection", "staff")
            command = [REKNOWN, "worker", "--data", server.data, "--streams", 1, *options]
            worker = subprocess.Popen(
                [*map(str, command), "--cameras", str(cameras)],
                env=os.environ | {"REKNOWN_CACHE": str(cache_folder)},
            )
            try:
                names = ("door", "staff", "seen-by-door", 25)
                own = server.environment() | {"AWS_ENDPOINT_URL_KINESIS": kinesis}
                said = _run("rekognition_stream.py", *names, environment=own)
            finally:
                worker.terminate()
                worker.wait(60)
            assert server.client().list_stream_processors()["StreamProcessors"] == []
    seen, *_, last = said.splitlines()
    assert seen.startswith("perhaps ")
    assert last.startswith("RUNNING")
