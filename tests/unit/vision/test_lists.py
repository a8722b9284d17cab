from __future__ import annotations

import csv
import io
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reknown.biometrics.errors import InputError
from reknown.biometrics.problems import Problems
from reknown.vision import lists
from reknown.vision.lists import open_list

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reknown.vision.lists import PictureList

_VALUES = st.text(
    st.characters(codec="cp1252", exclude_characters="\0\r", exclude_categories=("Cs", "Cc"))
    | st.sampled_from(",;\t|\"'\n"),
    max_size=12,
)


@contextmanager
def _opened(folder: Path, content: bytes | str) -> Iterator[PictureList]:
    file = folder / "list.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    problems = Problems(file)
    with open_list(file, problems) as found:
        yield found
    problems.raise_any()


def _read(folder: Path, content: bytes | str) -> list[list[str]]:
    with _opened(folder, content) as found:
        return [[row[found.image], row[found.subject]] for _, row in found.rows]


@dataclass(frozen=True)
class Dialect:
    """How somebody's program writes lists."""

    separator: str
    end: str
    quoting: Literal[0, 1]
    encoding: str
    names: list[str]
    announced: bool

    def write(self, rows: list[tuple[str, str, str]]) -> bytes:
        buffer = io.StringIO(newline="")
        writer = csv.writer(
            buffer, delimiter=self.separator, lineterminator=self.end, quoting=self.quoting
        )
        writer.writerow(self.names)
        writer.writerows(rows)
        head = f"sep={self.separator}{self.end}" * self.announced
        return (head + buffer.getvalue()).encode(self.encoding)


_DIALECTS = st.builds(
    Dialect,
    separator=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    names=st.permutations(["File Name", "PERSON", "note"]),
    announced=st.booleans(),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(rows=st.lists(st.tuples(_VALUES, _VALUES, _VALUES), max_size=5), dialect=_DIALECTS)
def test_any_dialect_gives_the_same_rows(
    tmp_path: Path, rows: list[tuple[str, str, str]], dialect: Dialect
) -> None:
    image, subject = dialect.names.index("File Name"), dialect.names.index("PERSON")
    expected = [
        [row[image], row[subject]]
        for row in rows
        if any(cell and not cell.isspace() for cell in row)
    ]
    assert _read(tmp_path, dialect.write(rows)) == expected


@pytest.mark.parametrize(
    "header",
    [
        "image,subject", "Image,Subject", "file,name", "path,person", "FilePath,Label",
        "SourceFile,People", " image , subject ", "name,file", "subject,note,image",
    ],
)  # fmt: skip
def test_columns_have_many_names(tmp_path: Path, header: str) -> None:
    with _opened(tmp_path, header + "\n") as found:
        assert found.image != found.subject
        assert list(found.rows) == []


def test_the_better_known_name_counts(tmp_path: Path) -> None:
    assert _read(tmp_path, "name,subject,path,image\nn,s,p,i\n") == [["i", "s"]]


@pytest.mark.parametrize("word", ["Zo\u00eb", "\u0141uk", "\u5bb6\u65cf", "Jos\u00e9\u20ac"])
def test_letters_come_back(tmp_path: Path, word: str) -> None:
    assert _read(tmp_path, f"image,subject\n1.jpg,{word}\n") == [["1.jpg", word]]


def test_windows_1252_is_read(tmp_path: Path) -> None:
    text = "image;subject\r\ncaf\u00e9.jpg;Zo\u00eb M\u00fcller\r\n"
    assert _read(tmp_path, text.encode("cp1252")) == [["caf\u00e9.jpg", "Zo\u00eb M\u00fcller"]]


@pytest.mark.parametrize(
    ("word", "encoding"),
    [
        ("\u0418\u0432\u0430\u043d", "cp1251"),
        ("\u4e2d\u6587\u540d", "gbk"),
        ("\u65e5\u672c\u8a9e", "euc_jp"),
        ("\u65e5\u672c\u8a9e", "shift_jis"),
        ("\u0141ukasz", "cp1250"),
    ],
)
def test_other_encodings_are_refused_by_line(tmp_path: Path, word: str, encoding: str) -> None:
    text = f"image,subject\n1.jpg,Ann\n2.jpg,{word}\n"
    with pytest.raises(InputError, match=r"line 3: not UTF-8: save the file as UTF-8"):
        _read(tmp_path, text.encode(encoding))


def test_all_wrong_lines_are_named_at_once(tmp_path: Path) -> None:
    content = "image,subject\n1.jpg\n2.jpg,Ann\n\n3.jpg,Ann,x\n4\0.jpg,Bob\n5.jpg,Bob,,\n"
    with pytest.raises(InputError) as caught:
        _read(tmp_path, content)
    assert [line.split(":")[0] for line in str(caught.value).splitlines()[1:]] == [
        "  line 2",
        "  line 5",
        "  line 6",
    ]


def test_lines_are_counted_with_what_is_quoted_and_announced(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"line 5: 1 values"):
        _read(tmp_path, 'sep=,\nimage,subject\n"1.jpg","Ann\nLee"\n2.jpg\n')


@pytest.mark.parametrize(
    "content",
    [b"PK\x03\x04\x14\0\x06", "image,subject\n".encode("utf-16-le"), b"image,subject,\xc8\xe2\n"],
)
def test_what_is_no_text_is_to_be_saved_as_text(tmp_path: Path, content: bytes) -> None:
    """A spreadsheet's own file, UTF-16 without its mark, half of a letter."""
    with pytest.raises(InputError, match=r"line 1: .*: save the file as"):
        _read(tmp_path, content + b"\xd0\xb8")


def test_blank_lines_may_come_first_and_headers_have_breaks(tmp_path: Path) -> None:
    content = '\n \nimage;subject;"a\nb"\n1.jpg;Ann;x\n'
    with _opened(tmp_path, content) as found:
        assert found.names == ("image", "subject", "a\nb")
        assert list(found.rows) == [(5, ["1.jpg", "Ann", "x"])]


def test_other_separators_may_stand_in_the_header(tmp_path: Path) -> None:
    content = 'image;subject;"seen; where, when|how"\n1.jpg;Ann;x\n'
    assert _read(tmp_path, content) == [["1.jpg", "Ann"]]


@pytest.mark.parametrize(
    "head",
    [b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\0\0\0\x18ftypheic", b"RIFF1234WEBP"],
)
def test_an_image_is_no_list(tmp_path: Path, head: bytes) -> None:
    with pytest.raises(InputError, match="is an image: give the folder"):
        _read(tmp_path, head + bytes(20))


def test_what_is_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="more than 4,096 characters"):
        _read(tmp_path, "image,subject\n1.jpg," + "a" * 5_000 + "\n")
    columns = ",".join(f"c{number}" for number in range(99))
    with pytest.raises(InputError, match="100 columns are allowed"):
        _read(tmp_path, f"image,subject,{columns}\n")
    monkeypatch.setattr(lists, "_MAX_ROWS", 2)
    with pytest.raises(InputError, match="line 4: more than 2 rows"):
        _read(tmp_path, "image,subject\n" + "1.jpg,Ann\n" * 5)
    monkeypatch.setattr(lists, "_MAX_BYTES", 20)
    with pytest.raises(InputError, match="more than 20 bytes"):
        _read(tmp_path, "image,subject\n1.jpg,Ann\n")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(junk=st.binary(max_size=300), header=st.booleans())
def test_any_bytes_give_rows_or_an_input_error(tmp_path: Path, junk: bytes, header: bool) -> None:
    try:
        rows = _read(tmp_path, b"image;subject\n" * header + junk)
    except InputError as error:
        str(error).encode()
    else:
        assert all(value.encode() is not None for row in rows for value in row)
