from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from contexts import faces
from portraits import pair
from reknown.biometrics.errors import InputError
from reknown.services.galleries.enrolees import Enrolee, GivenBox
from reknown.services.galleries.enrolment import Outcome, enrol_subjects
from reknown.services.galleries.enrolment_plan import read_plan
from reknown.services.galleries.shared_images import with_others
from reknown.services.images.detection import detect_all

if TYPE_CHECKING:
    from reknown.services.context import Context


def _put(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_the_others_of_an_image_are_named(tmp_path: Path) -> None:
    paths = [_put(tmp_path / name, b"same") for name in ("Ann/1.jpg", "Bob/2.jpg", "Cyd/3.jpg")]
    alone = _put(tmp_path / "Ann/4.jpg", b"else")
    names = ("Ann", "Bob", "Cyd")
    plan = [Enrolee(path, name) for path, name in zip(paths, names, strict=True)]
    found = with_others([*plan, Enrolee(paths[0], "Ann"), Enrolee(alone, "Ann")])
    assert [enrolee.others for enrolee in found] == [
        ("Bob", "Cyd"),
        ("Ann", "Cyd"),
        ("Ann", "Bob"),
        ("Bob", "Cyd"),
        (),
    ]


def test_with_a_box_it_is_clear(tmp_path: Path) -> None:
    path, box = _put(tmp_path / "1.jpg", b"same"), GivenBox(0, 0, 9, 9)
    plan = [Enrolee(path, "Ann", box), Enrolee(path, "Bob", box)]
    assert [enrolee.others for enrolee in with_others(plan)] == [(), ()]


def test_what_cannot_be_read_has_no_others(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    sources: list[Path | bytes] = [tmp_path / "absent", tmp_path / "folder", b"same", Path("a\0b")]
    plan = [Enrolee(source, name) for source in sources for name in ("Ann", "Bob")]
    assert with_others(plan) == plan


def test_a_photo_in_two_folders_is_refused_and_told_how_to_go_on(
    context: Context, collection: str, tmp_path: Path
) -> None:
    for name in ("Eileen", "Grace"):
        _put(tmp_path / "people" / name / "both.jpg", pair())
    results = list(enrol_subjects(context, collection, read_plan(tmp_path / "people")))
    assert [result.outcome for result in results] == [Outcome.REFUSED] * 2
    assert "is given as Grace" in results[0].reason
    assert "image,subject,left,top,width,height" in results[0].reason


def _detected(context: Context, path: Path) -> list[tuple[int, int, int, int]]:
    """The boxes in pixels as `reknown detect` shows them, from left to right."""
    ((_, found),) = detect_all(context, [path], templates=True)
    assert not isinstance(found, Exception)
    boxes = [face.box.pixels(found.image.width, found.image.height) for face in found.faces]
    return sorted((left, top, right - left, bottom - top) for left, top, right, bottom in boxes)


@pytest.mark.parametrize("turned", [False, True])
def test_boxes_say_which_face_is_meant(
    context: Context, collection: str, tmp_path: Path, turned: bool
) -> None:
    data = pair()
    if turned:
        exif, buffer = Image.Exif(), io.BytesIO()
        exif[0x0112] = 6
        image = Image.open(io.BytesIO(data)).transpose(Image.Transpose.ROTATE_90)
        image.save(buffer, "JPEG", exif=exif, quality=95)
        data = buffer.getvalue()
    path = _put(tmp_path / "both.jpg", data)
    eileen, grace = _detected(context, path)
    rows = [
        ";".join(["both.jpg", name, *map(str, box)])
        for name, box in (("Eileen", eileen), ("Grace", grace))
    ]
    table = tmp_path / "people.csv"
    table.write_text("\n".join(["image;subject;left;top;width;height", *rows]))
    for outcome in (Outcome.ENROLLED, Outcome.KNOWN):
        results = list(enrol_subjects(context, collection, read_plan(table)))
        assert [result.outcome for result in results] == [outcome] * 2
    stored = sorted(faces(context), key=lambda face: face.box.left)
    assert [face.user for face in stored] == ["Eileen", "Grace"]
    assert len({face.image.sha256 for face in stored}) == 1


def test_a_box_without_a_face(context: Context, collection: str, tmp_path: Path) -> None:
    path = _put(tmp_path / "both.jpg", pair())
    plan = [Enrolee(path, "Ada", GivenBox(0, 0, 20, 20))]
    (result,) = enrol_subjects(context, collection, plan)
    assert result.outcome is Outcome.REFUSED
    assert "no face where left, top, width and height say" in result.reason


def test_a_face_that_somebody_has_is_not_given_away(
    context: Context, collection: str, tmp_path: Path
) -> None:
    path = _put(tmp_path / "both.jpg", pair())
    box = GivenBox(*_detected(context, path)[0])
    (first,) = enrol_subjects(context, collection, [Enrolee(path, "Eileen", box)])
    (second,) = enrol_subjects(context, collection, [Enrolee(path, "Ada", box)])
    assert (first.outcome, second.outcome) == (Outcome.ENROLLED, Outcome.REFUSED)
    assert "faces move" in second.reason


@pytest.mark.parametrize(
    "box",
    [
        "a;0;9;9",
        ";0;9;9",
        "0;0;0;9",
        "0;0;nan;9",
        "0;nan;9;9",
        "-inf;0;9;9",
        "0;0;inf;9",
        "0;0;9;-1",
    ],
)
def test_what_is_no_box(tmp_path: Path, box: str) -> None:
    table = tmp_path / "people.csv"
    table.write_text(f"image;subject;left;top;width;height\n1.jpg;Ann;{box}\n")
    with pytest.raises(InputError, match="line 2: left, top, width and height take numbers"):
        read_plan(table)


def test_boxes_may_be_left_empty_and_have_commas(tmp_path: Path) -> None:
    table = tmp_path / "people.csv"
    rows = "1.jpg;Ann;;;;\n2.jpg;Bob;1,5;2;3,25;4\n"
    table.write_text(f"image;subject;Left;Top;Width;Height\n{rows}")
    assert [enrolee.box for enrolee in read_plan(table)] == [None, GivenBox(1.5, 2, 3.25, 4)]
