from __future__ import annotations

import csv
import io
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.reporting.tables import CsvWriter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reknown.reporting.tables import Cell

_NAMES = ("Zoë; =1+1", '王 "Söhne", Ltd', "حمزة", "two\nlines", "=1+1", "\t=1+1", "Ada")


def _written(*rows: Sequence[Cell], mark: bool = False) -> bytes:
    file = io.BytesIO()
    table = CsvWriter(file, [f"column {n}" for n in range(len(rows[0]))], mark=mark)
    table.write(rows)
    return file.getvalue()


def _read(data: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline=""), delimiter=delimiter))


def test_a_table_is_plain_where_it_can_be() -> None:
    data = _written(("Ada Lovelace", 3, 0.25, None), ('say "hi"', -1, 1.2e-07, "a,b"))
    assert data.decode() == (
        "column 0,column 1,column 2,column 3\r\n"
        "Ada Lovelace,3,0.25,\r\n"
        '"say ""hi""",-1,1.2e-07,"a,b"\r\n'
    )


def test_names_in_any_script_have_a_mark_that_excel_needs() -> None:
    assert _written(("王",), mark=True) == b"\xef\xbb\xbf" + _written(("王",))
    assert list(csv.DictReader(io.StringIO(_written(("王",), mark=True).decode("utf-8-sig"))))


@pytest.mark.parametrize(
    "text",
    [
        *("=HYPERLINK(1)", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "  =1", "=", "-"),
        *("\uff1d1", "\uff0b1", "\uff0d1", "\uff20x"),
    ],
)
def test_text_is_never_a_formula(text: str) -> None:
    assert _read(_written((text,)))[1] == [f"'{text}"]


def test_numbers_stay_numbers() -> None:
    assert _read(_written((-0.5, -3, 1e-6)))[1] == ["-0.5", "-3", "1e-06"]


@given(st.lists(st.text(), min_size=2, max_size=4))
def test_text_comes_back(cells: list[str]) -> None:
    back = _read(_written(cells))[1]
    assert [cell.removeprefix("'") for cell in back] == [cell.removeprefix("'") for cell in cells]


@given(st.text(), st.sampled_from(";\t|"))
def test_text_makes_no_cells_where_commas_are_none(text: str, delimiter: str) -> None:
    """As in German Excel: a semicolon in a name would begin a cell with a formula."""
    (_, *cells) = _read(_written((text, 1)), delimiter)
    (cell,) = cells[0] if len(cells[0]) == 1 else (cells[0][0],)
    assert len(cells) == 1
    assert not cell.lstrip(" ").startswith(("=", "+", "-", "@"))


def test_names_of_files_that_are_no_text_are_told_apart() -> None:
    assert _written(("a\udc80.jpg",)).endswith(b'"a\\udc80.jpg"\r\n')


def test_a_row_too_short_is_an_error() -> None:
    with pytest.raises(ValueError, match="a row of 1 cells in a table of 2"):
        CsvWriter(io.BytesIO(), ("a", "b")).write([("x",)])


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is missing")
@pytest.mark.parametrize("mark", [False, True])
def test_libreoffice_shows_what_was_written(mark: bool, tmp_path: Path) -> None:
    source = tmp_path / "table.csv"
    rows: list[tuple[Cell, ...]] = [(name, 0.25, -3) for name in _NAMES]
    source.write_bytes(_written(*rows, mark=mark))
    # commas, quotation marks, UTF-8; and the same back
    in_utf8, back = "CSV:44,34,76,1", "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true"
    subprocess.run(
        [
            "soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless",
            f"--infilter={in_utf8}", "--convert-to", back, "--outdir", str(tmp_path / "out"),
            str(source),
        ],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    shown = _read((tmp_path / "out" / "table.csv").read_bytes())
    assert [row[0].removeprefix("'").removeprefix("\ufeff") for row in shown[1:]] == list(_NAMES)
    assert {tuple(row[1:]) for row in shown[1:]} == {("0.25", "-3")}
