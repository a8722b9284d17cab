"""A report as data: sections for people, each with the same as figures for machines.

`page` and the command line only show it. Nothing in it depends on the clock or the machine, so
the same data gives the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reknown.reporting.blocks import Block


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks under a heading; `figures` is what they show, in the terms of JSON."""

    title: str
    blocks: tuple[Block, ...]
    figures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """`figures` is all that was measured, in the terms of JSON; counts beside every rate."""

    title: str
    sections: tuple[Section, ...]
    figures: Mapping[str, Any]


def assembled(title: str, sections: Iterable[Section], **figures: Any) -> Report:
    """The report of all sections in their order, with their figures and those beside.

    Raises `InputError` for a figure that is not finite.
    """
    parts = tuple(sections)
    for part in parts:
        figures |= part.figures
    return Report(title, parts, checked_figures(figures))


def checked_figures(value: object) -> Any:
    """`value` as plain JSON types.

    Raises `InputError` for a number that JSON has not: no figure is better than a wrong one.
    """
    if isinstance(value, Mapping):
        return {str(key): checked_figures(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [checked_figures(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError("a figure of the report is not finite: the data do not support it")
    return value
