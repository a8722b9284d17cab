"""Reports that the tests of pages and images share."""

from reknown.reporting.blocks import (
    Axis,
    Block,
    Caution,
    Forest,
    ForestRow,
    HeatMap,
    Histogram,
    Lines,
    Series,
    Table,
    Text,
)
from reknown.reporting.report import Report, Section

HOSTILE = (
    "<script>alert(1)</script>",
    "A" * 10_000,
    "\u0645\u062c\u0645\u0648\u0639\u0629 \u202eabc",
    "one\r\ntwo\x00\x1b[31m",
    "{{7*7}} {% raw %} $\\frac{a}$ $",
    "</svg><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "_hidden \udc80 \U0001f600",
    "",
)

DET = Lines(
    "FNMR over FMR",
    Axis("FMR", log=True),
    Axis("FNMR", log=True),
    (
        Series("default", (1.0, 0.1, 0.01, 0.001, 0.0), (0.0, 0.01, 0.05, 0.2, 1.0)),
        Series("accurate", (1.0, 0.2, 0.02, 0.001, 0.0), (0.0, 0.005, 0.03, 0.1, 1.0)),
    ),
    steps=True,
)
SCORES = Histogram(
    "Scores",
    Axis("score"),
    (0.0, 0.5, 1.0),
    {"mated": (1, 20), "non-mated": (90_000, 3)},
    {"FMR 1e-3": 0.7},
)
MATRIX = HeatMap("FMR between groups", ("a", "b"), ((1.2e-3, None), (0.0, 0.25)))
GROUPS = Forest(
    "FNMR of groups",
    Axis("FNMR", log=True),
    (
        ForestRow("a", 0.01, 0.005, 0.02),
        ForestRow("b", None, None, None),
        ForestRow("c", 0.0, 0.0, 0.004),
    ),
    0.008,
)
TABLE = Table("Operating points", ("Pack", "FMR "), (("default", "1e-3"), ("accurate", "9e-4")))
PLOTS = (DET, SCORES, MATRIX, GROUPS)


def sample() -> Report:
    """A report with a block of each kind."""
    blocks: tuple[Block, ...] = (Text(("First.", "Second.")), Caution("Take care."), TABLE)
    sections = (Section("Summary", blocks), Section("Images", PLOTS))
    return Report("Verification", sections, {"fmr": {"errors": 3, "trials": 1000}})


def hostile_plots() -> tuple[Lines, Histogram, HeatMap, Forest]:
    """Every kind of image with every hostile name wherever names go."""
    n = len(HOSTILE)
    return (
        Lines(
            HOSTILE[0],
            Axis(HOSTILE[1]),
            Axis(HOSTILE[5]),
            tuple(Series(name, (0.0, 1.0), (float(i), 1.0)) for i, name in enumerate(HOSTILE)),
        ),
        Histogram(
            HOSTILE[4],
            Axis(HOSTILE[3]),
            (0.0, 1.0),
            {name: (i,) for i, name in enumerate(HOSTILE)},
            {name: float(i) for i, name in enumerate(HOSTILE)},
        ),
        HeatMap(HOSTILE[6], HOSTILE, ((0.1,) * n,) * n),
        Forest(
            HOSTILE[7],
            Axis(HOSTILE[0]),
            tuple(ForestRow(name, 0.1, 0.0, 0.2) for name in HOSTILE),
            0.1,
        ),
    )


def hostile_sample() -> Report:
    """A report of hostile names alone."""
    blocks: tuple[Block, ...] = (
        Text(HOSTILE),
        *(Caution(name) for name in HOSTILE),
        Table(HOSTILE[0], HOSTILE, (HOSTILE,)),
        *hostile_plots(),
    )
    sections = tuple(Section(name, blocks[:20] if not name else ()) for name in HOSTILE)
    return Report(HOSTILE[0], (*sections, Section(HOSTILE[1], blocks)), {"names": list(HOSTILE)})
