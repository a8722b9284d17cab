"""The demo's film: both people walk through it, one after the other and together."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from reknown.biometrics.errors import InputError
from reknown.cli.demo_images import EILEEN, GRACE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reknown.cli.demo_images import Portrait

_SIZE = (640, 360)
_RATE = 25
_SIDE = 200


@dataclass(frozen=True, slots=True)
class Walk:
    """A portrait on its way from one place to another; ratios of the image's width."""

    portrait: Portrait
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class DemoScene:
    """Seconds with the same ground, a colour."""

    seconds: float
    ground: tuple[int, int, int]
    walks: tuple[Walk, ...]


FILM = (
    DemoScene(1.0, (70, 84, 96), ()),
    DemoScene(3.0, (70, 84, 96), (Walk(EILEEN, 0.2, 0.75),)),
    DemoScene(3.0, (150, 128, 96), (Walk(GRACE, 0.8, 0.3),)),
    DemoScene(3.0, (84, 110, 90), (Walk(EILEEN, 0.2, 0.4), Walk(GRACE, 0.8, 0.65))),
)


def write_film(path: Path) -> None:
    """An MP4 of ten seconds; raises `InputError` without PyAV."""
    try:
        import av
    except ImportError as error:
        raise InputError("videos need PyAV: pip install 'reknown[video]'") from error
    with av.open(str(path), "w", format="mp4") as output:
        stream = output.add_stream("libx264", rate=_RATE, options={"preset": "veryfast"})
        stream.width, stream.height = _SIZE
        stream.pix_fmt = "yuv420p"
        for number, image in enumerate(_images()):
            frame = av.VideoFrame.from_ndarray(np.asarray(image), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, _RATE)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))


def _images() -> Iterator[Image.Image]:
    for scene in FILM:
        count = round(scene.seconds * _RATE)
        portraits = [walk.portrait.crop().resize((_SIDE, _SIDE)) for walk in scene.walks]
        for number in range(count):
            canvas = Image.new("RGB", _SIZE, scene.ground)
            for walk, portrait in zip(scene.walks, portraits, strict=True):
                middle = walk.start + (walk.end - walk.start) * number / (count - 1)
                corner = (round(middle * _SIZE[0] - _SIDE / 2), (_SIZE[1] - _SIDE) // 2)
                canvas.paste(portrait, corner)
            yield canvas
