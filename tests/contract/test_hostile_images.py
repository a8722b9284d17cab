"""Images that were made to break decoders: refused in three ways or answered, never more."""

from __future__ import annotations

import base64
import io
import json
import re
import struct
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

import callers
import raw
from servers import Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

_REFUSALS = {
    "InvalidImageFormatException",
    "ImageTooLargeException",
    "InvalidParameterException",
}
# The models and libraries take about 200 MiB of it.
_MOST_MIB = 900
_SECONDS = 4
_PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, cache_folder: Path) -> Iterator[Server]:
    """A server of this module's own, whose memory is watched over all of it."""
    data = tmp_path_factory.mktemp("hostile")
    with serving(data, "--workers", 2, REKNOWN_CACHE=str(cache_folder)) as server:
        callers.distinct(server.client()).create_collection(CollectionId="people")
        yield server
        assert raw.get(server, "/ready").status == 200
        assert _peak_mib(server) < _MOST_MIB


@pytest.fixture(scope="module")
def call(served: Server) -> Iterator[raw.Caller]:
    caller = raw.Caller(served)
    yield caller
    caller.close()


def _peak_mib(server: Server) -> float:
    status = Path(f"/proc/{server.process.pid}/status")
    if not status.exists():
        pytest.skip("no /proc here")
    found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text())
    assert found
    return int(found[1]) / 1024


def _shown(call: raw.Caller, data: bytes) -> set[str]:
    """What becomes of an image: error codes, empty for an answer."""
    image = {"Bytes": base64.b64encode(data).decode()}
    index = {"CollectionId": "people", "Image": image, "ExternalImageId": "a"}
    replies = [call.ask("DetectFaces", {"Image": image}), call.ask("IndexFaces", index)]
    for reply in replies:
        raw.check(reply, image["Bytes"])
    return {reply.code for reply in replies}


def _saved(image: Image.Image, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)


def _png(width: int, height: int, *chunks: bytes, data: bytes = b"") -> bytes:
    """A PNG that claims a size, whatever its data."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    end = _chunk(b"IDAT", zlib.compress(data)) + _chunk(b"IEND", b"")
    return _PNG + _chunk(b"IHDR", header) + b"".join(chunks) + end


def _grey(width: int, height: int, mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (width, height), 128 if mode == "L" else None)


def _text_bomb() -> bytes:
    return _chunk(b"zTXt", b"Comment\x00\x00" + zlib.compress(bytes(100_000_000), 9))


def _profile_bomb() -> bytes:
    return _chunk(b"iCCP", b"a\x00\x00" + zlib.compress(bytes(100_000_000), 9))


_TOO_LARGE = {"ImageTooLargeException"}
_INVALID = {"InvalidImageFormatException"}
_TOO_SMALL = {"InvalidParameterException"}


@pytest.mark.parametrize(
    ("size", "codes"),
    [
        ((20_000, 20_000), _TOO_LARGE),
        ((65_535, 65_535), _TOO_LARGE),
        ((2**31 - 1, 1), _TOO_LARGE),
        ((2**31 - 1, 2**31 - 1), _TOO_LARGE),
        ((9_000, 9_000), _TOO_LARGE),
        ((10_001, 80), _TOO_LARGE),
        ((1, 10_000), _TOO_SMALL),
        ((79, 79), _TOO_SMALL),
        ((0, 0), _INVALID),
        ((0, 10_000), _INVALID),
        ((7_000, 7_000), _INVALID),
    ],
)
def test_claimed_sizes(call: raw.Caller, size: tuple[int, int], codes: set[str]) -> None:
    assert _shown(call, _png(*size)) == codes


def test_bombs_of_metadata(call: raw.Caller, served: Server) -> None:
    pixels = (b"\x00" + bytes(300)) * 100
    for bomb in (_text_bomb(), _profile_bomb(), _text_bomb() * 20):
        assert _shown(call, _png(100, 100, bomb, data=pixels)) <= _INVALID | {""}
    assert _peak_mib(served) < _MOST_MIB


def test_a_black_image_that_is_as_large_as_allowed(call: raw.Caller, served: Server) -> None:
    data = _saved(Image.new("L", (7_000, 7_000)), "PNG")
    assert len(data) < 100_000
    assert _shown(call, data) == {""}
    assert _peak_mib(served) < _MOST_MIB


@pytest.mark.parametrize("form", ["GIF", "WEBP", "TIFF", "BMP", "PPM", "ICO", "TGA", "JPEG2000"])
def test_other_formats(call: raw.Caller, form: str) -> None:
    assert _shown(call, _saved(_grey(200, 200), form)) == _INVALID


_OTHERS = {
    "html": b"<html><img src=file:///etc/passwd></html>" * 10,
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\nshowpage\n",
    "pdf": b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n",
    "pickle": b"cos\nsystem\n(S'touch /tmp/x'\ntR.",
    "playlist": b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
    "magic only": _PNG,
    "start of image only": b"\xff\xd8\xff",
    "zeros": bytes(100_000),
    "ff": b"\xff" * 100_000,
    "text": "grüß dich".encode(),
}


@pytest.mark.parametrize("data", _OTHERS.values(), ids=_OTHERS)
def test_what_is_no_image(call: raw.Caller, data: bytes) -> None:
    assert _shown(call, data) == _INVALID


def test_cut_images(call: raw.Caller, eileen: bytes) -> None:
    png = _saved(_grey(300, 300), "PNG")
    for whole in (eileen, png):
        for share in (0.01, 0.1, 0.5, 0.9, 0.999):
            assert _shown(call, whole[: int(share * len(whole))]) <= _INVALID | {""}


def test_flipped_bytes(call: raw.Caller, eileen: bytes) -> None:
    draw = np.random.default_rng(0)
    for whole in (eileen, _saved(Image.open(io.BytesIO(eileen)), "PNG")):
        for _ in range(10):
            data = np.frombuffer(whole, np.uint8).copy()
            places = draw.integers(0, min(len(data), 4000), 20)
            data[places] = draw.integers(0, 256, 20)
            assert _shown(call, data.tobytes()) <= _REFUSALS | {""}


def _sixteen_bits(image: Image.Image) -> bytes:
    grey = np.asarray(image.convert("L")).astype(np.uint16) * 257
    return _saved(Image.fromarray(grey), "PNG")


def test_unusual_images_that_are_fine(call: raw.Caller, eileen: bytes) -> None:
    image = Image.open(io.BytesIO(eileen))
    faces = [image, image.convert("L")]
    images = [
        _saved(image.convert("CMYK"), "JPEG"),
        _sixteen_bits(image),
        _saved(image.convert("P"), "PNG"),
        _saved(image.convert("LA"), "PNG"),
        _saved(image.convert("RGBA"), "PNG"),
        _saved(image, "JPEG", progressive=True),
        _saved(image, "PNG", save_all=True, append_images=faces),
        eileen + b"<?php echo 1; ?>" * 100,
    ]
    for data in images:
        found = call.ask("DetectFaces", {"Image": {"Bytes": base64.b64encode(data).decode()}})
        assert len(json.loads(found.body)["FaceDetails"]) == 1
        assert _shown(call, data) == {""}


@pytest.mark.parametrize("operation", ["DetectFaces", "IndexFaces", "CompareFaces"])
def test_an_image_that_is_too_long(call: raw.Caller, operation: str) -> None:
    image = {"Bytes": base64.b64encode(bytes(6_000_000)).decode()}
    images = {"SourceImage": {"Bytes": "AAAA"}, "TargetImage": image}
    others = {"Image": image, "CollectionId": "people"}
    reply = call.ask(operation, images if operation == "CompareFaces" else others)
    raw.check(reply, image["Bytes"])
    assert reply.code == "ValidationException"
    assert "'6000000 bytes' at" in reply.message
    assert "Member must have length less than or equal to 5242880" in reply.message


def test_two_images_of_the_largest_size_fit(call: raw.Caller) -> None:
    image = {"Bytes": base64.b64encode(bytes(5_242_880)).decode()}
    reply = call.ask("CompareFaces", {"SourceImage": image, "TargetImage": image})
    assert reply.code == "InvalidImageFormatException"


def test_public_collections_of_hostile_files(call: raw.Caller, shared: Path) -> None:
    """A sample of them, as many as fit into the time: all are in the decoder's own tests."""
    files = sorted(path for path in (shared / "data" / "hostile").rglob("*") if path.is_file())
    if not files:
        pytest.skip("no hostile files in the shared data")
    telling = [path for path in files if re.search("bomb|crash|oom|timeout|fuzz_", path.name)]
    chosen = dict.fromkeys([*telling, *np.random.default_rng(0).permutation(np.array(files))])
    end = time.monotonic() + _SECONDS
    tried = 0
    for path in chosen:
        data = path.read_bytes()
        if 0 < len(data) < 5_000_000:
            assert _shown(call, data) <= _REFUSALS | {""}, path.name
            tried += 1
        if time.monotonic() > end:
            break
    assert tried > 20
