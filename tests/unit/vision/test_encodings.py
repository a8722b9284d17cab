from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reknown.vision import encodings
from reknown.vision.encodings import encoding_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"", "utf-8"),
        (b"plain", "utf-8"),
        ("\u00e9\u5bb6".encode(), "utf-8"),
        ("\u00e9".encode("utf-8-sig"), "utf-8-sig"),
        ("\u00e9".encode("utf-16"), "utf-16"),
        (b"\xfe\xff\0a", "utf-16"),
        ("caf\u00e9".encode("cp1252"), "cp1252"),
        (b"price 5 \x80", "cp1252"),
        ("\u00e9".encode() + b" and \xe9", "utf-8"),
        ("\u0418\u0432\u0430\u043d".encode("cp1251"), "utf-8"),
    ],
)
def test_the_encoding_is_told_by_the_bytes(tmp_path: Path, content: bytes, encoding: str) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes(content)
    assert encoding_of(file) == encoding


def test_characters_across_chunks_are_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "list.csv"
    monkeypatch.setattr(encodings, "_CHUNK", 3)
    file.write_bytes(b"ab" + "\u5bb6".encode() * 5)
    assert encoding_of(file) == "utf-8"
    file.write_bytes("a\u0418\u0432\u0430\u043d".encode("cp1251"))
    assert encoding_of(file) == "utf-8"
    file.write_bytes(b"abcd\xe9")
    assert encoding_of(file) == "cp1252"
