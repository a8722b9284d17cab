"""What is written can be read, in every format; what is wrong with any file is said."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
import pytest

from reknown.biometrics.errors import InputError
from reknown.exchange.columns import NO_IMAGE, moved_faces
from reknown.exchange.files import SUFFIXES, open_templates, writing_templates
from unit.exchange.samples import SPACE, face_id, moved, same, told, units

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.biometrics.moved import MovedFaces
    from reknown.exchange.fields import Portion


def _write(path: Path, pages: list[MovedFaces], count: int | None = None) -> None:
    total = sum(map(len, pages)) if count is None else count
    with path.open("wb") as file, writing_templates(path, file, SPACE, total) as writer:
        for page in pages:
            writer.write(page)


def _read(path: Path, rows: int = 1000) -> list[MovedFaces]:
    with open_templates(path) as templates:
        space = templates.space or SPACE
        return [moved_faces(portion, space, "people") for portion in templates.portions(rows)]


@pytest.fixture(params=SUFFIXES)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"faces{request.param}"


def test_what_is_written_is_read(path: Path) -> None:
    _write(path, [moved(11)])
    (back,) = _read(path)
    assert told(back) == told(moved(11))


def test_pages_and_portions_need_not_agree(path: Path) -> None:
    every = moved(11)
    parts = [every.kept([n // 4 == part for n in range(11)]) for part in range(3)]
    _write(path, parts)
    portions = _read(path, rows=3)
    assert [len(portion) for portion in portions] == [3, 3, 3, 2]
    numbers = range(0, 11, 3)
    for start, portion in zip(numbers, portions, strict=True):
        assert same(portion, every.kept([start <= n < start + 3 for n in range(11)]))


def test_an_empty_gallery_is_a_file_too(path: Path) -> None:
    _write(path, [moved(0)])
    with open_templates(path) as templates:
        assert (templates.count, templates.dimension, templates.space) == (0, 4, SPACE)
        assert sum(len(portion["vectors"]) for portion in templates.portions(10)) == 0


def test_a_writer_keeps_its_word(path: Path) -> None:
    with pytest.raises(InputError, match="6 faces were to be written, not 5"):
        _write(path, [moved(5)], 6)


def test_the_same_faces_give_the_same_bytes(path: Path, tmp_path: Path) -> None:
    other = tmp_path / f"other{path.suffix}"
    for target in (path, other):
        _write(target, [moved(7)])
    assert path.read_bytes() == other.read_bytes()


def test_a_flipped_bit_anywhere_is_noticed(path: Path) -> None:
    _write(path, [moved(50)])
    data, right = path.read_bytes(), told(_read(path)[0])
    random, unnoticed = np.random.default_rng(1), 0
    for place in random.integers(0, len(data), 200).tolist():
        path.write_bytes(data[:place] + bytes([data[place] ^ 16]) + data[place + 1 :])
        try:
            (back,) = _read(path)
        except InputError:
            continue
        # in what nobody reads, as a time, or in the name of the space, which then is another
        unnoticed += 1
        assert told(back)[1:] == right[1:]
    assert unnoticed < 100


@pytest.mark.parametrize("cut", [0, 1, 4, 100, 0.3, 0.9, -1])
def test_a_file_that_ends_early_is_none(path: Path, cut: float) -> None:
    _write(path, [moved(50)])
    data = path.read_bytes()
    path.write_bytes(data[: int(cut * len(data)) if 0 < cut < 1 else int(cut)])
    with pytest.raises(InputError, match="file that can be read"):
        _read(path)


def test_a_file_of_another_kind_is_none(path: Path) -> None:
    path.write_bytes(os.urandom(5000))
    with pytest.raises(InputError, match="file that can be read"):
        _read(path)


def test_a_name_says_the_format(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"FILE\.npz or FILE\.parquet"), open_templates(tmp_path):
        pass
    for name, why in (("no.npz", "no such file"), ("folder.npz", "no regular file")):
        (tmp_path / "folder.npz").mkdir(exist_ok=True)
        with pytest.raises(InputError, match=why), open_templates(tmp_path / name):
            pass
    os.mkfifo(tmp_path / "pipe.npz")
    with pytest.raises(InputError, match="no regular"), open_templates(tmp_path / "pipe.npz"):
        pass


def test_what_a_file_does_not_tell_is_filled_in() -> None:
    vectors = units(3)
    plain: Portion = {"vectors": vectors, "users": ["Ada", "", "Bob"]}
    faces = moved_faces(plain, SPACE, "people")
    assert faces.users == ["Ada", None, "Bob"]
    assert faces.external_ids == [None] * 3
    assert set(faces.images.sha256s) == {NO_IMAGE}
    assert faces.boxes.tolist() == [[0, 0, 1, 1]] * 3
    faces.require_templates(SPACE)


def test_an_id_follows_from_the_face_and_the_collection() -> None:
    vectors = units(4)
    vectors[3] = vectors[0]
    portion: Portion = {"vectors": vectors, "users": ["Ada", "Ada", "Bob", "Bob"]}
    ids = moved_faces(portion, SPACE, "people").face_ids
    assert len(set(ids)) == 4
    turned: Portion = {"vectors": vectors[::-1], "users": ["Bob", "Bob", "Ada", "Ada"]}
    assert list(moved_faces(turned, SPACE, "people").face_ids) == list(ids)[::-1]
    assert set(moved_faces(portion, SPACE, "others").face_ids).isdisjoint(ids)
    given: Portion = dict(portion) | {"face_ids": [face_id(1), face_id(2), "", ""]}
    kept = moved_faces(given, SPACE, "people").face_ids
    assert kept[:2] == [face_id(1), face_id(2)]
    assert kept[2:] == list(ids)[2:]
    new = moved_faces(given, SPACE, "people", new_ids=True).face_ids
    assert new[:2] != kept[:2]
    assert list(moved_faces(given, SPACE, "people", new_ids=True).face_ids) == list(new)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"face_ids": ["1", "2"]}, "'1' is no face id"),
        ({"face_ids": [face_id(1).upper().replace("0", "A"), ""]}, "is no face id"),
        ({"image_sha256s": ["", "ab"]}, "'ab' is no SHA-256"),
        ({"image_names": ["a.jpg", ""]}, "need image_sha256s"),
        ({"user_urls": ["example.org", ""]}, "need users"),
        ({"users": ["a", "b"], "user_urls": ["javascript:0", ""]}, "no web address"),
        ({"users": ["a", "b"], "user_genders": ["x", ""]}, "'x' is none of"),
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, list[str]], why: str) -> None:
    with pytest.raises(InputError, match=why):
        moved_faces({"vectors": units(2), **wrong}, SPACE, "people")
