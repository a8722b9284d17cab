"""A report put together of parts: a section for people with its figures for machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reknown.evaluation.report import Report, Section
from reknown.evaluation.runs.blocks import checked_figures

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Part:
    """A section of the report with its figures."""

    section: Section
    figures: dict[str, Any]


def assembled(title: str, kind: str, parts: Sequence[Part]) -> Report:
    """The report of all parts in their order; `kind` names it in the figures.

    Raises `InputError` for a figure that is not finite.
    """
    figures: dict[str, Any] = {"report": kind}
    for part in parts:
        figures |= part.figures
    return Report(title, tuple(part.section for part in parts), checked_figures(figures))
