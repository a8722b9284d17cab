"""Videos for tests, rendered from the two portraits of the demo and from drawings."""

from __future__ import annotations

import io
from fractions import Fraction
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO

import av
import numpy as np
from PIL import Image

from reknown.cli.demo_images import EILEEN, GRACE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from reknown.cli.demo_images import Portrait

    Pixels = NDArray[np.uint8]
    # where the middle of a portrait is, in ratios of the frame, at a share 0 to 1 of the scene
    Motion = Callable[[float], tuple[float, float]]

SIZE = (640, 360)
_GREY = (96, 96, 104)
_MILLISECONDS = Fraction(1, 1000)
# Those that know a few rates and no times: frames are to be 40 milliseconds apart.
_STEADY = frozenset(
    {
        "mpeg1video", "mpeg2video", "mjpeg", "msmpeg4v2", "msmpeg4", "dvvideo", "wmv1", "wmv2",
        "flv", "h263", "gif",
    }
)  # fmt: skip


def render(  # noqa: PLR0913 - what a file can be told
    place: Path | BinaryIO,
    frames: Iterable[tuple[Pixels, int]],
    *,
    codec: str = "libx264",
    container: str = "mp4",
    turns: int = 0,
    quality: str = "20",
    pixels: str = "yuv420p",
    metadata: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Writes (RGB pixels, milliseconds) as a video whose frames have just these times.

    `turns` is how often the player has to turn it by 90 degrees against the clock.
    """
    target: Any = str(place) if not hasattr(place, "write") else place
    with av.open(target, "w", format=container) as output:
        output.metadata.update(metadata)
        stream: Any = None
        for image, time_ms in frames:
            if stream is None:
                stream = _stream(output, codec, image, quality)
                stream.pix_fmt = pixels
                if turns:
                    stream.set_display_rotation(90.0 * turns)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
            frame.pts, frame.time_base = time_ms, _MILLISECONDS
            output.mux(stream.encode(frame))
        if stream is not None:
            output.mux(stream.encode(None))


def rendered(frames: Iterable[tuple[Pixels, int]], **options: Any) -> bytes:
    """The same in memory."""
    buffer = io.BytesIO()
    render(buffer, frames, **options)
    return buffer.getvalue()


def still(at: tuple[float, float]) -> Motion:
    """No motion at all."""
    return lambda _share: at


def line(start: tuple[float, float], end: tuple[float, float]) -> Motion:
    """From one place to the other at an even pace."""
    return lambda share: (
        start[0] + (end[0] - start[0]) * share,
        start[1] + (end[1] - start[1]) * share,
    )


def scene(
    times_ms: Sequence[int],
    actors: Sequence[tuple[Image.Image, Motion]],
    size: tuple[int, int] = SIZE,
    ground: tuple[int, int, int] = _GREY,
) -> Iterator[tuple[Pixels, int]]:
    """Images moving over a ground; later ones lie over earlier ones."""
    width, height = size
    for number, time_ms in enumerate(times_ms):
        canvas = Image.new("RGB", size, ground)
        share = number / max(len(times_ms) - 1, 1)
        for image, motion in actors:
            x, y = motion(share)
            corner = (
                round(x * width - image.width / 2),
                round(y * height - image.height / 2),
            )
            canvas.paste(image, corner)
        yield np.asarray(canvas), time_ms


def person(portrait: Portrait, side: int) -> Image.Image:
    """A portrait as a square of that many pixels."""
    return portrait.crop().resize((side, side), Image.Resampling.LANCZOS)


def eileen(side: int = 160) -> Image.Image:
    """Eileen Collins."""
    return person(EILEEN, side)


def grace(side: int = 160) -> Image.Image:
    """Grace Hopper."""
    return person(GRACE, side)


def steady(start_ms: int, end_ms: int, rate: float = 25.0) -> list[int]:
    """The times of frames from `start_ms` until before `end_ms` at a constant rate."""
    count = round((end_ms - start_ms) * rate / 1000)
    return [round(start_ms + number * 1000 / rate) for number in range(count)]


def uneven(start_ms: int, end_ms: int, seed: int = 0) -> list[int]:
    """Times of a variable frame rate: 15 to 90 ms from frame to frame."""
    chance = np.random.default_rng(seed)
    times = [start_ms]
    while True:
        following = times[-1] + int(chance.integers(15, 90))
        if following >= end_ms:
            return times
        times.append(following)


def _stream(output: Any, codec: str, image: Pixels, quality: str) -> Any:
    options = {"preset": "ultrafast", "crf": quality} if codec == "libx264" else {}
    stream = output.add_stream(codec, rate=25 if codec in _STEADY else 30, options=options)
    stream.height, stream.width = image.shape[:2]
    if codec in _STEADY:
        return stream
    stream.time_base = stream.codec_context.time_base = _MILLISECONDS
    return stream
