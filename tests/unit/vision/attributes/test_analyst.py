from __future__ import annotations

from dataclasses import astuple, dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from reknown.cli.demo_images import EILEEN, GRACE, Portrait
from reknown.vision.analyze import Look
from reknown.vision.attributes.mesh import Square, face_square

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from reknown.biometrics.faces import DetectedFace, FaceAttributes
    from reknown.vision.analyze import Engine
    from reknown.vision.inference import Network

    Pixels = NDArray[np.uint8]


def looked_at(engine: Engine, pixels: Pixels, look: Look = Look.ATTRIBUTES) -> DetectedFace:
    (face,) = engine.detect(pixels, look)
    return face


def told(face: DetectedFace) -> FaceAttributes:
    assert face.attributes is not None
    return face.attributes


def portrait(which: Portrait) -> Pixels:
    return np.array(which.crop())


@pytest.mark.parametrize(("which", "laughs"), [(EILEEN, True), (GRACE, False)])
def test_portraits_are_seen_as_they_are(engine: Engine, which: Portrait, laughs: bool) -> None:
    face = looked_at(engine, portrait(which))
    found = told(face)
    for judged, value in (
        (found.eyes_open, True),
        (found.mouth_open, laughs),
        (found.smile, laughs),
        (found.sunglasses, False),
    ):
        assert judged is not None
        assert judged.value == value
        assert 0.5 <= judged.confidence <= 1
    assert found.gaze is not None
    # both look into the camera
    assert max(abs(found.gaze.yaw), abs(found.gaze.pitch)) < 10
    assert max(abs(angle) for angle in astuple(face.pose)) < 15


def test_a_mirrored_face_does_the_same_the_other_way_round(engine: Engine) -> None:
    pixels = portrait(EILEEN)
    one, other = (looked_at(engine, each) for each in (pixels, pixels[:, ::-1].copy()))
    assert one.pose.yaw == pytest.approx(-other.pose.yaw, abs=4)
    assert one.pose.pitch == pytest.approx(other.pose.pitch, abs=4)
    assert one.pose.roll == pytest.approx(-other.pose.roll, abs=3)
    left, right = told(one).gaze, told(other).gaze
    assert left is not None
    assert right is not None
    assert left.yaw == pytest.approx(-right.yaw, abs=5)
    points, mirrored = told(one).points, told(other).points
    for name in ("right_pupil", "right_eye_outer", "right_brow_top", "jaw_right_middle"):
        counterpart = mirrored[name.replace("right", "left")]
        assert points[name].x == pytest.approx(1 - counterpart.x, abs=0.02)
        assert points[name].y == pytest.approx(counterpart.y, abs=0.02)


@pytest.mark.parametrize("degrees", [-40, -15, 20, 45])
def test_a_turned_picture_turns_roll_alone(engine: Engine, degrees: int) -> None:
    pixels = portrait(EILEEN)
    side = pixels.shape[0]
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), -degrees, 0.8)
    face = looked_at(engine, np.asarray(cv2.warpAffine(pixels, turn, (side, side)), np.uint8))
    upright = looked_at(engine, pixels)
    assert face.pose.roll - upright.pose.roll == pytest.approx(degrees, abs=3)
    assert face.pose.yaw == pytest.approx(upright.pose.yaw, abs=5)
    assert face.pose.pitch == pytest.approx(upright.pose.pitch, abs=5)


def test_covered_eyes_are_dark_glasses(engine: Engine) -> None:
    pixels = portrait(EILEEN)
    points = told(looked_at(engine, pixels)).points
    height, width = pixels.shape[:2]
    for side in ("right", "left"):
        outer, inner = points[f"{side}_eye_outer"], points[f"{side}_eye_inner"]
        centre = ((outer.x + inner.x) / 2 * width, (outer.y + inner.y) / 2 * height + 2)
        across = abs(outer.x - inner.x) * width
        box = (round(1.6 * across), round(1.2 * across))
        cv2.ellipse(pixels, (centre, box, 0), (20, 20, 25), -1)
    sunglasses = told(looked_at(engine, pixels)).sunglasses
    assert sunglasses is not None
    assert sunglasses.value


def test_the_same_template_whichever_way_the_face_was_looked_at(engine: Engine) -> None:
    pixels = portrait(GRACE)
    templates = [engine.embed(pixels, engine.detect(pixels, look))[0].vector for look in Look]
    assert all(np.array_equal(template, templates[0]) for template in templates)


def test_a_glance_asks_for_no_mesh(engine: Engine) -> None:
    def never() -> None:
        raise AssertionError("nobody needs it")

    pixels = portrait(EILEEN)
    assert looked_at(replace(engine, analyst=never), pixels, Look.GLANCE).attributes is None
    assert looked_at(engine, pixels, Look.POSE).attributes is None


def test_without_the_pack_poses_are_of_five_points(engine: Engine) -> None:
    bare, pixels = replace(engine, analyst=lambda: None), portrait(EILEEN)
    glance = looked_at(bare, pixels, Look.GLANCE)
    assert looked_at(bare, pixels) == looked_at(bare, pixels, Look.POSE) == glance


def test_where_there_is_no_face_there_is_no_mesh(engine: Engine) -> None:
    analyst = engine.analyst()
    assert analyst is not None
    landmarks = np.array([(90, 110), (160, 110), (125, 145), (95, 180), (155, 180)], np.float32)
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    assert analyst.look(noise, landmarks) is None
    # landmarks that are none, from a detector gone astray
    for astray in (np.zeros((5, 2)), np.full((5, 2), 1e6), 1e5 * landmarks, 1e-3 * landmarks):
        seen = analyst.look(portrait(EILEEN), astray.astype(np.float32))
        assert seen is None or np.isfinite(astuple(seen.pose)).all()


@dataclass(frozen=True)
class _Says:
    """A network that gives these numbers, whatever it is shown."""

    network: Network
    replaced: dict[str, float]

    def run(self, data: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        found = dict(self.network.run(data))
        return found | {n: np.full_like(found[n], value) for n, value in self.replaced.items()}


@pytest.mark.parametrize("replaced", [{"points": 90.0}, {"points": np.nan}, {"face": -800.0}])
def test_a_mesh_that_is_none_shows_no_face(engine: Engine, replaced: dict[str, float]) -> None:
    analyst = engine.analyst()
    assert analyst is not None
    pixels = portrait(EILEEN)
    landmarks = engine.detector.detect(pixels).landmarks[0]
    assert analyst.look(pixels, landmarks) is not None
    assert replace(analyst, mesh=_Says(analyst.mesh, replaced)).look(pixels, landmarks) is None
    assert analyst.look(pixels, np.full_like(landmarks, np.nan)) is None


def test_eyes_without_numbers_tell_nothing(engine: Engine) -> None:
    analyst = engine.analyst()
    assert analyst is not None
    blind = replace(analyst, iris=_Says(analyst.iris, {"iris": np.nan}))
    seen = looked_at(replace(engine, analyst=lambda: blind), portrait(EILEEN))
    assert seen.attributes is None
    assert seen.pose == looked_at(engine, portrait(EILEEN)).pose


def test_a_square_places_what_it_cuts(engine: Engine) -> None:
    square = Square(np.array([100.0, 80.0]), 60.0, 0.3)
    corners = np.array([(0, 0, 0), (64, 0, 0), (64, 64, 0), (0, 64, 6.4)], np.float64)
    placed = square.place(corners, 64)
    assert placed[:, :2] == pytest.approx(square.corners())
    assert placed[3, 2] == pytest.approx(6.0)


def test_the_square_of_a_face_turns_with_it() -> None:
    upright = np.array([(40, 50), (60, 50), (50, 60), (43, 72), (57, 72)], np.float64)
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    one, other = face_square(upright), face_square(upright @ turn)
    assert other.side == pytest.approx(one.side)
    assert other.turn - one.turn == pytest.approx(np.pi / 2)
    assert other.centre == pytest.approx(one.centre @ turn)
