"""The converted YuNet and SFace against OpenCV and ONNX Runtime, which run the same files.

What of a template is exact and what is not:

- The same pixels give the same bits: in any run, thread, process and order of faces.
- Whatever lies 128 pixels or more from the face's surroundings, and the image's size, changes
  no bit. What is nearer does: YuNet sees that far around a cell.
- A face that moves by a multiple of 32 pixels, YuNet's largest stride, has the same template
  but for rounding, since float32 coordinates are coarser far from the corner. By other
  distances it meets YuNet's cells otherwise, and its box changes by pixels.
"""

from __future__ import annotations

import io
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import cv2
import numpy as np
import onnx
import pytest
from PIL import Image
from skimage.data import astronaut, camera, chelsea, coffee

from decoding import decode_image
from portraits import crowd, pair, three
from reknown.cli.demo_images import EILEEN, GRACE, group_image
from reknown.vision.detect.yunet import YunetDetector, YunetSettings
from reknown.vision.inference import OnnxNetwork
from reknown.vision.load import load_engine
from reknown.vision.packs.sources import read_source
from reknown.vision.packs.store import PackStore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from reknown.biometrics.faces import DetectedFace
    from reknown.biometrics.templates import Template
    from reknown.cli.demo_images import Portrait
    from reknown.vision.analyze import Engine
    from reknown.vision.inference import Model

    Pixels = NDArray[np.uint8]
    Floats = NDArray[np.float32]

TILE, FAR = 256, 128
EMBED_IN_CHILD = """
import sys
from pathlib import Path
from reknown.vision.decoding.pool import DecoderPool
from reknown.vision.load import load_engine
from reknown.vision.packs.store import PackStore
engine = load_engine(PackStore(Path(sys.argv[1])), "opencv")
pixels = DecoderPool(1).decode(Path(sys.argv[2]).read_bytes()).pixels
for template in engine.embed(pixels, engine.detect(pixels)):
    print(template.vector.tobytes().hex())
"""


@pytest.fixture(scope="module")
def store(cache_folder: Path) -> PackStore:
    return PackStore(cache_folder)


@pytest.fixture(scope="module")
def networks(store: PackStore) -> Mapping[str, Model]:
    return store.open("opencv")


@pytest.fixture(scope="module")
def opencv(store: PackStore) -> Engine:
    return load_engine(store, "opencv")


def _file(store: PackStore, role: str) -> bytes:
    return read_source(store.manifest("opencv").files()[role], store.cache)


def _scaled(portrait: Portrait, side: int) -> Pixels:
    return np.asarray(portrait.crop().resize((side, side), Image.Resampling.LANCZOS))


# --- The networks -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def original(store: PackStore) -> bytes:
    """SFace's file, its weights no longer declared as inputs, which everybody refuses."""
    model = onnx.load_model_from_string(_file(store, "sface"))
    kept = [value for value in model.graph.input if value.name == "data"]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    return bytes(model.SerializeToString())


@pytest.fixture(scope="module")
def chips() -> list[Pixels]:
    """RGB (112, 112, 3): faces, no faces, noise, the darkest and the brightest."""
    eileen, grace = _scaled(EILEEN, 400), _scaled(GRACE, 400)
    cuts = [eileen[60:284:2, 80:304:2], eileen[100:212, 130:242], grace[90:314:2, 80:304:2]]
    noise = np.random.default_rng(0).integers(0, 256, (112, 112, 3), np.uint8)
    plain = [np.full_like(noise, value) for value in (0, 128, 255)]
    return [np.ascontiguousarray(cut) for cut in (*cuts, cuts[2][:, ::-1], noise, *plain)]


def _vectors(network: OnnxNetwork, chips: list[Pixels]) -> Floats:
    blobs = [np.ascontiguousarray(chip.transpose(2, 0, 1)[None], np.float32) for chip in chips]
    return np.concatenate([next(iter(network.run(blob).values())) for blob in blobs])


def _furthest(found: Floats, expected: Floats) -> float:
    """By how much a value differs at most, in units of its vector's length."""
    return float((np.abs(found - expected) / np.linalg.norm(expected, axis=1)[:, None]).max())


def test_sface_answers_as_its_file_does_in_onnx_runtime(
    networks: Mapping[str, Model], original: bytes, chips: list[Pixels]
) -> None:
    found = _vectors(OnnxNetwork(networks["sface"]), chips)
    assert _furthest(found, _vectors(OnnxNetwork(original), chips)) <= 1e-5


def test_sface_answers_as_its_file_does_in_opencv(
    networks: Mapping[str, Model], original: bytes, chips: list[Pixels]
) -> None:
    nothing = np.zeros(0, np.uint8)
    reference = cv2.FaceRecognizerSF.create("onnx", np.frombuffer(original, np.uint8), nothing)
    expected = [reference.feature(np.ascontiguousarray(chip[..., ::-1])) for chip in chips]
    found = _vectors(OnnxNetwork(networks["sface"]), chips)
    assert _furthest(found, np.concatenate(expected)) <= 1e-5


def _astronaut(width: int, height: int) -> Pixels:
    return np.asarray(Image.fromarray(astronaut()).resize((width, height)))


IMAGES: dict[str, Callable[[], Pixels]] = {
    **{
        f"{side} pixels": partial(_astronaut, side, side)
        for side in (100, 160, 250, 333, 512, 641, 1000, 1280)
    },
    "a wide cut": lambda: astronaut()[:217, :390],
    "a narrow cut": lambda: astronaut()[:, 120:300],
    "Grace": lambda: np.asarray(GRACE.crop()),
    "both": lambda: decode_image(pair()).pixels,
    "three": lambda: decode_image(three()).pixels,
    "a crowd": lambda: decode_image(crowd(9, 6)).pixels,
    "many variants": lambda: np.asarray(group_image()[0].resize((1280, 370))),
    "a man from the side": lambda: np.repeat(camera()[..., None], 3, axis=2),
    "a cat": chelsea,
    "coffee": coffee,
}
COUNTS = {"both": 2, "three": 3, "a crowd": 54, "many variants": 14, "a cat": 0, "coffee": 0}


def _reference(store: PackStore, pixels: Pixels) -> Floats:
    """Of each face: left, top, width, height, five points, score; best first."""
    settings = YunetSettings()
    detector = cv2.FaceDetectorYN.create(
        "onnx",
        np.frombuffer(_file(store, "yunet"), np.uint8),
        np.zeros(0, np.uint8),
        (pixels.shape[1], pixels.shape[0]),
        settings.threshold,
        settings.overlap,
    )
    _, rows = detector.detect(np.ascontiguousarray(pixels[..., ::-1]))
    return np.empty((0, 15), np.float32) if rows is None else np.asarray(rows, np.float32)


def _found(networks: Mapping[str, Model], pixels: Pixels) -> Floats:
    """The same by ours."""
    detector = YunetDetector(OnnxNetwork(networks["yunet"]), YunetSettings())
    found = detector.detect(pixels)
    corners, sides = found.boxes[:, :2], found.boxes[:, 2:] - found.boxes[:, :2]
    points = found.landmarks.reshape(-1, 10)
    return np.hstack([corners, sides, points, found.scores[:, None]])


@pytest.mark.parametrize("name", IMAGES)
def test_yunet_finds_what_opencv_finds(
    store: PackStore, networks: Mapping[str, Model], name: str
) -> None:
    """Boxes and landmarks to a thousandth of a pixel, scores to a millionth."""
    pixels = np.ascontiguousarray(IMAGES[name]())
    found, expected = _found(networks, pixels), _reference(store, pixels)
    assert len(found) == len(expected) == COUNTS.get(name, 1)
    # Faces that look the same have the same score, and either may come first.
    found, expected = (rows[np.lexsort(rows[:, :2].T.round())] for rows in (found, expected))
    np.testing.assert_allclose(found[:, :14], expected[:, :14], rtol=0, atol=1e-3)
    np.testing.assert_allclose(found[:, 14], expected[:, 14], rtol=0, atol=1e-6)


def test_a_large_image_is_what_opencv_finds_in_the_smaller_one(
    store: PackStore, networks: Mapping[str, Model]
) -> None:
    large = _astronaut(2000, 1700)
    small = cv2.resize(large, (1280, 1088), interpolation=cv2.INTER_AREA)
    (found,), (expected,) = _found(networks, large), _reference(store, np.asarray(small, np.uint8))
    np.testing.assert_allclose(found[:14], expected[:14] * 2000 / 1280, rtol=0, atol=2e-3)
    assert found[14] == pytest.approx(expected[14], abs=1e-6)


# --- The templates ------------------------------------------------------------------------


def _canvas(width: int, height: int, *tiles: tuple[Pixels, int, int]) -> Pixels:
    canvas = np.full((height, width, 3), 60, np.uint8)
    for pixels, left, top in tiles:
        canvas[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
    return canvas


def _extracted(
    engine: Engine, pixels: Pixels, left: int, top: int
) -> tuple[DetectedFace, Template, Floats]:
    """The face in the middle of the tile there, its template and landmarks within the tile."""
    size = np.array(pixels.shape[1::-1])
    centre = np.array([left, top]) + TILE / 2
    found = {}
    for face, template in engine.extract(pixels, engine.detect(pixels)):
        points = np.array([(point.x, point.y) for point in face.landmarks.points()]) * size
        away = float(np.linalg.norm(points[2] - centre))
        found[away] = face, template, np.asarray(points - [left, top], np.float32)
    return found[min(found)]


@pytest.fixture(scope="module")
def tiles() -> tuple[Pixels, Pixels]:
    """Grace and Eileen, `TILE` pixels a side."""
    return _scaled(GRACE, TILE), _scaled(EILEEN, TILE)


@pytest.fixture(scope="module")
def alone(opencv: Engine, tiles: tuple[Pixels, Pixels]) -> tuple[DetectedFace, Template, Floats]:
    """Grace at 320, 320 of 960 x 960 grey pixels."""
    return _extracted(opencv, _canvas(960, 960, (tiles[0], 320, 320)), 320, 320)


BEYOND = 320 + TILE + FAR
SURROUNDINGS: dict[str, Callable[[Pixels], Pixels]] = {
    "a smaller image": lambda c: c[:BEYOND, :BEYOND],
    "a wide image": lambda c: np.pad(c, ((0, 0), (0, 320), (0, 0)), constant_values=200),
    "a tall image": lambda c: np.pad(c, ((0, 99), (0, 0), (0, 0)), constant_values=200),
    "an odd size": lambda c: c[:901, :877],
    "white at the right": lambda c: np.hstack([c[:, :BEYOND], np.full_like(c[:, BEYOND:], 255)]),
    "noise below": lambda c: np.vstack([c[:BEYOND], np.random.default_rng(0).integers(
        0, 256, c[BEYOND:].shape, np.uint8)]),
}  # fmt: skip


@pytest.mark.parametrize("surroundings", SURROUNDINGS)
def test_what_is_far_from_a_face_changes_no_bit_of_its_template(
    opencv: Engine,
    tiles: tuple[Pixels, Pixels],
    alone: tuple[DetectedFace, Template, Floats],
    surroundings: str,
) -> None:
    image = SURROUNDINGS[surroundings](_canvas(960, 960, (tiles[0], 320, 320)))
    _, template, _ = _extracted(opencv, np.ascontiguousarray(image), 320, 320)
    assert template.vector.tobytes() == alone[1].vector.tobytes()
    assert template.magnitude == alone[1].magnitude


@pytest.mark.parametrize("others", [1, 2, 5])
def test_other_faces_change_no_bit_of_a_template(
    opencv: Engine,
    tiles: tuple[Pixels, Pixels],
    alone: tuple[DetectedFace, Template, Floats],
    others: int,
) -> None:
    grace, eileen = tiles
    places = [(BEYOND, 320), (320, BEYOND), (BEYOND, BEYOND), (BEYOND, 0), (0, BEYOND)]
    crowd = [(eileen, left, top) for left, top in places[:others]]
    image = _canvas(960, 960, (grace, 320, 320), *crowd)
    assert len(opencv.detect(image)) == 1 + others
    _, template, _ = _extracted(opencv, image, 320, 320)
    assert template.vector.tobytes() == alone[1].vector.tobytes()


@pytest.mark.parametrize("move", [(32, 0), (0, 32), (-64, 96), (320, 256)])
def test_a_face_that_moves_by_whole_cells_keeps_its_template_but_for_rounding(
    opencv: Engine,
    tiles: tuple[Pixels, Pixels],
    alone: tuple[DetectedFace, Template, Floats],
    move: tuple[int, int],
) -> None:
    left, top = 320 + move[0], 320 + move[1]
    image = _canvas(1280, 1280, (tiles[0], left, top))
    _, template, landmarks = _extracted(opencv, image, left, top)
    np.testing.assert_allclose(landmarks, alone[2], rtol=0, atol=1e-3)
    np.testing.assert_allclose(template.vector, alone[1].vector, rtol=0, atol=1e-3)


@pytest.mark.parametrize("move", [(1, 0), (5, 3), (16, 16)])
def test_a_face_that_moves_by_less_keeps_its_template_nearly(
    opencv: Engine,
    tiles: tuple[Pixels, Pixels],
    alone: tuple[DetectedFace, Template, Floats],
    move: tuple[int, int],
) -> None:
    left, top = 320 + move[0], 320 + move[1]
    image = _canvas(960, 960, (tiles[0], left, top))
    _, template, landmarks = _extracted(opencv, image, left, top)
    assert np.abs(landmarks - alone[2]).max() < 2
    assert float(template.vector @ alone[1].vector) > 0.97


@pytest.mark.parametrize("gap", [0, 64])
def test_a_face_close_by_changes_a_template_little(
    opencv: Engine,
    tiles: tuple[Pixels, Pixels],
    alone: tuple[DetectedFace, Template, Floats],
    gap: int,
) -> None:
    grace, eileen = tiles
    image = _canvas(960, 960, (grace, 320, 320), (eileen, 320 + TILE + gap, 320))
    _, template, _ = _extracted(opencv, image, 320, 320)
    assert float(template.vector @ alone[1].vector) > 0.999


@pytest.fixture(scope="module")
def group() -> bytes:
    """A PNG of both people three times each."""
    image, _ = group_image()
    buffer = io.BytesIO()
    image.crop((0, 0, 1116, image.height)).save(buffer, "PNG")
    return buffer.getvalue()


def test_templates_do_not_depend_on_the_order_or_the_number_of_faces(
    opencv: Engine, group: bytes
) -> None:
    pixels = decode_image(group).pixels
    faces = opencv.detect(pixels)
    assert len(faces) == 6
    singly = [opencv.embed(pixels, [face])[0].vector.tobytes() for face in faces]
    assert [t.vector.tobytes() for t in opencv.embed(pixels, faces)] == singly
    assert [t.vector.tobytes() for t in opencv.embed(pixels, faces[::-1])] == singly[::-1]
    many = opencv.embed(pixels, faces * 4)
    assert [template.vector.tobytes() for template in many] == singly * 4


@pytest.mark.parametrize("threads", [1, 4])
def test_templates_do_not_depend_on_threads_or_repetition(
    opencv: Engine, group: bytes, threads: int
) -> None:
    def work(number: int) -> list[bytes]:
        pixels = decode_image(group).pixels
        return [t.vector.tobytes() for t in opencv.embed(pixels, opencv.detect(pixels))]

    expected = work(0)
    with ThreadPoolExecutor(threads) as pool:
        assert list(pool.map(work, range(8))) == [expected] * 8


def test_templates_do_not_depend_on_the_process(
    opencv: Engine, group: bytes, cache_folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "group.png"
    path.write_bytes(group)
    pixels = decode_image(group).pixels
    expected = [t.vector.tobytes().hex() for t in opencv.embed(pixels, opencv.detect(pixels))]
    command = [sys.executable, "-c", EMBED_IN_CHILD]
    # The second one converts again.
    children = [
        subprocess.Popen([*command, str(cache), str(path)], stdout=subprocess.PIPE, text=True)
        for cache in (cache_folder, tmp_path / "empty")
    ]
    assert [child.communicate(timeout=120)[0].split() for child in children] == [expected] * 2
