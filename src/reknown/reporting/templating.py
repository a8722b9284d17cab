"""Templates filled with values from strangers, each shown in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.reporting.labels import plain

if TYPE_CHECKING:
    from collections.abc import Iterator

try:
    from jinja2 import Environment, PackageLoader, StrictUndefined
except ImportError as error:
    raise InputError(
        "reports need jinja2 and matplotlib: pip install 'reknown[evaluation]'"
    ) from error


def filled(template: str, **values: object) -> str:
    """The page; the same values give the same text."""
    return "".join(parts(template, **values))


def parts(template: str, **values: object) -> Iterator[str]:
    """The page piece by piece, so that a long one is never in memory as a whole."""
    environment = Environment(
        loader=PackageLoader("reknown.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_one_line,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).generate(values)


def _one_line(value: object) -> object:
    # the type itself: what is marked as safe is a string too, and keeps its lines
    return plain(value) if type(value) is str else value
