"""The programs on the pages that need a server, run word for word."""

import shutil
import subprocess
import sys
from pathlib import Path

import videos
from pages import ROOT, snippets
from servers import serving


def _boto3_program(page: str, mark: str) -> str:
    (text,) = (found.text for found in snippets(ROOT / page) if mark in found.text)
    return text


def _output(program: str, folder: Path, environment: dict[str, str]) -> str:
    command = [sys.executable, "-c", program]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, check=True, text=True, timeout=60
    )
    return done.stdout


def test_documented_calls(people: Path, tmp_path: Path) -> None:
    for name in ("eileen.jpg", "party.jpg"):
        shutil.copy(people / "Eileen Collins" / "1.jpg", tmp_path / name)
    bucket = tmp_path / "buckets" / "media"
    bucket.mkdir(parents=True)
    videos.render(
        bucket / "party.mp4",
        videos.scene(videos.steady(0, 1000), [(videos.eileen(), videos.still((0.5, 0.5)))]),
    )
    of_the_readme = _boto3_program("README.md", "create_collection")
    assert of_the_readme == _boto3_program("docs/start/first-api-call.md", "create_collection")
    of_the_reference = _boto3_program("docs/reference/rekognition.md", "search_all_faces")
    of_video_jobs = _boto3_program("docs/how-to/video-jobs.md", "start_face_search(")
    with serving(tmp_path / "served", "--buckets", tmp_path / "buckets") as server:
        environment = server.environment()
        found = _output(of_the_readme, tmp_path, environment)
        every_face = _output(of_the_reference, tmp_path, environment)
        seen = _output(of_video_jobs, tmp_path, environment)
    name, similarity = found.split()
    assert name == "eileen"
    assert float(similarity) > 99
    assert "['eileen']" in every_face
    assert "['eileen']" in seen
