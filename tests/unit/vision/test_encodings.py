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


_WESTERN = [
    "Zo\u00eb M\u00fcller", "Jos\u00e9", "JOS\u00c9", "\u00c6r\u00f8sk\u00f8bing",
    "Gr\u00f6\u00dfe", "M\u00e4\u00e4tt\u00e4", "\u00d1o\u00f1o", "\u00de\u00f3rd\u00eds",
    "O\u2019Br\u00eden", "\u0152uvre", "\u00c9milie \u2013 \u20ac 5", "\u00d8ystein",
    "\u0160ime", "C:\\Fotos\\Zo\u00eb\\1.jpg", "Fa\u00ef\u00e7al", "Jo\u00e3o",
    "\u00c5sa\u00a0\u00c5", "\u201cZo\u00eb\u201d",
]  # fmt: skip
_FOREIGN = [
    ("cp1251", "\u0418\u0432\u0430\u043d"), ("cp1251", "\u041b\u0438"),
    ("koi8_r", "\u042f\u043d"), ("cp1253", "\u0396\u03c9\u03ae"),
    ("cp1250", "\u0141ukasz"), ("cp1250", "Bo\u017cena"), ("cp1250", "\u017b\u00f3\u0142\u0107"),
    ("cp1255", "\u05d3\u05d5\u05d3"), ("cp1256", "\u0639\u0644\u064a"),
    ("shift_jis", "\u65e5\u672c\u8a9e"), ("shift_jis", "\u5c71\u7530"), ("shift_jis", "\u738b"),
    ("shift_jis", "\u30bf\u30ed\u30a6"), ("gbk", "\u674e"), ("gbk", "\u4e2d\u6587\u540d"),
    ("big5", "\u738b"), ("big5", "\u9673\u5927\u6587"), ("euc_kr", "\uae40"),
    ("mac_roman", "Zo\u00eb"), ("mac_roman", "Jos\u00e9"), ("cp437", "Zo\u00eb"),
]  # fmt: skip


@pytest.mark.parametrize("chunk", [1, 2, 3, 5, 1 << 20])
def test_western_names_are_read_and_others_are_not_guessed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(encodings, "_CHUNK", chunk)
    file = tmp_path / "list.csv"
    for word in _WESTERN:
        file.write_bytes(f"image;subject\r\n1.jpg;{word}\r\n".encode("cp1252"))
        assert encoding_of(file) == "cp1252", word
    for encoding, word in _FOREIGN:
        file.write_bytes(f"image;subject\n1.jpg;{word}\n".encode(encoding))
        assert encoding_of(file) == "utf-8", (encoding, word)
