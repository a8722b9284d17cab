"""Pictures of text, drawn at random: scripts, fonts, sizes, turns, colours, noise, compression.

The fonts come with packages that are installed anyway: Matplotlib's DejaVu, and the one for all
scripts that is built into OpenCV. What a picture says is known character by character.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import matplotlib as mpl
import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

_FONTS = Path(mpl.get_data_path(), "fonts", "ttf")
_DEJAVU = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSerif.ttf", "DejaVuSansMono.ttf")
_LATIN = (
    "Harbour Street market opens daily",
    "Invoice 4711 due 30 June",
    "Please mind the step",
    "Zimmer frei ab Montag",
    "Größe über alle Maßen",
    "Café fermé après 18 h",
    "Łódź przez Kraków",
    "Room 204: keys at the desk",
    "SPEED LIMIT 60 km/h",
    "No entry without helmet!",
    "Mañana salimos temprano",
    "Total: 1,284.50 EUR",
)
_GREEK_CAPITALS = (
    "ΑΘΗΝΑ ΘΕΣΣΑΛΟΝΙΚΗ",
    "ΕΞΟΔΟΣ ΚΙΝΔΥΝΟΥ",
    "ΠΛΑΤΕΙΑ ΕΛΕΥΘΕΡΙΑΣ",
    "ΤΑΧΥΔΡΟΜΕΙΟ 24",
    "ΦΑΡΜΑΚΕΙΟ ΑΝΟΙΧΤΟ",
    "ΨΩΜΙ ΓΑΛΑ ΝΕΡΟ",
)
_GREEK = (
    "Καλημέρα σε όλους",
    "Η πόρτα μένει κλειστή",
    "Προσοχή στο σκαλοπάτι",
    "Μουσείο και βιβλιοθήκη",
    "Εισιτήρια από εδώ",
    "Δρόμος προς τη θάλασσα",
)
_CYRILLIC = (
    "Выход на площадь",
    "Осторожно, ступенька",
    "Книжный магазин",
    "Билеты здесь",
    "Улица закрыта до мая",
    "Свежий хлеб и молоко",
)
_CHINESE = (
    "图书馆今天开放",
    "请勿在此停车",
    "新鲜水果每日到货",
    "北京火车站出口",
    "小心地滑注意安全",
    "欢迎光临本店",
    "第三会议室",
    "营业时间九点到六点",
)
_JAPANESE = (
    "きっぷうりば",
    "ここから先は立入禁止",
    "おはようございます",
    "駅前のパン屋",
    "コーヒーとケーキ",
    "東京タワー展望台",
    "入口はこちらです",
    "冷たいお茶あります",
)
TEXTS: Mapping[str, Sequence[str]] = {
    "Latin": _LATIN,
    "Greek capitals": _GREEK_CAPITALS,
    "Greek": _GREEK,
    "Chinese": _CHINESE,
    "Japanese": _JAPANESE,
    "Cyrillic": _CYRILLIC,
}
READABLE = ("Latin", "Greek capitals", "Chinese", "Japanese")
"""Those whose every character the recogniser knows."""


@dataclass(frozen=True, slots=True, eq=False)
class DrawnLine:
    """What is written, and its corners (4, 2) in pixels, from where it begins."""

    text: str
    corners: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class DrawnPicture:
    """RGB uint8 (height, width, 3) as it comes out of a JPEG, and its lines.

    `turn` in degrees, with the clock; `size` of the letters in pixels.
    """

    pixels: Pixels
    jpeg: bytes
    lines: tuple[DrawnLine, ...]
    turn: float
    size: int


def draw_picture(script: str, seed: int, turns: Sequence[float] | None = None) -> DrawnPicture:
    """Two to four lines of the script; the same for the same seed.

    Turned by one of `turns`, by default by any of 0, 90, 180, 270 and up to 15 to either side.
    """
    random = np.random.default_rng([seed, sorted(TEXTS).index(script)])
    size = int(random.integers(16, 56))
    texts = random.permutation(list(TEXTS[script]))[: random.integers(2, 5)].tolist()
    ink, paper = _colours(random)
    strips = [_strip(text, script, size, ink, paper, random) for text in texts]
    sheet, corners = _laid_out(strips, paper, random)
    if turns is None:
        turn = float(random.choice([0, 0, 90, 180, 270]) + random.uniform(-15, 15))
    else:
        turn = float(random.choice(list(turns)))
    sheet, corners = _turned(sheet, corners, turn, paper)
    noisy = sheet + random.normal(0, random.uniform(0, 18), sheet.shape)
    image = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=int(random.integers(50, 96)))
    pixels = np.asarray(Image.open(buffer).convert("RGB"))
    lines = tuple(map(DrawnLine, texts, corners))
    return DrawnPicture(pixels, buffer.getvalue(), lines, turn, size)


def sign(
    *lines: str, size: tuple[int, int] = (640, 360), letters: int = 40, turn: float = 0
) -> Pixels:
    """Black lines of DejaVu in the middle of white, RGB; turned with the clock in degrees."""
    image = Image.new("RGB", size, "white")
    font = ImageFont.truetype(str(_FONTS / _DEJAVU[0]), letters)
    canvas = ImageDraw.Draw(image)
    middle, down = size[0] / 2, size[1] / 2 - (len(lines) - 1) * letters
    for number, line in enumerate(lines):
        canvas.text((middle, down + 2 * number * letters), line, "black", font, anchor="mm")
    return np.asarray(image.rotate(-turn, expand=True, fillcolor="white"))


def as_jpeg(pixels: Pixels) -> bytes:
    """A fine JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def _colours(random: np.random.Generator) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Ink and paper, one dark and one light."""
    dark = tuple(random.integers(0, 80, 3).tolist())
    light = tuple(random.integers(170, 256, 3).tolist())
    return (dark, light) if random.random() < 0.7 else (light, dark)


def _strip(
    text: str,
    script: str,
    size: int,
    ink: tuple[int, ...],
    paper: tuple[int, ...],
    random: np.random.Generator,
) -> Pixels:
    """The text alone, with a little room around it."""
    margin = size // 4
    if script in {"Chinese", "Japanese"}:
        return _built_in(text, size, margin, ink, paper)
    font = ImageFont.truetype(str(_FONTS / str(random.choice(_DEJAVU))), size)
    left, top, right, bottom = font.getbbox(text)
    canvas = Image.new(
        "RGB", (int(right - left) + 2 * margin, int(bottom - top) + 2 * margin), paper
    )
    ImageDraw.Draw(canvas).text((margin - left, margin - top), text, ink, font)
    return np.asarray(canvas)


def _built_in(
    text: str, size: int, margin: int, ink: tuple[int, ...], paper: tuple[int, ...]
) -> Pixels:
    font = cv2.FontFace("uni")
    canvas = np.full((3 * size, 2 * size * len(text), 3), paper, np.uint8)
    cv2.putText(canvas, text, (size, 2 * size), ink, font, size)
    marked = np.argwhere((canvas != paper).any(axis=2))
    (top, left), (bottom, right) = marked.min(axis=0), marked.max(axis=0) + 1
    return canvas[top - margin : bottom + margin, left - margin : right + margin]


def _laid_out(
    strips: Sequence[Pixels], paper: tuple[int, ...], random: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """The strips below each other on a sheet with a shade, and the corners of each (n, 4, 2)."""
    width = max(strip.shape[1] for strip in strips) + int(random.integers(20, 120))
    gaps = [int(random.integers(10, 40)) for _ in strips]
    height = sum(strip.shape[0] for strip in strips) + sum(gaps) + 20
    sheet = np.full((height, width, 3), paper, np.float64)
    corners, top = [], 10
    for strip, gap in zip(strips, gaps, strict=True):
        left = int(random.integers(0, width - strip.shape[1] + 1))
        bottom, right = top + strip.shape[0], left + strip.shape[1]
        sheet[top:bottom, left:right] = strip
        corners.append([[left, top], [right, top], [right, bottom], [left, bottom]])
        top = bottom + gap
    shade = np.linspace(0, random.uniform(-30, 30), width)[None, :, None]
    return sheet + shade, np.array(corners, np.float32)


def _turned(
    sheet: NDArray[np.float64], corners: NDArray[np.float32], turn: float, paper: tuple[int, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    height, width = sheet.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -turn, 1.0)
    cos, sin = abs(matrix[0, 0]), abs(matrix[0, 1])
    size = (
        max(80, int(height * sin + width * cos) + 1),
        max(80, int(height * cos + width * sin) + 1),
    )
    matrix[:, 2] += size[0] / 2 - width / 2, size[1] / 2 - height / 2
    turned = cv2.warpAffine(sheet, matrix, size, borderValue=paper)
    moved = corners @ matrix[:, :2].T + matrix[:, 2]
    return np.asarray(turned, np.float64), np.asarray(moved, np.float32)
