"""The images, films and lists that the golden runs work with."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

from PIL import Image, ImageEnhance, ImageOps

import drawn_text
import portraits
import videos

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from videos import Motion

_CUT_MS, _END_MS = 1000, 2000
_LISTED = ("plain", "mirrored", "bright")


def build(root: Path, eileen: bytes, grace: bytes) -> None:
    """Writes everything below `root`."""
    spoilt = portraits.spoilt()
    files = {
        "people/Eileen Collins/1.jpg": eileen,
        "people/Grace Hopper/1.jpg": grace,
        "people/Grace Hopper/2.jpg": portraits.mirrored_grace(),
        "spoilt/Grace Hopper/dark.jpg": spoilt["LOW_BRIGHTNESS"],
        "spoilt/Eileen Collins/blurred.jpg": spoilt["LOW_SHARPNESS"],
        "elsewhere/grace.jpg": grace,
        "eileen.jpg": eileen,
        "grace.jpg": grace,
        "mirrored.jpg": portraits.mirrored_grace(),
        "pair.jpg": portraits.pair(),
        "three.jpg": portraits.three(),
        "dark-and-bright.jpg": portraits.dark_and_bright(),
        "nobody.jpg": portraits.nobody(),
        "broken.jpg": b"this is no image",
        "passphrase": b"correct horse battery\n",
        "consent.txt": b"I agree that my face is compared.\n",
        "rules.toml": b'purposes = ["missing-person"]\nconsent_required = true\nkeep_faces = 365\n',
        "repeats.toml": b'purposes = ["missing-person"]\nrepeat_searches = 1\n',
        "wrong.toml": b'keep_faces = "a year"\n',
        "sign.png": _png(drawn_text.sign("Platform 7", "mind the gap")),
        "buckets/media/pair.jpg": portraits.pair(),
        "buckets/media/broken.mp4": b"this is no video" * 1000,
        "film.mp4": film(),
        "buckets/media/sign.mp4": sign_film(),
    }
    files["buckets/media/film.mp4"] = files["film.mp4"]
    files |= _listed({"e": eileen, "g": grace})
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    _write_lists(root)


def film() -> bytes:
    """Eileen moves a little to the right; after a cut Grace moves to the left."""
    return videos.rendered(
        frame
        for start, end, person, motion in (
            (0, _CUT_MS, videos.eileen(), _walk(0.4, 0.45)),
            (_CUT_MS, _END_MS, videos.grace(), _walk(0.6, 0.55)),
        )
        for frame in videos.scene(videos.steady(start, end), [(person, motion)])
    )


def sign_film() -> bytes:
    """A sign for a second."""
    sign = drawn_text.sign("Gate 12")
    return videos.rendered((sign, time_ms) for time_ms in videos.steady(0, _CUT_MS))


def digests(root: Path) -> dict[str, str]:
    """A name for the SHA-256 of every file that is there."""
    found = {}
    for path in sorted(root.rglob("*"), reverse=True):
        if path.is_file():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            found[digest] = f"<SHA-256 of {path.name}>"
    return found


def _walk(start: float, end: float) -> Motion:
    return videos.line((start, 0.5), (end, 0.5))


def _listed(people: dict[str, bytes]) -> dict[str, bytes]:
    """Images for evaluations: each person plain, mirrored and brightened."""
    changed = {}
    for person, data in people.items():
        with Image.open(io.BytesIO(data)) as image:
            variants = (
                image,
                ImageOps.mirror(image),
                ImageEnhance.Brightness(image).enhance(1.2),
            )
            for name, variant in zip(_LISTED, variants, strict=True):
                changed[f"evaluation/{person}-{name}.jpg"] = _jpeg(variant)
    return changed


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """Text as it was drawn."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def _jpeg(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=92)
    return buffer.getvalue()


def _write_lists(root: Path) -> None:
    """Who is on which image, and scores of systems that never were."""
    rows = [
        f"{person}-{name}.jpg,{person},{group}"
        for person, group in (("e", "north"), ("g", "south"))
        for name in _LISTED
    ]
    folder = root / "evaluation"
    _write_csv(folder / "set.csv", "image,subject,region", [*rows, "none.jpg,g,south"])
    for person in ("e", "g"):
        own = [row for row in rows if row.startswith(person)]
        _write_csv(folder / f"{person}.csv", "image,subject,region", own)
    for name, shift in (("scores", 0.0), ("worse", 0.05)):
        _write_csv(folder / f"{name}.csv", "score,mated", _scores(shift))
    _write_csv(folder / "groups.csv", "score,mated,subject_a,subject_b,group_a,group_b", _grouped())
    _write_csv(folder / "wrong.csv", "score", ["0.5"])


def _scores(shift: float) -> list[str]:
    non_mated = [f"{k / 2000 + shift},0" for k in range(1000)]
    return non_mated + [f"{0.7 if k % 10 else 0.2},1" for k in range(100)]


def _grouped() -> list[str]:
    """64 people in two groups; strangers of the first are taken for each other more often."""
    rows = []
    for one in range(64):
        rows.append(f"0.9,1,{one},{one},{one % 2},{one % 2}")
        for other in range(one):
            alike = one % 2 == other % 2 == 0 and (one + other) % 10 == 0
            rows.append(f"{0.8 if alike else 0.1},0,{one},{other},{one % 2},{other % 2}")
    return rows


def _write_csv(path: Path, head: str, rows: list[str]) -> None:
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
