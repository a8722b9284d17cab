"""The demo's images: two public-domain portraits and harder variants of them.

Both portraits are works of the United States government that come inside well-known
Python packages: Eileen Collins (NASA, in scikit-image) and Grace Hopper (US Navy, in
matplotlib).
"""

from __future__ import annotations

import importlib.util
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

_TILE = 360
_GAP = 12
_BACKGROUND = (58, 62, 70)


@dataclass(frozen=True, slots=True)
class Portrait:
    """A person's name, the portrait's file, and the square around head and shoulders."""

    name: str
    package: str
    file: str
    square: tuple[int, int, int]

    def path(self) -> Path:
        """Where the package keeps it; raises `InputError` when the package is not installed."""
        spec = importlib.util.find_spec(self.package)
        path = Path(spec.origin).parent / self.file if spec and spec.origin else None
        if path is None or not path.is_file():
            raise InputError(
                f"the demo needs the portrait inside {self.package}: pip install 'reknown[demo]'"
            )
        return path

    def crop(self) -> Image.Image:
        """Head and shoulders, square."""
        left, top, side = self.square
        with Image.open(self.path()) as image:
            return image.convert("RGB").crop((left, top, left + side, top + side))


EILEEN = Portrait("Eileen Collins", "skimage", "data/astronaut.png", (70, 0, 300))
GRACE = Portrait("Grace Hopper", "matplotlib", "mpl-data/sample_data/grace_hopper.jpg", (6, 0, 500))


@dataclass(frozen=True, slots=True)
class Tile:
    """Who is where in the group image; centre and size in ratios of the image."""

    name: str
    variant: str
    x: float
    y: float
    width: float
    height: float


def group_image() -> tuple[Image.Image, tuple[Tile, ...]]:
    """Both people in every variant, people by rows; and what is where."""
    rows = (EILEEN, GRACE)
    step = _TILE + _GAP
    canvas = Image.new("RGB", (step * len(_VARIANTS) + _GAP, step * len(rows) + _GAP), _BACKGROUND)
    tiles = []
    for row, portrait in enumerate(rows):
        for column, (variant, image) in enumerate(variants(portrait).items()):
            left, top = _GAP + column * step, _GAP + row * step
            canvas.paste(image, (left, top))
            centre = ((left + _TILE / 2) / canvas.width, (top + _TILE / 2) / canvas.height)
            size = (_TILE / canvas.width, _TILE / canvas.height)
            tiles.append(Tile(portrait.name, variant, *centre, *size))
    return canvas, tuple(tiles)


def variants(portrait: Portrait) -> dict[str, Image.Image]:
    """By what was done to it: the portrait, easy to recognise and less so."""
    image = portrait.crop().resize((_TILE, _TILE), Image.Resampling.LANCZOS)
    return {variant: change(image) for variant, change in _VARIANTS.items()}


def jpeg(image: Image.Image, quality: int = 92) -> bytes:
    """The image as a JPEG file."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def png(image: Image.Image) -> bytes:
    """The image as a PNG file."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _turned(image: Image.Image) -> Image.Image:
    return image.rotate(22, Image.Resampling.BICUBIC, fillcolor=_BACKGROUND)


def _dimmed(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(0.3)


def _shrunk(image: Image.Image) -> Image.Image:
    small = image.resize((_TILE // 3, _TILE // 3), Image.Resampling.LANCZOS)
    tile = Image.new("RGB", image.size, _BACKGROUND)
    tile.paste(small, (_TILE // 3, _TILE // 3))
    return tile


def _crushed(image: Image.Image) -> Image.Image:
    return Image.open(io.BytesIO(jpeg(image, quality=8))).convert("RGB")


def _covered(image: Image.Image) -> Image.Image:
    covered = image.copy()
    lower_part = (0, _TILE * 0.54, _TILE, _TILE)
    ImageDraw.Draw(covered).rectangle(lower_part, fill=(200, 196, 186))
    return covered


_VARIANTS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "as it is": Image.Image.copy,
    "turned": _turned,
    "dimmed": _dimmed,
    "shrunk": _shrunk,
    "JPEG-crushed": _crushed,
    "mirrored": ImageOps.mirror,
    "partly covered": _covered,
}
