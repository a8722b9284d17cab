"""Frames -> H.264 as players take it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

if TYPE_CHECKING:
    from collections.abc import Mapping
    from fractions import Fraction

    from numpy.typing import NDArray

_ENCODER = "libx264"
_QUALITY = {"preset": "veryfast", "crf": "20"}
_WIDE = 720


def add_video(
    container: Any,
    pixels: NDArray[np.uint8],
    rate: float,
    time_base: Fraction,
    options: Mapping[str, str] = {},
) -> Any:
    """A stream for RGB frames like this one, whose times are given in `time_base`."""
    chosen = {**_QUALITY, **options}
    stream = container.add_stream(_ENCODER, rate=max(1, round(rate)), options=chosen)
    stream.height, stream.width = pixels.shape[:2]
    stream.pix_fmt = "yuv420p"
    stream.time_base = stream.codec_context.time_base = time_base
    stream.codec_context.colorspace = _colours(pixels)
    stream.codec_context.color_range = ColorRange.MPEG
    return stream


def encodable(pixels: NDArray[np.uint8], pts: int, time_base: Fraction) -> Any:
    """The frame as such a stream encodes it."""
    made = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    made = made.reformat(
        format="yuv420p", dst_colorspace=_colours(pixels), dst_color_range=ColorRange.MPEG
    )
    made.pts, made.time_base = pts, time_base
    return made


def even(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The frame without a last row or column that H.264 cannot hold."""
    height, width = (side - side % 2 for side in pixels.shape[:2])
    return np.ascontiguousarray(pixels[:height, :width])


def _colours(pixels: NDArray[np.uint8]) -> Colorspace:
    """What players take it for: large frames are BT.709, small ones BT.601."""
    return Colorspace.ITU709 if min(pixels.shape[:2]) >= _WIDE else Colorspace.ITU601
