import subprocess
import sys
from pathlib import Path

from reknown.cli.demo_pictures import EILEEN, GRACE
from reknown.vision.images import decode_image


def test_the_demo_finds_who_is_enrolled_and_nobody_else(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).parent / "reknown"), "demo", "--out", str(tmp_path / "out")]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(" right") == 28
    before, after = done.stdout.split("\n3. ")
    assert before.count("a stranger") == 7
    assert "a stranger" not in after
    assert EILEEN.name in before
    assert GRACE.name in after
    pictures = sorted((tmp_path / "out").iterdir())
    assert [picture.name for picture in pictures] == [
        "1-eileen-enrolled.png",
        "2-both-enrolled.png",
    ]
    one, both = (decode_image(picture.read_bytes()).pixels for picture in pictures)
    assert one.shape == both.shape
    assert (one != both).any()
