"""Images for people: boxes and names drawn over an image."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from reknown.biometrics.errors import InputError
from reknown.vision.images import read_image_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from reknown.biometrics.geometry import BoundingBox, Point
    from reknown.vision.images import Decode

_KNOWN, _UNKNOWN, _INK = "#1b8a3a", "#8a8a8a", "#ffffff"
_FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG"}


@dataclass(frozen=True, slots=True)
class Label:
    """What to write at a face or a text; `known` faces stand out.

    A text that may be turned has its corners as `outline`.
    """

    box: BoundingBox
    lines: tuple[str, ...]
    known: bool = False
    outline: tuple[Point, ...] = ()


def draw_labels(pixels: NDArray[np.uint8], labels: Sequence[Label]) -> Image.Image:
    """A copy of the RGB image with a box and its lines for every label."""
    image = Image.fromarray(pixels)
    canvas = ImageDraw.Draw(image)
    for label in labels:
        _draw(canvas, label, image.size)
    return image


def drawn_file(source: Path, decode: Decode, labels: Sequence[Label], target: Path) -> bytes:
    """The image of a file with labels, for `target`; raises as decoding and encoding do."""
    image = decode(read_image_file(source))
    return encoded(draw_labels(image.pixels, labels), target)


def encoded(image: Image.Image, path: Path) -> bytes:
    """As JPEG or PNG by the name's ending; raises `InputError` when that is another."""
    image_format = _FORMATS.get(path.suffix.lower())
    if image_format is None:
        raise InputError(f"cannot draw to {path}: the name must end in .jpg or .png")
    buffer = io.BytesIO()
    image.save(buffer, image_format, **({"quality": 92} if image_format == "JPEG" else {}))
    return buffer.getvalue()


def _draw(canvas: ImageDraw.ImageDraw, label: Label, size: tuple[int, int]) -> None:
    left, top, right, bottom = label.box.pixels(*size)
    colour = _KNOWN if label.known else _UNKNOWN
    line = max(2, (right - left) // 40)
    if label.outline:
        corners = [(corner.x * size[0], corner.y * size[1]) for corner in label.outline]
        line = 2
        canvas.line([*corners, corners[0]], fill=colour, width=line)
    else:
        canvas.rectangle((left, top, right, bottom), outline=colour, width=line)
    if not label.lines:
        return
    font = ImageFont.load_default(size=min(max(12, (right - left) // 8), 40))
    text = "\n".join(label.lines)
    box = canvas.multiline_textbbox((0, 0), text, font=font)
    width, height = box[2] + 2 * line, box[3] + 2 * line
    x = min(max(left, 0), max(size[0] - width, 0))
    y = bottom if bottom + height <= size[1] else max(top - height, 0)
    canvas.rectangle((x, y, x + width, y + height), fill=colour)
    canvas.multiline_text((x + line, y + line), text, font=font, fill=_INK)
