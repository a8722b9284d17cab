from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest

from decoding import decode_image
from reknown.biometrics.errors import GalleryError, InputError
from reknown.biometrics.faces import QualityMeasure
from reknown.cli.demo_images import GRACE, jpeg
from reknown.evaluation.data.duplicates import find_duplicates
from reknown.evaluation.data.manifest import read_manifest
from reknown.evaluation.data.templates import TemplateSet, extract
from reknown.vision.analyze import Look

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from reknown.biometrics.faces import DetectedFace
    from reknown.biometrics.templates import Template
    from reknown.evaluation.data.sampling import FaceChoice
    from reknown.vision.analyze import Engine

    Pixels = NDArray[np.uint8]
    Extracted = tuple[tuple[DetectedFace, Template], ...]

DETECTOR = "0" * 64


class Counting:
    """An engine that counts the images it is shown."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.space = engine.space
        self.images = 0

    def detect(
        self, pixels: Pixels, look: Look = Look.GLANCE, largest: int | None = None
    ) -> tuple[DetectedFace, ...]:
        self.images += 1
        return self._engine.detect(pixels, look, largest)

    def extract(self, pixels: Pixels, faces: list[DetectedFace]) -> Extracted:
        return self._engine.extract(pixels, faces)


@pytest.fixture
def counting(engine: Engine) -> Counting:
    return Counting(engine)


def _run(
    engine: Counting | Engine, root: Path, folder: Path, choose: FaceChoice = "central"
) -> TemplateSet:
    manifest = read_manifest(root)
    return extract(
        cast("Engine", engine), decode_image, manifest, folder, detector=DETECTOR, choose=choose
    )


def test_each_sample_has_a_template_or_a_reason(
    engine: Engine, people: Path, tmp_path: Path, eileen: bytes
) -> None:
    other = people / "Zoe"
    other.mkdir()
    (other / "1.jpg").write_bytes(b"no image")
    (other / "2.jpg").write_bytes(jpeg(GRACE.crop().crop((0, 0, 90, 90))))
    (other / "3.webp").write_bytes(b"RIFF")
    (other / "4.jpg").write_bytes(b"")
    found = _run(engine, people, tmp_path / "cache")
    assert found.failed.tolist() == [False, False, True, True, True, True]
    assert found.reasons[:2] == ("", "")
    assert "not a readable image" in found.reasons[2]
    assert found.reasons[3] == "no face found"
    assert "not a readable image" in found.reasons[4]
    assert found.reasons[5] == "the file is empty"
    assert not found.vectors[2:].any()
    assert found.quality[2:].tolist() == [-1] * 4
    pixels = decode_image(eileen).pixels
    (face,) = engine.detect(pixels, Look.POSE)
    ((seen, template),) = engine.extract(pixels, [face])
    assert (found.vectors[0] == template.vector).all()
    assert found.quality[0] == seen.quality.unified_score.score
    assert found.quality[0] != face.quality.unified_score.score
    assert found.images.digests[0] == hashlib.sha256(eileen).hexdigest()
    assert (found.space, found.detector, found.choose) == (engine.space, DETECTOR, "central")


def test_a_missing_file_is_a_failure(engine: Engine, people: Path, tmp_path: Path) -> None:
    (people / "set.csv").write_text("image,subject\nGrace Hopper/1.jpg,G\nGrace Hopper/2.jpg,G\n")
    found = _run(engine, people / "set.csv", tmp_path / "cache")
    assert found.failed.tolist() == [False, True]
    assert "no such file" in found.reasons[1]
    assert found.images.digests[1] == ""


def test_an_image_is_worked_on_once(counting: Counting, people: Path, tmp_path: Path) -> None:
    copy = people / "Copy"
    copy.mkdir()
    (copy / "1.jpg").write_bytes((people / "Grace Hopper" / "1.jpg").read_bytes())
    first = _run(counting, people, tmp_path / "cache")
    assert (counting.images, first.reused) == (2, 0)
    second = _run(counting, people, tmp_path / "cache")
    assert (counting.images, second.reused) == (2, 3)
    assert (first.vectors == second.vectors).all()
    assert (first.quality == second.quality).all()
    assert (first.images.hashes == second.images.hashes).all()
    assert (first.images.thumbnails == second.images.thumbnails).all()
    subjects, _ = read_manifest(people).subjects()
    found = find_duplicates(second.images, subjects)
    assert (found.first.tolist(), found.second.tolist()) == ([0], [2])
    assert found.exact.all()
    _run(counting, people, tmp_path / "cache", "largest")
    assert counting.images == 4


def test_a_damaged_cache_is_made_good(counting: Counting, people: Path, tmp_path: Path) -> None:
    first = _run(counting, people, tmp_path / "cache")
    (file,) = (tmp_path / "cache").iterdir()
    data = bytearray(file.read_bytes())
    data[-5] ^= 1
    file.write_bytes(data)
    second = _run(counting, people, tmp_path / "cache")
    assert (counting.images, second.reused, second.damaged) == (3, 1, 1)
    assert (first.vectors == second.vectors).all()
    third = _run(counting, people, tmp_path / "cache")
    assert (counting.images, third.reused) == (3, 2)


def test_which_face_is_the_subjects(engine: Engine, people: Path, tmp_path: Path) -> None:
    class Two(Counting):
        def detect(
            self, pixels: Pixels, look: Look = Look.GLANCE, largest: int | None = None
        ) -> tuple[DetectedFace, ...]:
            (face,) = super().detect(pixels, look, largest)
            nose, poor = replace(face.landmarks.nose, x=0.01), QualityMeasure(0.001, 0)
            corner = replace(
                face,
                landmarks=replace(face.landmarks, nose=nose),
                quality=replace(face.quality, yaw=poor, pitch=poor),
            )
            return corner, face

    central = _run(Two(engine), people, tmp_path / "cache")
    largest = _run(Two(engine), people, tmp_path / "cache", "largest")
    assert (largest.quality < 30).all()
    assert (central.quality > 50).all()
    with pytest.raises(InputError, match="central or largest"):
        _run(engine, people, tmp_path, cast("FaceChoice", "smallest"))


def test_errors_of_the_program_come_through(engine: Engine, people: Path, tmp_path: Path) -> None:
    class Broken(Counting):
        def detect(
            self, pixels: Pixels, look: Look = Look.GLANCE, largest: int | None = None
        ) -> tuple[DetectedFace, ...]:
            raise GalleryError("broken")

    with pytest.raises(GalleryError, match="broken"):
        _run(Broken(engine), people, tmp_path / "cache")


def test_a_template_that_is_not_finite_is_a_failure(
    engine: Engine, people: Path, tmp_path: Path
) -> None:
    class Broken(Counting):
        def extract(self, pixels: Pixels, faces: list[DetectedFace]) -> Extracted:
            ((face, template),) = super().extract(pixels, faces)
            return ((face, replace(template, vector=template.vector * np.float32(np.nan))),)

    found = _run(Broken(engine), people, tmp_path / "cache")
    assert found.reasons == ("the template is not finite",) * 2
    assert not found.vectors.any()


def test_progress_is_told(engine: Engine, people: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    extract(
        engine,
        decode_image,
        read_manifest(people),
        tmp_path / "cache",
        detector=DETECTOR,
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(1, 2), (2, 2)]


_PROGRAM = """
import sys
from pathlib import Path
from reknown.evaluation.data.manifest import read_manifest
from reknown.evaluation.data.templates import extract
from reknown.vision.decoding.pool import DecoderPool
from reknown.vision.load import load_engine
from reknown.vision.packs.store import PackStore
engine = load_engine(PackStore(Path(sys.argv[1])), "opencv")
decode = DecoderPool().decode
extract(engine, decode, read_manifest(Path(sys.argv[2])), Path(sys.argv[3]), detector="0" * 64)
"""


def test_a_run_that_was_killed_goes_on_where_it_stopped(
    counting: Counting, cache_folder: Path, tmp_path: Path
) -> None:
    image = GRACE.crop()
    for number in range(60):
        folder = tmp_path / "set" / str(number)
        folder.mkdir(parents=True)
        (folder / "1.jpg").write_bytes(jpeg(image.resize((300 + number, 300))))
    cache = tmp_path / "cache"
    program = [sys.executable, "-c", _PROGRAM, *map(str, (cache_folder, tmp_path / "set", cache))]
    for records in (3, 8):
        process = subprocess.Popen(program)
        _wait_for_bytes(cache, records * 900, process)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    found = _run(counting, tmp_path / "set", cache)
    assert found.damaged == 0
    assert found.reused >= 8
    assert counting.images == 60 - found.reused
    assert (found.vectors == _run(counting, tmp_path / "set", tmp_path / "new").vectors).all()


def _wait_for_bytes(folder: Path, size: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 120
    while sum(file.stat().st_size for file in folder.glob("*")) < size:
        assert process.poll() is None, "done before it could be killed"
        assert time.monotonic() < until
        time.sleep(0.002)
