import dataclasses
import math
import os
import re
import subprocess
import sys
from typing import Any
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np
import pytest

from reknown.biometrics.errors import InputError
from reknown.reporting.blocks import Axis, Forest, ForestRow, HeatMap, Histogram, Lines, Series
from reknown.reporting.plots import notes, svg
from reknown.reporting.plots.canvas import figure
from unit.reporting.samples import DET, GROUPS, MATRIX, PLOTS, SCORES, hostile_plots

_XML = "{http://www.w3.org/2000/svg}"


def _root(block: Any) -> ET.Element:
    return ET.fromstring(svg(block))


def _texts(block: Any) -> list[str]:
    return [element.text or "" for element in _root(block).iter(f"{_XML}text")]


@pytest.mark.parametrize("block", PLOTS)
def test_an_image_scales_and_says_what_it_is(block: Any) -> None:
    root = _root(block)
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "plot-title plot-desc"
    assert [child.tag for child in root][:2] == [f"{_XML}title", f"{_XML}desc"]
    assert root[0].text == block.caption
    assert root[1].text
    assert root.get("viewBox")
    assert root.get("width") is None
    assert "width: 100%" in root.get("style", "")


@pytest.mark.parametrize("block", [*PLOTS, *hostile_plots()])
def test_an_image_loads_and_runs_nothing(block: Any) -> None:
    root = _root(block)
    tags = {element.tag.removeprefix(_XML) for element in root.iter()}
    assert tags <= {"svg", "title", "desc", "defs", "g", "path", "use", "text", "tspan"} | {
        "clipPath",
        "rect",
        "pattern",
    }
    for element in root.iter():
        for name, value in element.attrib.items():
            assert not name.startswith("on")
            assert "://" not in value
            if name == "href":
                assert value.startswith("#plot-")


@pytest.mark.parametrize("block", [*PLOTS, *hostile_plots()])
def test_every_reference_has_its_one_target(block: Any) -> None:
    drawing = svg(block, "figure-7")
    ids = re.findall(r'\bid="([^"]*)"', drawing)
    assert len(ids) == len(set(ids))
    assert all(name.startswith("figure-7-") for name in ids)
    used = re.findall(r'href="#([^"]*)"', drawing) + re.findall(r"url\(#([^)]*)\)", drawing)
    assert set(used) <= set(ids)


@pytest.mark.parametrize("block", PLOTS)
def test_text_stays_text_in_the_colours_of_the_page(block: Any) -> None:
    drawing = svg(block)
    assert "<text" in drawing
    assert "var(--ink,#1a1c20)" in drawing
    assert "DejaVu Sans', '" not in drawing.replace("'DejaVu Sans', Arial", "")


def test_settings_of_matplotlib_neither_matter_nor_change() -> None:
    before = svg(DET)
    with mpl.rc_context({"svg.fonttype": "path", "font.size": 30, "axes.grid": True}):
        assert svg(DET) == before
        assert mpl.rcParams["font.size"] == 30


@pytest.mark.parametrize("settings", [("1", "UTC", "C"), ("99", "Asia/Tokyo", "de_DE.UTF-8")])
def test_the_same_bytes_in_any_process(settings: tuple[str, str, str]) -> None:
    seed, zone, locale = settings
    code = (
        "import sys; from reknown.reporting.plots import svg\n"
        "from unit.reporting.samples import PLOTS\n"
        "sys.stdout.buffer.write(''.join(map(svg, PLOTS)).encode())"
    )
    surroundings = {
        "PYTHONHASHSEED": seed,
        "TZ": zone,
        "LC_ALL": locale,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "SOURCE_DATE_EPOCH": seed,
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=surroundings, capture_output=True, check=True
    )
    assert done.stdout.decode() == "".join(svg(block) for block in PLOTS)


def test_labels_are_there() -> None:
    assert {"FMR", "FNMR", "default", "accurate", "1e-3", "0"} <= set(_texts(DET))
    assert {"mated", "non-mated", "FMR 1e-3", "count (logarithmic)"} <= set(_texts(SCORES))
    assert {"a", "b", "1.2e-3", "too few", "0", "0.25"} <= set(_texts(MATRIX))
    expected = {"a", "too few", "1.0e-2 (5.0e-3 to 2.0e-2)", "everybody: 8.0e-3"}
    assert expected <= set(_texts(GROUPS))


def test_notes_say_what_could_not_be_drawn() -> None:
    assert "no 0" in notes(DET)[0]
    positive = Lines("", Axis("x", True), Axis("y", True), (Series("", (0.1,), (0.1,)),))
    assert notes(positive) == ()
    lost = Lines("", Axis("x"), Axis("y"), (Series("", (0.1, math.nan), (0.1, 1.0)),))
    assert "finite" in notes(lost)[0]
    assert "logarithmic" in notes(SCORES)[0]
    assert any("Hatched" in note for note in notes(MATRIX))
    assert any("rate of 0" in note for note in notes(MATRIX))
    assert [note[:4] for note in notes(GROUPS)] == ["A lo", "Grey"]


def test_counts_of_one_size_are_on_a_linear_axis() -> None:
    even = dataclasses.replace(SCORES, counts={"mated": (1, 20), "non-mated": (100, 3)})
    assert "count" in _texts(even)
    assert notes(even) == ()
    endless = dataclasses.replace(even, marks={"never": math.inf})
    assert "never" not in _texts(endless)
    assert "finite" in notes(endless)[0]


def test_steps_hold_their_value_up_to_the_next_threshold() -> None:
    def corners(steps: bool) -> int:
        block = dataclasses.replace(DET, series=DET.series[:1], steps=steps)
        ours = [
            e.get("d", "")
            for e in _root(block).iter(f"{_XML}path")
            if "#0072b2" in e.get("style", "")
        ]
        return max(path.count("L") for path in ours)

    assert corners(True) == 2 * corners(False) == 8


@pytest.mark.parametrize(
    "block",
    [
        Lines("", Axis("x", True), Axis("y", True), ()),
        Lines("", Axis("x"), Axis("y"), (Series("none", (), ()),)),
        Lines("", Axis("x"), Axis("y"), (Series("", (math.nan,), (1.0,)),)),
        Histogram("", Axis("x"), (0.0, 1.0), {"a": (0,)}, {}),
        Histogram("", Axis("x"), (0.0,), {}, {}),
        HeatMap("", (), ()),
        Forest("", Axis("x", True), (), None),
    ],
)
def test_nothing_to_draw_is_said(block: Any) -> None:
    assert "no data" in _texts(block)


@pytest.mark.parametrize(
    "block",
    [
        Lines("", Axis("x", True), Axis("y", True), (Series("one", (1e-3,), (1e-3,)),)),
        Lines("", Axis("x", True), Axis("y", True), (Series("zero", (0.0,), (0.0,)),), True),
        Lines("", Axis("x"), Axis("y"), (Series("flat", (1.0, 1.0), (2.0, 2.0)),)),
        Lines("", Axis("x", True), Axis("y", True), (Series("far", (1e-300, 1e300), (1, 1)),)),
        HeatMap("", ("a",), ((None,),)),
        HeatMap("", ("a",), ((0.0,),)),
        HeatMap("", ("a", "b"), ((0.5, 0.5), (0.5, math.nan))),
        Forest("", Axis("x", True), (ForestRow("a", None, None, None),), None),
        Forest("", Axis("x"), (ForestRow("a", 0.1, None, None),), 0.0),
    ],
)
def test_scarce_and_extreme_figures_are_drawn(block: Any) -> None:
    assert svg(block)
    assert isinstance(notes(block), tuple)


@pytest.mark.parametrize(
    "block",
    [
        Lines("", Axis("x"), Axis("y"), (Series("a", (1.0, 2.0), (1.0,)),)),
        Histogram("", Axis("x"), (0.0, 1.0), {"a": (1, 2)}, {}),
        HeatMap("", ("a", "b"), ((1.0,), (1.0,))),
        HeatMap("", ("a",), ()),
    ],
)
def test_parts_that_do_not_fit_are_refused(block: Any) -> None:
    with pytest.raises(InputError):
        svg(block)


def test_sixty_groups_grow_downwards_and_keep_their_names() -> None:
    names = tuple(f"a group with a name that is far too long, number {i}" for i in range(60))
    forest = Forest("", Axis("x"), tuple(ForestRow(n, 0.1, 0.05, 0.2) for n in names), None)
    matrix = HeatMap("", names, ((1e-3,) * 60,) * 60)
    for block in (forest, matrix):
        root = _root(block)
        titles = [title.text for title in root.iter(f"{_XML}title")]
        assert set(names) <= set(titles)
        assert all(len(text) <= 40 for text in _texts(block))
        assert float(root.get("viewBox", "").split()[3]) > 600
    assert len(svg(matrix)) < 300_000
    assert "The numbers are in the table below the image." in notes(matrix)


def test_a_million_thresholds_make_a_small_image() -> None:
    xs = np.linspace(1, 1e-6, 1_000_000)
    series = Series("many", tuple(xs.tolist()), tuple((1 - xs).tolist()))
    drawing = svg(Lines("", Axis("x", True), Axis("y", True), (series,), True))
    assert len(drawing) < 150_000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0012, "1.2e-3"),
        (0.0, "0"),
        (0.25, "0.25"),
        (1.0, "1"),
        (1e-10, "1.0e-10"),
        (5e4, "5.0e4"),
    ],
)
def test_figures_are_short(value: float, text: str) -> None:
    assert figure(value) == text
