from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from contexts import events, faces
from reknown.biometrics.errors import NotFoundError
from reknown.biometrics.geometry import BoundingBox
from reknown.ledger.records import ShowFaceRecord
from reknown.services.galleries.enrolees import Enrolee
from reknown.services.galleries.enrolment import enrol_subjects
from reknown.services.galleries.enrolment_plan import read_plan
from reknown.services.galleries.face_images import cut, show_face

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.services.context import Context


@pytest.fixture
def album(context: Context, collection: str, tmp_path: Path, eileen: bytes) -> Path:
    folder = tmp_path / "album"
    (folder / "Eileen/trip").mkdir(parents=True)
    (folder / "Eileen/trip/1.jpg").write_bytes(eileen)
    for _ in enrol_subjects(context, collection, read_plan(folder)):
        pass
    return folder


def test_the_face_is_cut_from_its_picture(context: Context, collection: str, album: Path) -> None:
    (face,) = faces(context)
    shown = show_face(context, collection, face.face_id)
    assert (shown.face, shown.path) == (face, album / "Eileen/trip/1.jpg")
    assert shown.pixels is not None
    left, top, right, bottom = face.box.pixels(face.image.width, face.image.height)
    height, width, _ = shown.pixels.shape
    assert right - left < width < 2 * (right - left)
    assert bottom - top < height < 2 * (bottom - top)
    (event,) = events(context, "show face")
    assert event.record == ShowFaceRecord(face.face_id, True)


def test_a_picture_is_known_by_its_content(
    context: Context, collection: str, album: Path, tmp_path: Path, grace: bytes
) -> None:
    (face,) = faces(context)
    path = album / "Eileen/trip/1.jpg"
    moved = tmp_path / "elsewhere" / "x" / "other name.png"
    moved.parent.mkdir(parents=True)
    path.rename(moved)
    path.write_bytes(grace)  # another picture of the same name
    assert show_face(context, collection, face.face_id).path is None
    (event,) = events(context, "show face")
    assert event.record == ShowFaceRecord(face.face_id, False)
    places = [tmp_path / "nowhere", tmp_path / "elsewhere"]
    assert show_face(context, collection, face.face_id, places).path == moved
    assert show_face(context, collection, face.face_id, [moved]).path == moved


def test_a_renamed_persons_picture_is_found(context: Context, collection: str, album: Path) -> None:
    (face,) = faces(context)
    (album / "Eileen").rename(album / "Colonel Collins")
    shown = show_face(context, collection, face.face_id)
    assert shown.path == album / "Colonel Collins/trip/1.jpg"


def test_pipes_are_not_waited_for(context: Context, collection: str, album: Path) -> None:
    (face,) = faces(context)
    path = album / "Eileen/trip/1.jpg"
    path.unlink()
    os.mkfifo(path)
    assert show_face(context, collection, face.face_id, [album]).path is None


@pytest.mark.parametrize("name", ["../" * 9 + "etc/passwd", "/dev/zero", "x" * 4000, "..", "a/"])
def test_names_of_strangers_lead_nowhere(
    context: Context, collection: str, album: Path, name: str
) -> None:
    (face,) = faces(context)
    with context.database.begin() as connection:
        connection.exec_driver_sql("UPDATE images SET name = ?", (name,))
    assert show_face(context, collection, face.face_id).path is None
    found = show_face(context, collection, face.face_id, [album]).path
    assert found == album / "Eileen/trip/1.jpg"


def test_links_are_not_followed_in_circles(
    context: Context, collection: str, album: Path, tmp_path: Path
) -> None:
    (face,) = faces(context)
    (album / "Eileen/trip/1.jpg").rename(tmp_path / "kept.jpg")
    (album / "round").symlink_to(album)
    (album / "far").symlink_to("/")
    (album / "nowhere.jpg").symlink_to("nothing")
    assert show_face(context, collection, face.face_id, [album]).path is None
    (album / "link.jpg").symlink_to(tmp_path / "kept.jpg")
    assert show_face(context, collection, face.face_id, [album]).path == album / "link.jpg"


@pytest.mark.parametrize("error", [PermissionError(13, "no"), OSError(5, "no")])
def test_a_folder_that_cannot_be_listed_does_not_hide_others(
    context: Context,
    collection: str,
    album: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: OSError,
) -> None:
    (face,) = faces(context)
    (tmp_path / "other").mkdir()
    (album / "Eileen/trip/1.jpg").rename(tmp_path / "other/1.jpg")
    scandir = os.scandir

    def refuse(place: Path) -> object:
        if str(place) == str(album):
            raise error
        return scandir(place)

    monkeypatch.setattr(os, "scandir", refuse)
    places = [album, tmp_path / "other"]
    assert show_face(context, collection, face.face_id, places).path == tmp_path / "other/1.jpg"


def test_a_face_of_a_picture_without_a_name(
    context: Context, collection: str, tmp_path: Path, eileen: bytes
) -> None:
    for _ in enrol_subjects(context, collection, [Enrolee(eileen, "Eileen")]):
        pass
    (face,) = faces(context)
    assert show_face(context, collection, face.face_id).path is None
    (tmp_path / "any.jpg").write_bytes(eileen)
    assert show_face(context, collection, face.face_id, [tmp_path]).path == tmp_path / "any.jpg"


def test_a_turned_picture_is_shown_upright(
    context: Context, collection: str, tmp_path: Path, eileen: bytes
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    turned = Image.open(io.BytesIO(eileen)).transpose(Image.Transpose.ROTATE_90)
    turned.save(buffer, "JPEG", exif=exif, quality=95)
    (tmp_path / "album/Eileen").mkdir(parents=True)
    (tmp_path / "album/Eileen/1.jpg").write_bytes(buffer.getvalue())
    for _ in enrol_subjects(context, collection, read_plan(tmp_path / "album")):
        pass
    (face,) = faces(context)
    shown = show_face(context, collection, face.face_id)
    assert shown.pixels is not None
    upright = np.asarray(Image.open(io.BytesIO(eileen)).convert("RGB"))
    expected = cut(upright, face.box).astype(np.int16)
    assert expected.shape == shown.pixels.shape
    assert np.abs(expected - shown.pixels).mean() < 5


def test_a_face_that_is_not_there(context: Context, collection: str) -> None:
    with pytest.raises(NotFoundError, match="faces list"):
        show_face(context, collection, "no id")
    assert not events(context, "show face")


@pytest.mark.parametrize(
    ("box", "rows", "columns"),
    [
        ((0.4, 0.4, 0.2, 0.2), (33, 67), (33, 67)),
        ((0.0, 0.0, 0.2, 0.2), (0, 27), (0, 27)),
        ((0.9, 0.9, 0.2, 0.2), (83, 100), (83, 100)),
        ((-0.1, 0.5, 0.2, 0.2), (43, 77), (0, 17)),
        ((0.0, 0.0, 1.0, 1.0), (0, 100), (0, 100)),
    ],
)
def test_what_is_cut_out(
    box: tuple[float, float, float, float], rows: tuple[int, int], columns: tuple[int, int]
) -> None:
    grid = np.indices((100, 100, 3), np.uint8)
    for axis, (first, end) in zip(grid, (rows, columns), strict=False):
        found = cut(axis, BoundingBox(*box))
        assert (found.min(), found.max()) == (first, end - 1)


@given(
    box=st.builds(BoundingBox, *[st.floats(-2, 3, allow_nan=False)] * 4),
    width=st.integers(1, 40),
    height=st.integers(1, 40),
)
def test_every_cut_is_a_picture(box: BoundingBox, width: int, height: int) -> None:
    found = cut(np.zeros((height, width, 3), np.uint8), box)
    assert 1 <= found.shape[0] <= height
    assert 1 <= found.shape[1] <= width
