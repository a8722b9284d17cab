"""What to look at in the images themselves: worst pairs, failures, the same image twice."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from reknown.evaluation.runs.blocks import SHOWN
from reknown.reporting.blocks import Table, Text
from reknown.reporting.report import Section

if TYPE_CHECKING:
    from reknown.evaluation.data.images import EvaluatedImages
    from reknown.evaluation.runs.comparisons import Comparisons

_WORST = 10


def worst_section(data: Comparisons, names: tuple[str, ...]) -> Section:
    """The pairs that are most wrong, by name: where wrong labels show."""
    assert data.mated_rows is not None
    assert data.tail_rows is not None
    highest = np.arange(len(data.tail.scores))[::-1][:_WORST]
    finite = np.flatnonzero(data.mated > -math.inf)
    lowest = finite[np.argsort(data.mated[finite], kind="stable")[:_WORST]]
    chosen = (
        ("non-mated", "highest", data.tail.scores[highest], data.tail_rows[highest]),
        ("mated", "lowest", data.mated[lowest], data.mated_rows[lowest]),
    )
    blocks, figures = [], {}
    for kind, which, scores, rows in chosen:
        items = [
            {"score": float(score), "first": names[a], "second": names[b]}
            for score, (a, b) in zip(scores, rows.tolist(), strict=True)
        ]
        cells = tuple((f"{i['score']:.6f}", str(i["first"]), str(i["second"])) for i in items)
        blocks.append(
            Table(
                f"The {len(items)} {kind} comparisons with the {which} scores",
                ("score ", "first", "second"),
                cells,
            )
        )
        figures[kind.replace("-", "_")] = items
    text = Text.of(
        "Look at these first: wrong labels show here. Failures are listed apart from these, "
        "as they have no score."
    )
    return Section("Worst comparisons", (text, *blocks), {"worst": figures})


def unusable_section(
    images: EvaluatedImages, names: tuple[str, ...], shown: tuple[str, ...]
) -> Section:
    """Which images gave no template, and why."""
    failed = np.flatnonzero(images.templates.failed)
    root = f"{images.manifest.root}/"
    items = []
    for row in failed[:SHOWN].tolist():
        reason = images.templates.reasons[row].replace(root, "").replace(names[row], shown[row])
        items.append({"picture": shown[row], "reason": reason})
    figures = {"unusable": {"count": len(failed), "first": items}}
    title = "Images without a template"
    if not items:
        return Section(title, (Text.of("None."),), figures)
    rows = tuple((item["picture"], item["reason"]) for item in items)
    table = Table(f"{len(failed):,} in all{_first(len(failed))}", ("image", "reason"), rows)
    return Section(title, (table,), figures)


def duplicates_section(images: EvaluatedImages, shown: tuple[str, ...]) -> Section:
    """Which images occur twice, wrong labels first."""
    found = images.duplicates
    order = np.argsort(found.same_subject, kind="stable")[:SHOWN]
    items = [
        {
            "first": shown[found.first[at]],
            "second": shown[found.second[at]],
            "exact": bool(found.exact[at]),
            "same_subject": bool(found.same_subject[at]),
        }
        for at in order.tolist()
    ]
    figures = {"duplicates": {"count": len(found), "first": items}}
    if not items:
        return Section("The same image twice", (Text.of("None."),), figures)
    rows = tuple(
        (
            str(item["first"]),
            str(item["second"]),
            "equal bytes" if item["exact"] else "looks the same",
            "one subject" if item["same_subject"] else "two subjects: a wrong label?",
        )
        for item in items
    )
    columns = ("first", "second", "how", "of whom")
    table = Table(f"{len(found):,} pairs{_first(len(found))}", columns, rows)
    return Section("The same image twice", (table,), figures)


def _first(count: int) -> str:
    return f", the first {SHOWN} here" if count > SHOWN else ""
