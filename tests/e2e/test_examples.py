import subprocess
import sys
from pathlib import Path

import videos
from servers import serving

_EXAMPLES = Path(__file__).parents[2] / "examples"


def _run(name: str, *arguments: object, environment: dict[str, str] | None = None) -> str:
    command = [sys.executable, "-W", "error", str(_EXAMPLES / name), *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, check=True, text=True, timeout=60, env=environment
    )
    return str(done.stdout)


def test_two_pictures_of_one_person(people: Path) -> None:
    picture = people / "Grace Hopper" / "1.jpg"
    assert "at or above the threshold" in _run("compare_two.py", picture, picture)


def test_two_people(people: Path) -> None:
    first, second = (people / name / "1.jpg" for name in ("Grace Hopper", "Eileen Collins"))
    assert "below the threshold" in _run("compare_two.py", first, second)


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
