"""NPZ files of strangers, and hostile ones."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from reknown.biometrics.errors import InputError
from reknown.exchange import npz
from reknown.exchange.columns import moved_faces
from reknown.exchange.files import open_templates
from unit.exchange.samples import SPACE, units

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from reknown.biometrics.moved import MovedFaces

_MIB = 2**20


def _read(path: Path) -> list[MovedFaces]:
    with open_templates(path) as templates:
        portions = templates.portions(1000)
        return [moved_faces(portion, templates.space or SPACE, "people") for portion in portions]


def _npy(array: NDArray[Any]) -> bytes:
    target = io.BytesIO()
    np.save(target, array)
    return target.getvalue()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "faces.npz"


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("kind", ["<f4", ">f4", "<f8", "<f2"])
def test_a_few_lines_of_numpy_make_a_file(path: Path, save: Any, kind: str) -> None:
    vectors = units(3).astype(kind)
    save(path, vectors=vectors, users=["Ada", "", "Zo\u00eb"], external_ids=[b"1", b"2", b""])
    (faces,) = _read(path)
    assert faces.vectors.tolist() == vectors.astype("f4").tolist()
    assert faces.users == ["Ada", None, "Zo\u00eb"]
    assert faces.external_ids == ["1", "2", None]
    faces.require_templates(SPACE)


def test_bytes_are_utf_8(path: Path) -> None:
    np.savez(path, vectors=units(2), users=["Zo\u00eb".encode(), b"Ada"])
    assert _read(path)[0].users == ["Zo\u00eb", "Ada"]
    np.savez(path, vectors=units(2), users=[b"Zo\xeb", b"Ada"])
    with pytest.raises(InputError, match="can't decode byte 0xeb"):
        _read(path)


_V = units(3)


@pytest.mark.parametrize(
    ("arrays", "why"),
    [
        ({"users": ["a", "b", "c"]}, "there are no vectors"),
        ({"vectors": _V, "user": ["a", "b", "c"]}, "there is no field 'user'"),
        ({"vectors": _V, "users": ["a", "b"]}, r"users have shape \(2,\), not \(3,\)"),
        ({"vectors": _V, "users": np.array(["a", None, "b"])}, "Python objects"),
        ({"vectors": np.array([[object()]])}, "Python objects"),
        ({"vectors": _V, "users": [1, 2, 3]}, "users are int64: they have to be texts"),
        ({"vectors": _V, "qualities": [0.5, 1, 2]}, "qualities are float64"),
        ({"vectors": _V[0]}, r"vectors of shape \(4,\) are not one row a face"),
        ({"vectors": np.zeros((2, 2, 2))}, "not one row a face"),
        ({"vectors": np.zeros((3, 0))}, "1 to 4096 values, not 0"),
        ({"vectors": np.zeros((1, 5000))}, "1 to 4096 values, not 5000"),
        ({"vectors": np.asfortranarray(_V)}, "columns first"),
        ({"vectors": _V.astype("c8")}, "complex64: neither numbers nor texts"),
        ({"vectors": np.zeros(3, "f4,f4")}, "neither numbers nor texts"),
        ({"vectors": _V > 0}, "bool: neither"),
        ({"vectors": _V, "boxes": np.zeros((3, 3))}, r"boxes have shape \(3, 3\), not \(3, 4\)"),
        ({"vectors": _V, "users": np.array(["a" * 20_000, "", ""])}, "80,000 bytes each"),
        ({"vectors": _V, "pack": "opencv"}, "no fingerprint"),
        ({"vectors": _V, "pack": "../x", "fingerprint": "ab" * 32}, "'../x' is no pack"),
        ({"vectors": _V, "pack": ["a", "b"], "fingerprint": "ab" * 32}, "pack has to be one value"),
        ({"vectors": _V, "format": 2}, "format 2, this Reknown knows 1"),
        ({"vectors": _V, "users_ends": [1, 2, 3]}, "users_utf8 is missing"),
        (
            {"vectors": _V, "users_ends": [2, 1, 3], "users_utf8": np.zeros(3, "u1")},
            "users_ends do not ascend",
        ),
        (
            {"vectors": _V, "users_ends": [1, 2, 4], "users_utf8": np.zeros(3, "u1")},
            "users_ends do not ascend",
        ),
        (
            {"vectors": _V, "users_ends": [-1, 2, 3], "users_utf8": np.zeros(3, "u1")},
            "users_ends do not ascend",
        ),
        (
            {"vectors": _V, "users_ends": [1, 2, 3], "users_utf8": np.full(3, 255, "u1")},
            "can't decode",
        ),
    ],
)
def test_other_arrays_are_refused(path: Path, arrays: dict[str, Any], why: str) -> None:
    np.savez(path, **arrays)
    with pytest.raises(InputError, match=why):
        _read(path)


def _archive(path: Path, members: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)


def _headed(text: bytes, version: bytes = b"\x01\x00", length: int | None = None) -> bytes:
    size = struct.pack("<H" if version[0] == 1 else "<I", len(text) if length is None else length)
    return b"\x93NUMPY" + version + size + text


@pytest.mark.parametrize(
    ("member", "why"),
    [
        (b"", "no array of NumPy's"),
        (b"\x93NUMPY\x01", "no array of NumPy's"),
        (_headed(b"{}", b"\x09\x00"), "no array of NumPy's"),
        (_headed(b"{}"), "header that is no array's"),
        (_headed(b"(" * 9000), "header that is no array's"),
        (_headed(b"-" * 9000), "header that is no array's"),
        (_headed(b"{", b"\x02\x00", 2**32 - 1), "header of 4,294,967,295 bytes"),
        (_headed(b"{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 4)}"), "no array's"),
        (
            _headed(b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 4)}"),
            "takes more or less than",
        ),
        (
            _headed(b"{'descr': '<f4', 'fortran_order': False, 'shape': (10**9, 4)}"),
            "no array's",
        ),
    ],
)
def test_headers_are_not_believed(path: Path, member: bytes, why: str) -> None:
    _archive(path, {"vectors": member})
    with pytest.raises(InputError, match=why):
        _read(path)


def test_a_bomb_is_not_unpacked(path: Path) -> None:
    count = 4_000_000
    _archive(path, {"vectors": _npy(np.zeros((count, SPACE.dimension), "f4"))})
    assert path.stat().st_size < _MIB
    tracemalloc.start()
    with open_templates(path) as templates:
        first = next(iter(templates.portions(1000)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * _MIB
    with pytest.raises(InputError, match="not a unit vector"):
        moved_faces(first, SPACE, "people").require_templates(SPACE)


def test_a_header_that_would_fill_the_memory_is_not_read(path: Path) -> None:
    _archive(path, {"vectors": _headed(bytes(64 * _MIB), b"\x02\x00")})
    tracemalloc.start()
    with pytest.raises(InputError, match="header of 67,108,864 bytes"):
        _read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * _MIB


def test_wide_text_comes_in_smaller_portions(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(npz, "_PORTION_BYTES", _MIB)
    np.savez_compressed(path, vectors=units(100), image_names=np.full(100, "a", "<U8000"))
    with open_templates(path) as templates:
        sizes = [len(portion["vectors"]) for portion in templates.portions(100_000)]
    assert sizes == [32, 32, 32, 4]


def test_a_directory_of_a_million_entries_is_not_read(path: Path) -> None:
    entry = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", *[0] * 6, 0, 0, 0, 1, *[0] * 4, 0, 0) + b"a"
    directory = entry * 200_000
    ending = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 9, 9, len(directory), 0, 0)
    path.write_bytes(directory + ending)
    with pytest.raises(InputError, match="directory is too large"):
        _read(path)


def test_archives_that_numpy_does_not_write(path: Path) -> None:
    _archive(path, {"vectors": _npy(_V)}, zipfile.ZIP_LZMA)
    with pytest.raises(InputError, match="compressed otherwise"):
        _read(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("vectors.npy", _npy(_V))
        archive.writestr("vectors", _npy(_V))
    with pytest.raises(InputError, match="'vectors' twice"):
        _read(path)


def test_what_is_compressed_is_checked_as_it_is_read(path: Path) -> None:
    _archive(path, {"vectors": _npy(_V)})
    data = path.read_bytes()
    place = data.index(b"PK\x01\x02") + 16  # the checksum in the directory
    path.write_bytes(data[:place] + b"\0\0\0\0" + data[place + 4 :])
    with pytest.raises(InputError, match="Bad CRC-32"):
        _read(path)
