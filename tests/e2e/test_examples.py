import subprocess
import sys
from pathlib import Path

_EXAMPLES = Path(__file__).parents[2] / "examples"


def _run(name: str, *arguments: Path) -> str:
    command = [sys.executable, "-W", "error", str(_EXAMPLES / name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=60)
    return str(done.stdout)


def test_two_pictures_of_one_person(people: Path) -> None:
    picture = people / "Grace Hopper" / "1.jpg"
    assert "at or above the threshold" in _run("compare_two.py", picture, picture)


def test_two_people(people: Path) -> None:
    first, second = (people / name / "1.jpg" for name in ("Grace Hopper", "Eileen Collins"))
    assert "below the threshold" in _run("compare_two.py", first, second)
