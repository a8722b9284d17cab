from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from growth import growth
from reknown.biometrics.errors import InputError
from reknown.evaluation.data.manifest import UNLABELLED, Sample, read_manifest


def _csv(folder: Path, content: str | bytes) -> Path:
    path = folder / "manifest.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def _touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_a_csv_declares_subjects_sessions_and_groups(tmp_path: Path) -> None:
    path = _csv(
        tmp_path,
        "image,subject,session,sex,age\na/1.jpg,Ann,monday,f,30-40\nb/1.jpg, Bob ,,m,\n",
    )
    manifest = read_manifest(path)
    assert manifest.group_columns == ("sex", "age")
    assert manifest.samples == (
        Sample(2, Path("a/1.jpg"), "Ann", "monday", {"sex": "f", "age": "30-40"}),
        Sample(3, Path("b/1.jpg"), "Bob", None, {"sex": "m", "age": ""}),
    )
    assert manifest.path(0) == tmp_path / "a/1.jpg"


def test_columns_may_stand_in_any_order(tmp_path: Path) -> None:
    (sample,) = read_manifest(_csv(tmp_path, "g,subject,image\nx,Ann,1.jpg\n")).samples
    assert sample == Sample(2, Path("1.jpg"), "Ann", None, {"g": "x"})


def test_a_folder_for_each_person(tmp_path: Path) -> None:
    for name in ("Bob/1.jpg", "Ann/2.PNG", "Ann/1.jpg", "Ann/notes.txt"):
        _touch(tmp_path / name)
    manifest = read_manifest(tmp_path)
    assert [(s.line, s.image.as_posix(), s.subject) for s in manifest.samples] == [
        (1, "Ann/1.jpg", "Ann"),
        (2, "Ann/2.PNG", "Ann"),
        (3, "Bob/1.jpg", "Bob"),
    ]
    assert manifest.group_columns == ()


def test_links_in_a_folder_are_not_followed(tmp_path: Path) -> None:
    outside = _touch(tmp_path / "outside" / "secret.jpg")
    _touch(tmp_path / "people" / "Ann" / "1.jpg")
    (tmp_path / "people" / "Ann" / "2.jpg").symlink_to(outside)
    (tmp_path / "people" / "Bob").symlink_to(outside.parent)
    assert len(read_manifest(tmp_path / "people").samples) == 1


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("loose.jpg", "loose.jpg: put it into its person's folder"),
        ("Ann/deep/1.jpg", "Ann/deep: images lie directly"),
        ("Ann/caf\udce9.jpg", r"Ann/caf\udce9.jpg: the name is not UTF-8"),
    ],
)
def test_what_a_folder_should_not_hold_is_named(tmp_path: Path, name: str, problem: str) -> None:
    _touch(tmp_path / "Ann" / "1.jpg")
    _touch(tmp_path / name)
    with pytest.raises(InputError) as caught:
        read_manifest(tmp_path)
    assert problem in str(caught.value)


def test_nothing_there_is_explained(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a folder for each person"):
        read_manifest(tmp_path)
    with pytest.raises(InputError, match="neither a folder nor a CSV"):
        read_manifest(tmp_path / "absent.csv")
    with pytest.raises(InputError, match="no images named"):
        read_manifest(_csv(tmp_path, "image,subject\n"))
    with pytest.raises(InputError, match="image,subject"):
        read_manifest(_csv(tmp_path, ""))


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (b"1.jpg", "line 3: 1 values where the first line names 2"),
        (b"1.jpg,Ann,x", "line 3: 3 values"),
        (b"1.jpg, ", "line 3: the subject is empty"),
        (b",Ann", "line 3: the image is empty"),
        (b"../1.jpg,Ann", "line 3: the image path leads out"),
        (b"a/../1.jpg,Ann", "line 3: the image path leads out"),
        (b"out.jpg,Ann", "line 3: a link leads out"),
        (b"outside/1.jpg,Ann", "line 3: a link leads out"),
        (b"1\0.jpg,Ann", "line 3: a NUL"),
        (b"1.jpg,\xc8\xe2\xe0\xed", "line 3: not UTF-8"),
        (b"0.jpg,Ann", "line 3: the same image as on line 2"),
        (b"./0.jpg,Bob", "line 3: the same image as on line 2"),
        (b"inside.jpg,Bob", "line 3: the same image as on line 2"),
        (b'"1.jpg,Ann', "line 3: unexpected end of data"),
        (b"1.jpg," + b"A" * 5_000, "line 3: a value of more than 4,096"),
        (b'1.jpg,"' + b"A" * 200_000, "line 3: field larger"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, row: bytes, problem: str) -> None:
    folder = tmp_path / "set"
    _touch(folder / "0.jpg")
    _touch(tmp_path / "elsewhere" / "1.jpg")
    (folder / "out.jpg").symlink_to(tmp_path / "elsewhere" / "1.jpg")
    (folder / "outside").symlink_to(tmp_path / "elsewhere")
    (folder / "inside.jpg").symlink_to("0.jpg")
    with pytest.raises(InputError) as caught:
        read_manifest(_csv(folder, b"image,subject\n0.jpg,Ann\n" + row + b"\n"))
    assert problem in str(caught.value)


def test_many_wrong_lines_are_counted(tmp_path: Path) -> None:
    rows = "".join(f"{n}.jpg\n" for n in range(1_000))
    with pytest.raises(InputError) as caught:
        read_manifest(_csv(tmp_path, "image,subject\n" + rows))
    lines = str(caught.value).splitlines()
    assert len(lines) == 22
    assert lines[20].startswith("  line 21:")
    assert lines[-1] == "  and 980 more"


@pytest.mark.parametrize(
    "header",
    [
        "image",
        "subject",
        "image,subject,image",
        "image,subject,",
        "\udcc8\udce2\udce0\udced,image,subject",
    ],
)
def test_a_wrong_header_is_refused(tmp_path: Path, header: str) -> None:
    content = (header + "\n1.jpg,Ann,x\n").encode("utf-8", "surrogateescape")
    with pytest.raises(InputError, match=r"first line|column|line 1: not UTF-8"):
        read_manifest(_csv(tmp_path, content))


def test_absolute_paths_are_taken_as_they_are(tmp_path: Path) -> None:
    _touch(tmp_path / "set" / "0.jpg")
    outside = tmp_path / "elsewhere" / "1.jpg"
    _touch(outside)
    rows = f"image,subject\n{tmp_path}/set/0.jpg,Ann\n{outside},Bob\n"
    found = read_manifest(_csv(tmp_path / "set", rows))
    assert [found.path(row) for row in (0, 1)] == [tmp_path / "set/0.jpg", outside]
    assert found.samples[0].image == Path("0.jpg")
    with pytest.raises(InputError, match="the same image as on line 2"):
        read_manifest(_csv(tmp_path / "set", f"image,subject\n0.jpg,A\n{tmp_path}/set/0.jpg,B\n"))


def test_relative_paths_start_from_the_root(tmp_path: Path) -> None:
    _touch(tmp_path / "images" / "a" / "1.jpg")
    (tmp_path / "lists").mkdir()
    table = _csv(tmp_path / "lists", "path;person;session\na/1.jpg;Ann;2019\n")
    found = read_manifest(table, tmp_path / "images")
    assert found.path(0) == tmp_path / "images/a/1.jpg"
    assert (found.samples[0].session, found.group_columns) == ("2019", ())
    with pytest.raises(InputError, match="leads out"):
        read_manifest(_csv(tmp_path / "lists", "path,person\n../x.jpg,A\n"), tmp_path / "images")
    with pytest.raises(InputError, match="--root is for a CSV file"):
        read_manifest(tmp_path / "images", tmp_path)


def test_mark_blank_lines_and_windows_line_ends_do_not_matter(tmp_path: Path) -> None:
    plain = read_manifest(_csv(tmp_path, "image,subject\n1.jpg,Ann\n2.jpg,Bob\n"))
    windows = _csv(tmp_path, b"\xef\xbb\xbfimage,subject\r\n\r\n1.jpg,Ann\r\n2.jpg,Bob\r\n\r\n")
    other = read_manifest(windows)
    assert other.digest == plain.digest
    assert [sample.line for sample in other.samples] == [3, 4]


def test_one_name_in_two_spellings_is_one_subject(tmp_path: Path) -> None:
    manifest = read_manifest(_csv(tmp_path, "image,subject\n1.jpg,Jos\u00e9\n2.jpg,Jose\u0301\n"))
    _, names = manifest.subjects()
    assert names == ("Jos\u00e9",)


@pytest.mark.parametrize(
    "changed", ["2.jpg,Ann,s,x", "1.jpg,Bob,s,x", "1.jpg,Ann,t,x", "1.jpg,Ann,s,y", "1.jpg,Ann,,x"]
)
def test_the_digest_is_of_all_that_is_declared(tmp_path: Path, changed: str) -> None:
    header = "image,subject,session,g\n"
    one = read_manifest(_csv(tmp_path, header + "1.jpg,Ann,s,x\n"))
    assert read_manifest(_csv(tmp_path, header + changed + "\n")).digest != one.digest


def test_numbers_of_subjects_sessions_and_groups(tmp_path: Path) -> None:
    rows = "1,B,s,f,x\n2,A,s,m,x\n3,B,s,f,\n4,B,,f,x\n5,B,t,f,x\n"
    manifest = read_manifest(_csv(tmp_path, "image,subject,session,sex,age\n" + rows))
    subjects, names = manifest.subjects()
    assert (subjects.tolist(), names) == ([1, 0, 1, 1, 1], ("A", "B"))
    sessions = manifest.sessions()
    assert sessions[0] == sessions[2]
    assert len(set(sessions.tolist())) == 4
    assert sessions[3] == UNLABELLED
    codes, labels = manifest.groups(("sex", "age"))
    assert (codes.tolist(), labels) == ([0, 1, UNLABELLED, 0, 0], ("f / x", "m / x"))
    with pytest.raises(InputError, match="it has: sex, age"):
        manifest.groups(("race",))


def test_the_work_grows_with_the_rows_and_no_faster(tmp_path: Path) -> None:
    def file(rows: int) -> Path:
        lines = [f"{n // 1000}/{n}.jpg,person {n // 4},s{n % 4},c{n % 50}\n" for n in range(rows)]
        path = tmp_path / f"{rows}.csv"
        path.write_text("image,subject,session,country\n" + "".join(lines))
        return path

    manifest = read_manifest(file(40_000))
    assert len(manifest.samples) == 40_000
    assert manifest.samples[-1].line == 40_001
    assert growth(read_manifest, file(5_000), file(40_000)) < 24


@given(content=st.binary(max_size=200))
def test_whatever_a_file_holds_it_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = _csv(tmp_path_factory.mktemp("any"), b"image,subject,g\n" + content)
    try:
        manifest = read_manifest(path)
    except InputError:
        return
    for sample in manifest.samples:
        assert sample.subject
        assert ".." not in sample.image.parts
        assert not sample.image.is_absolute()
