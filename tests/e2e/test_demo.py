import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from decoding import decode_image
from reknown.cli.demo_images import EILEEN, GRACE


def test_the_demo_finds_who_is_enrolled_and_nobody_else(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).parent / "reknown"), "demo", "--out", str(tmp_path / "out")]
    # it must have nothing to do with what is there
    nowhere = os.environ | {"REKNOWN_DATABASE": "postgresql://127.0.0.1:1/nowhere"}
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=120, env=nowhere
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(" right") == 28
    _, _, before, film, after, past, _ = re.split(r"\n[1-6]\. ", done.stdout)
    assert before.count("a stranger") == 7
    assert "a stranger" not in after
    assert EILEEN.name in before
    assert GRACE.name in after
    assert "0:00:01.0   0:00:04.0   Eileen Collins" in film
    assert "0:00:04.0   0:00:10.0   unknown 2" in film
    assert past.count("film.mp4") == 2
    made = sorted((tmp_path / "out").iterdir())
    assert [path.name for path in made] == [
        "1-eileen-enrolled.png",
        "2-both-enrolled.png",
        "film-annotated.mp4",
        "film.html",
        "film.mp4",
        "people",
    ]
    (console,) = re.findall(r"reknown (enroll \S+/people --data \S+)", done.stdout)
    enroll = [command[0], *shlex.split(console), "--json"]
    shown = subprocess.run(enroll, check=True, capture_output=True, text=True, timeout=60).stdout
    assert shown.count('"outcome": "enrolled"') == 2
    images = made[:2]
    one, both = (decode_image(image.read_bytes()).pixels for image in images)
    assert one.shape == both.shape
    assert (one != both).any()
