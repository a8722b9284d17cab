from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reknown.biometrics.errors import InputError
from reknown.services.galleries.enrolees import Enrolee
from reknown.services.galleries.enrolment_plan import read_plan
from reknown.vision.folders import HIDDEN


def _touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def _csv(folder: Path, content: str | bytes) -> Path:
    path = folder / "people.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_each_sub_folder_is_a_person_and_images_lie_at_any_depth(tmp_path: Path) -> None:
    first = _touch(tmp_path / "Ann" / "1.jpg")
    deep = _touch(tmp_path / "Ann" / "2024" / "summer" / "2.JPEG")
    other = _touch(tmp_path / "Bob" / "1.Png")
    assert read_plan(tmp_path) == [
        Enrolee(first, "Ann"),
        Enrolee(deep, "Ann"),
        Enrolee(other, "Bob"),
    ]


def test_what_is_no_image_or_belongs_to_nobody_is_left_out(tmp_path: Path) -> None:
    _touch(tmp_path / "loose.jpg")
    _touch(tmp_path / "Ann" / "notes.txt")
    _touch(tmp_path / "Ann" / "jpg")
    kept = _touch(tmp_path / "Ann" / "1.jpg")
    assert read_plan(tmp_path) == [Enrolee(kept, "Ann")]


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = _touch(tmp_path / "outside" / "secret.jpg")
    kept = _touch(tmp_path / "people" / "Ann" / "1.jpg")
    (tmp_path / "people" / "Bob").symlink_to(outside.parent)
    (kept.parent / "link.jpg").symlink_to(outside)
    (kept.parent / "deep").symlink_to(outside.parent)
    (kept.parent / "endless").symlink_to(kept.parent)
    assert read_plan(tmp_path / "people") == [Enrolee(kept, "Ann")]


def test_a_folder_without_images_is_explained(tmp_path: Path) -> None:
    (tmp_path / "Ann").mkdir()
    with pytest.raises(InputError, match="a folder for each person"):
        read_plan(tmp_path)


def test_a_csv_names_images_relative_to_itself(tmp_path: Path) -> None:
    plan = read_plan(_csv(tmp_path, "subject,image,note\nAnn,a/1.jpg,x\nBob,/abs/2.jpg,y\n"))
    assert plan == [Enrolee(tmp_path / "a/1.jpg", "Ann"), Enrolee(Path("/abs/2.jpg"), "Bob")]


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_csv_may_have_a_byte_order_mark_quotes_and_any_letters(
    tmp_path: Path, line_end: str
) -> None:
    lines = ["image,subject", '"a, b.jpg","Zoë ""Z"" Łuk"', '" 2.jpg "," Ann\nLee "', ""]
    plan = read_plan(_csv(tmp_path, line_end.join(lines).encode("utf-8-sig")))
    assert plan == [
        Enrolee(tmp_path / "a, b.jpg", 'Zoë "Z" Łuk'),
        Enrolee(tmp_path / "2.jpg", "Ann\nLee"),
    ]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (",Ann", "the image is empty"),
        ("1.jpg,", "the subject is empty"),
        ("1.jpg", "1 values where the first line names 2"),
        ("  ,Ann", "the image is empty"),
        ('"",""', None),
    ],
)
def test_an_empty_cell_is_reported_with_its_line(
    tmp_path: Path, row: str, problem: str | None
) -> None:
    rows = f"image,subject\n0.jpg,Ann\n{row}\n,Bob\n"
    with pytest.raises(InputError) as caught:
        read_plan(_csv(tmp_path, rows))
    lines = [f"line 3: {problem}"] if problem else []
    assert str(caught.value).split("\n  ")[1:] == [*lines, "line 4: the image is empty"]


@pytest.mark.parametrize("header", ["", "image", "picture,whom", "a,b", "1.jpg,Ann"])
def test_a_csv_without_the_columns_is_refused(tmp_path: Path, header: str) -> None:
    with pytest.raises(InputError, match="image,subject"):
        read_plan(_csv(tmp_path, f"{header}\n1.jpg,Ann\n"))


def test_a_csv_with_nothing_but_a_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no images named"):
        read_plan(_csv(tmp_path, "image,subject\n\n"))


@pytest.mark.parametrize(
    "content",
    ["image,subject\n1.jpg,Иван\n".encode("cp1251"), "image,subject\n".encode("utf-16"),
     b'image,subject\n"1.jpg,Ann\n', b"image,subject\n" + b"x" * 200_000 + b",Ann\n"],
    ids=["cyrillic", "utf-16", "open quote", "long cell"],
)  # fmt: skip
def test_what_is_no_csv_in_utf_8_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputError, match=r"people\.csv"):
        read_plan(_csv(tmp_path, content))


@pytest.mark.parametrize("name", ["absent", "x" * 5000, "a\0b"])
def test_what_is_neither_folder_nor_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        read_plan(tmp_path / name)


def test_a_folder_that_cannot_be_listed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(InputError, match=r"cannot read .*: permission denied"):
        read_plan(tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_give_a_plan_or_an_input_error(tmp_path: Path, junk: bytes, header: bool) -> None:
    try:
        plan = read_plan(_csv(tmp_path, b"image,subject\n" * header + junk))
    except InputError:
        return
    assert plan
    assert all(enrolee.subject.strip() for enrolee in plan)


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    (tmp_path / "Ann" / "deep").mkdir(parents=True)
    for name in ("Ann/1.jpg", "Ann/notes.txt", "Ann/deep/2.png", "group.jpg"):
        (tmp_path / name).touch()
    (tmp_path / "Ann" / "again.jpg").symlink_to("1.jpg")
    (tmp_path / "Ann" / "round").symlink_to(tmp_path)
    (tmp_path / "Bob").symlink_to("Ann")
    left_out: Counter[str] = Counter()
    assert len(read_plan(tmp_path, left_out)) == 2
    assert left_out == {
        "links, which are not followed": 3,
        "files in nobody's folder": 1,
        "files that are no images by their names": 1,
    }


def test_what_is_left_out_is_said_where_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "Ann").mkdir()
    (tmp_path / "Ann" / "1.jpg").symlink_to("/somewhere.jpg")
    with pytest.raises(InputError, match="left out: 1 links, which are not followed"):
        read_plan(tmp_path)


@pytest.mark.parametrize("folder", [".hidden", "@eaDir", "#recycle", "$RECYCLE.BIN", "lost+found"])
def test_what_systems_put_beside_people_is_no_person(tmp_path: Path, folder: str) -> None:
    for name in (f"{folder}/1.jpg", "Ada/1.jpg", f"Ada/{folder}/2.jpg"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    left_out: Counter[str] = Counter()
    assert [(e.subject, e.name) for e in read_plan(tmp_path, left_out)] == [("Ada", "1.jpg")]
    assert left_out == Counter({HIDDEN: 2})


def test_one_name_in_two_spellings_is_one_person(tmp_path: Path) -> None:
    for number, name in enumerate(("Zoe\u0308", "Zo\u00eb")):
        (tmp_path / "people" / name).mkdir(parents=True)
        (tmp_path / "people" / name / f"{number}.jpg").touch()
    assert {e.subject for e in read_plan(tmp_path / "people")} == {"Zo\u00eb"}
    table = tmp_path / "people.csv"
    table.write_text("image,subject\n1.jpg,Zoe\u0308\n", encoding="utf-8")
    assert [e.subject for e in read_plan(table)] == ["Zo\u00eb"]


@pytest.mark.parametrize("name", ["ada.jpg", "ADA.HEIC"])
def test_an_image_is_no_folder_of_people(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\xff\xd8\xff")
    with pytest.raises(InputError, match="is an image: give the folder"):
        read_plan(tmp_path / name)
