"""Images for tests, made from the two portraits of the demo."""

from __future__ import annotations

import io
import random
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from reknown.cli.demo_images import EILEEN, GRACE, jpeg

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_GREY = (60, 60, 70)


def nobody() -> bytes:
    """A JPEG of noise."""
    pixels = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    return jpeg(Image.fromarray(pixels))


def pair() -> bytes:
    """Eileen on the left and, smaller, Grace."""
    canvas = Image.new("RGB", (620, 320), _GREY)
    canvas.paste(_scaled(EILEEN.crop(), 300), (10, 10))
    canvas.paste(_scaled(GRACE.crop(), 220), (340, 10))
    return jpeg(canvas)


def dark_and_bright() -> bytes:
    """Grace in the dark, too squeezed for a good template, and, smaller, Eileen in daylight."""
    canvas = Image.new("RGB", (720, 420), _GREY)
    canvas.paste(dark_and_squeezed(GRACE.crop()), (10, 10))
    canvas.paste(_scaled(EILEEN.crop(), 200), (460, 10))
    return jpeg(canvas)


def three() -> bytes:
    """Grace, then Eileen, then Grace again, each smaller than the one before."""
    canvas = Image.new("RGB", (820, 340), _GREY)
    for portrait, side, left in ((GRACE, 320, 10), (EILEEN, 240, 340), (GRACE, 180, 600)):
        canvas.paste(_scaled(portrait.crop(), side), (left, 10))
    return jpeg(canvas)


def save_many(root: Path, images: int, people: int) -> None:
    """Different images made from the two portraits, in a folder for each of the people."""
    chance = random.Random(0)
    for number in range(images):
        image = (EILEEN, GRACE)[number % 2].crop().resize((300, 300))
        image = image.rotate(chance.uniform(-8, 8), Image.Resampling.BICUBIC)
        left, top = chance.randint(0, 15), chance.randint(0, 15)
        image = image.crop((left, top, left + 280, top + 280))
        image = ImageEnhance.Brightness(image).enhance(chance.uniform(0.85, 1.15))
        folder = root / f"person {number % people}"
        folder.mkdir(exist_ok=True)
        image.save(folder / f"{number:02d}.jpg", quality=90)


def crowd(columns: int, rows: int) -> bytes:
    """Grace in every cell of a grid."""
    face = _scaled(GRACE.crop().crop((90, 40, 410, 360)), 64)
    canvas = Image.new("RGB", (72 * columns, 72 * rows), _GREY)
    for number in range(columns * rows):
        canvas.paste(face, (72 * (number % columns) + 4, 72 * (number // columns) + 4))
    return jpeg(canvas)


def mirrored_grace() -> bytes:
    """Another image of the same person."""
    return jpeg(ImageOps.mirror(GRACE.crop()))


def rotated(data: bytes, orientation: int, turn: Image.Transpose) -> bytes:
    """The image with its pixels turned and a note (EXIF) on how to turn them back."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(data)) as image:
        image.transpose(turn).save(buffer, "JPEG", quality=95, exif=exif)
    return buffer.getvalue()


def png(data: bytes) -> bytes:
    """The same image as a PNG."""
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(data)) as image:
        image.save(buffer, "PNG")
    return buffer.getvalue()


def spoilt() -> dict[str, bytes]:
    """By the reason of `IndexFaces` that it is refused for: an image of one person."""
    eileen, grace = EILEEN.crop(), GRACE.crop()
    changes: dict[str, Callable[[], Image.Image]] = {
        "LOW_BRIGHTNESS": lambda: dark_and_squeezed(grace),
        "LOW_SHARPNESS": lambda: blurred(eileen, 4),
        "SMALL_BOUNDING_BOX": lambda: tiny(eileen, 60),
        "LOW_CONFIDENCE": lambda: distorted(eileen, 170),
        "LOW_FACE_QUALITY": lambda: distorted(eileen, 230),
    }
    return {reason: jpeg(change()) for reason, change in changes.items()}


def mediocre() -> bytes:
    """What passes AUTO and LOW, but neither MEDIUM nor HIGH."""
    return jpeg(blurred(EILEEN.crop(), 3.2))


def blurred(image: Image.Image, radius: float) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(radius))


def dimmed(image: Image.Image, share: float) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(share)


def dark_and_squeezed(image: Image.Image) -> Image.Image:
    """What the dark alone does not do: a face is found, and its template is poor."""
    return dimmed(distorted(image, 200), 0.15)


def distorted(image: Image.Image, height: int) -> Image.Image:
    """400 pixels wide and so high."""
    return _scaled(image, 400).resize((400, height))


def tiny(image: Image.Image, side: int) -> Image.Image:
    """The image, scaled to that side, in the middle of a larger one."""
    canvas = Image.new("RGB", (400, 400), _GREY)
    canvas.paste(_scaled(image, side), (150, 150))
    return canvas


def _scaled(image: Image.Image, side: int) -> Image.Image:
    return image.resize((side, side), Image.Resampling.LANCZOS)
