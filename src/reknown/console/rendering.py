"""Pages from templates; whatever people wrote is text in them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse

from reknown.console.static_files import version
from reknown.console.words import count, few, moment, percent, rate
from reknown.reporting.times import clock
from reknown.services.policies.stops import list_stops

if TYPE_CHECKING:
    from starlette.responses import Response

    from reknown.console.visit import Visit

ROOT = "/console"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reknown.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        clock=clock, count=count, few=few, moment=moment, percent=percent, rate=rate
    )
    environment.globals.update(to=to, static=_static)
    return environment


def to(*parts: object, **query: object) -> str:
    """The address of a page: its path in parts, what it shows as a query."""
    path = "/".join([ROOT, *(quote(str(part), safe="") for part in parts)])
    asked = "&".join(
        f"{name}={quote(str(value), safe='')}"
        for name, value in query.items()
        if value not in {None, ""}
    )
    return f"{path}?{asked}" if asked else path


def _static(name: str) -> str:
    return to("static", version(), name)


def page(visit: Visit, template: str, status: int = 200, **values: object) -> Response:
    """A whole page; each says where nobody searches for now."""
    stops = list_stops(visit.context, visit.visitor.rights.permits_collection)
    text = _environment().get_template(template).render(visit=visit, stops=stops, **values)
    return HTMLResponse(text, status)


def entrance(template: str, status: int = 200, **values: object) -> Response:
    """A page for those who are not signed in."""
    return HTMLResponse(_environment().get_template(template).render(values), status)


def go(*parts: object, **query: object) -> Response:
    """To another page, after a form has been taken: loading it again sends nothing twice."""
    return RedirectResponse(to(*parts, **query), 303)
