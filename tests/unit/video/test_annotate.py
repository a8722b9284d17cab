from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest

from reknown.biometrics.errors import InvalidVideoError, VideoWorkError
from reknown.biometrics.geometry import BoundingBox
from reknown.video.annotate import annotate, blur
from reknown.video.isolation import annotate_isolated
from reknown.video.marks import Mark, Place
from videos import eileen, grace, rendered, scene, steady, still, uneven

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from reknown.vision.analyze import Engine


def opened(data: bytes) -> Any:
    return av.open(io.BytesIO(data))


def times(data: bytes) -> list[float]:
    with opened(data) as container:
        return [float(frame.pts * frame.time_base) for frame in container.decode(video=0)]


def frames(data: bytes) -> Iterator[NDArray[np.uint8]]:
    with opened(data) as container:
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24")


def sound(data: bytes) -> str:
    """A digest of the sound's packets."""
    digest = hashlib.sha256()
    with opened(data) as container:
        for packet in container.demux(container.streams.audio[0]):
            digest.update(bytes(packet))
    return digest.hexdigest()


def annotated(place: Path, data: bytes, *marks: Mark) -> tuple[bytes, tuple[str, ...]]:
    source, target = place / "source", place / "target"
    source.write_bytes(data)
    with source.open("rb") as file, target.open("x+b") as output:
        warnings = annotate(file, marks, output, lambda *_: None)
    return target.read_bytes(), warnings


def with_sound(data: bytes, codec: str, container: str) -> bytes:
    """The video with two seconds of a tone."""
    buffer = io.BytesIO()
    with opened(data) as images, av.open(buffer, "w", format=container) as output:
        stream: Any = output.add_stream_from_template(images.streams.video[0])
        tone: Any = output.add_stream(codec, rate=48_000, layout="stereo")
        for packet in images.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                output.mux(packet)
        samples = np.sin(np.arange(96_000) * 0.06).astype(np.float32)[np.newaxis].repeat(2, 0)
        for start in range(0, 96_000, 960):
            part = av.AudioFrame.from_ndarray(samples[:, start : start + 960], "fltp")
            part.sample_rate, part.pts = 48_000, start
            output.mux(tone.encode(part))
        output.mux(tone.encode(None))
    return buffer.getvalue()


@pytest.fixture(scope="module")
def clip() -> bytes:
    """A second of Eileen on the left, at uneven times."""
    return rendered(scene(uneven(0, 1000), [(eileen(200), still((0.3, 0.5)))]))


# the portrait's face in that scene
FACE = BoundingBox(0.25, 0.4, 0.1, 0.25)


def known(box: BoundingBox, *moments: int) -> Mark:
    return Mark(("Eileen",), True, False, tuple(Place(t, box) for t in moments))


def hidden(box: BoundingBox, *moments: int) -> Mark:
    return Mark(("unknown 1",), False, True, tuple(Place(t, box) for t in moments))


def test_every_frame_keeps_its_time(tmp_path: Path, clip: bytes) -> None:
    data, warnings = annotated(tmp_path, clip)
    assert times(data) == pytest.approx(times(clip), abs=1e-6)
    assert warnings == ()
    with opened(data) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        assert "mp4" in container.format.name


def test_images_stay_what_they_were_where_nothing_is_drawn(tmp_path: Path, clip: bytes) -> None:
    data, _ = annotated(tmp_path, clip, known(FACE, 0, 1000))
    for before, after in zip(frames(clip), frames(data), strict=True):
        right = np.abs(before[:, 400:].astype(int) - after[:, 400:]).mean()
        left = np.abs(before[:, 100:300].astype(int) - after[:, 100:300]).mean()
        assert right < 2 < left


def test_a_box_is_there_as_long_as_its_face(tmp_path: Path, clip: bytes) -> None:
    data, _ = annotated(tmp_path, clip, known(FACE, 300, 600))
    left, top, _, bottom = FACE.pixels(640, 360)
    for moment, before, after in zip(times(clip), frames(clip), frames(data), strict=True):
        edge = np.abs(before[top + 5 : bottom - 5, left : left + 2].astype(int)
                      - after[top + 5 : bottom - 5, left : left + 2]).mean()  # fmt: skip
        assert (edge > 20) == (0.3 <= moment <= 0.6), moment


def test_images_are_upright_and_of_even_size(tmp_path: Path) -> None:
    turned = rendered(scene(steady(0, 200), [(eileen(), still((0.5, 0.5)))]), turns=1)
    data, _ = annotated(tmp_path, turned)
    with opened(data) as container:
        frame = next(container.decode(video=0))
        assert (frame.width, frame.height, frame.rotation) == (360, 640, 0)


@pytest.mark.parametrize(("codec", "container"), [("aac", "mp4"), ("libopus", "matroska")])
def test_sound_is_copied_as_it_is(tmp_path: Path, clip: bytes, codec: str, container: str) -> None:
    loud = with_sound(clip, codec, container)
    data, warnings = annotated(tmp_path, loud)
    assert warnings == ()
    assert sound(data) == sound(loud)
    assert times(data) == pytest.approx(times(loud), abs=2e-3)


def test_sound_that_mp4_cannot_hold_is_left_out_and_told_of(tmp_path: Path, clip: bytes) -> None:
    data, warnings = annotated(tmp_path, with_sound(clip, "pcm_s16le", "mov"))
    assert warnings == ("the sound is left out: MP4 cannot hold pcm_s16le",)
    with opened(data) as container:
        assert len(container.streams) == 1


def similar(engine: Engine, data: bytes, reference: NDArray[np.uint8]) -> list[float]:
    """The similarity with the reference of every face in each second frame."""
    (template,) = engine.embed(reference, engine.detect(reference))
    assert engine.calibration is not None
    return [
        engine.calibration.similarity(float(made.vector @ template.vector))
        for pixels in list(frames(data))[::2]
        for made in engine.embed(pixels, engine.detect(pixels))
    ]


def test_nobody_is_recognised_who_was_blurred(
    engine: Engine, eileen_pixels: NDArray[np.uint8], tmp_path: Path
) -> None:
    actors = [(eileen(240), still((0.3, 0.5))), (grace(160), still((0.8, 0.5)))]
    clip = rendered(scene(steady(0, 800, 10), actors))
    (face, *_) = sorted(
        (f for f in engine.detect(next(frames(clip))) if f.box.left < 0.5),
        key=lambda f: -f.box.area,
    )
    clear = similar(engine, clip, eileen_pixels)
    assert max(clear) > 90
    data, _ = annotated(tmp_path, clip, hidden(face.box, 0, 700))
    # Grace beside her is still seen, and is not taken for her
    found = similar(engine, data, eileen_pixels)
    assert len(found) >= 4
    assert max(found) < 50


def test_a_blurred_face_is_nothing_but_a_few_cells() -> None:
    """Two faces whose cells have the same mean become the same image."""
    chance = np.random.default_rng(0)
    one = chance.integers(0, 256, (120, 120, 3), np.uint8)
    cells = one.reshape(6, 20, 6, 20, 3)
    other = cells[:, ::-1, :, ::-1].reshape(120, 120, 3).copy()
    whole = BoundingBox(0.0, 0.0, 1.0, 1.0)
    blur(one, whole)
    blur(other, whole)
    assert np.array_equal(one, other)


@pytest.mark.parametrize(
    "box",
    [
        BoundingBox(-0.5, -0.5, 2.0, 2.0),
        BoundingBox(1.5, 0.5, 0.2, 0.2),
        BoundingBox(0.5, 0.5, 0.0, 0.0),
        BoundingBox(0.5, 0.5, 0.011, 0.011),
    ],
)
def test_a_box_may_lie_anywhere(noise: NDArray[np.uint8], box: BoundingBox) -> None:
    before = noise.copy()
    blur(noise, box)
    assert noise.shape == before.shape
    assert np.array_equal(noise, before) == (box.left > 1 or box.width == 0)


def test_it_is_done_in_a_process_of_its_own(tmp_path: Path, clip: bytes) -> None:
    (tmp_path / "source").write_bytes(clip)
    heard: list[tuple[int, int, int]] = []
    with (tmp_path / "source").open("rb") as file, (tmp_path / "out").open("x+b") as output:
        file.read()  # where it was read before makes no difference
        done = annotate_isolated(
            file, [known(FACE, 0, 1000)], output, lambda *told: heard.append(told)
        )
    assert done == ()
    assert heard
    data = (tmp_path / "out").read_bytes()
    assert times(data) == pytest.approx(times(clip), abs=1e-6)
    direct = tmp_path / "direct"
    direct.mkdir()
    assert (
        next(frames(data)).tolist()
        == next(frames(annotated(direct, clip, known(FACE, 0, 1000))[0])).tolist()
    )


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"no video")
    source, target = tmp_path / "source", tmp_path / "out"
    with source.open("rb") as file, target.open("x+b") as output, pytest.raises(InvalidVideoError):
        annotate_isolated(file, [], output)


@pytest.mark.parametrize("work", [annotate, annotate_isolated])
def test_a_full_disk_is_told_of(tmp_path: Path, clip: bytes, work: Callable[..., object]) -> None:
    (tmp_path / "source").write_bytes(clip)
    with (
        (tmp_path / "source").open("rb") as file,
        open("/dev/full", "r+b", buffering=0) as full,
        pytest.raises(VideoWorkError, match=r"cannot be written: no space"),
    ):
        work(file, [], full, lambda *_: None)
