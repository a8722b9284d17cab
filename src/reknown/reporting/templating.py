"""Templates filled with values from strangers, each shown in one line."""

from __future__ import annotations

from reknown.biometrics.errors import InputError
from reknown.reporting.labels import plain

try:
    from jinja2 import Environment, PackageLoader, StrictUndefined
except ImportError as error:
    raise InputError(
        "reports need jinja2 and matplotlib: pip install 'reknown[evaluation]'"
    ) from error


def filled(template: str, **values: object) -> str:
    """The page; the same values give the same text."""
    environment = Environment(
        loader=PackageLoader("reknown.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_one_line,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(values)


def _one_line(value: object) -> object:
    # the type itself: what is marked as safe is a string too, and keeps its lines
    return plain(value) if type(value) is str else value
