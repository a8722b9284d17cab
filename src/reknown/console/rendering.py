"""Pages from templates; whatever people wrote is text in them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse

from reknown.console.data import answered
from reknown.console.navigation import of_the_collection, of_the_console
from reknown.console.static_files import version
from reknown.console.words import count, few, moment, percent, rate
from reknown.reporting.times import clock
from reknown.services.policies.stops import list_stops

if TYPE_CHECKING:
    from starlette.responses import Response

    from reknown.console.visit import Visit

ROOT = "/console"
FIRST = "/overview"
"""What the page without a name of its own is called where one has to be."""
DATA = ".json"
"""What the address of a page's data ends in."""


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
    environment.filters.update(of_the_console=of_the_console, of_the_collection=of_the_collection)
    environment.globals.update(to=to, static=_static, data_address=_data_address)
    return environment


def to(*parts: object, **query: object) -> str:
    """The address of a page: its path in parts, what it shows as a query."""
    path = "/".join([ROOT, *map(_quoted, parts)])
    asked = "&".join(
        f"{name}={quote(str(value), safe='')}"
        for name, value in query.items()
        if value not in {None, ""}
    )
    return f"{path}?{asked}" if asked else path


def _quoted(part: object) -> str:
    """A name that ends like the address of data is spelled otherwise."""
    text = quote(str(part), safe="")
    return f"{text.removesuffix(DATA)}%2E{DATA[1:]}" if text.endswith(DATA) else text


def _data_address(visit: Visit) -> str:
    """Where the data of a page are, with all that was asked for."""
    path = visit.arrival.path if visit.its.path else f"{ROOT}{FIRST}"
    return f"{quote(path)}{DATA}{visit.question}"


def _static(name: str) -> str:
    return to("static", version(), name)


def page(visit: Visit, template: str, status: int = 200, **values: object) -> Response:
    """A whole page, or its data; each page says where nobody searches for now."""
    if visit.as_data:
        error = values.get("error")
        if error is not None:
            return answered(status, {"error": error})
        return answered(status, {name: values[name] for name in visit.its.data})
    stops = list_stops(visit.context, visit.visitor.rights.permits_collection)
    text = _environment().get_template(template).render(visit=visit, stops=stops, **values)
    return HTMLResponse(text, status)


def entrance(template: str, status: int = 200, **values: object) -> Response:
    """A page for those who are not signed in."""
    return HTMLResponse(_environment().get_template(template).render(values), status)


def go(*parts: object, **query: object) -> Response:
    """To another page, after a form has been taken: loading it again sends nothing twice."""
    return RedirectResponse(to(*parts, **query), 303)
