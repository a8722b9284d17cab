"""Pages from templates; whatever people wrote is text in them."""

from __future__ import annotations

import secrets
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from starlette.responses import HTMLResponse, RedirectResponse

from reknown.console.data import answered
from reknown.console.language import Language
from reknown.console.navigation import of_the_collection, of_the_console
from reknown.console.static_files import version
from reknown.console.terms import TERMS
from reknown.console.words import few, moment, percent, rate
from reknown.reporting.times import clock
from reknown.services.policies.stops import list_stops

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from jinja2.runtime import Context
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
        extensions=["jinja2.ext.i18n"],
    )
    environment.policies["ext.i18n.trimmed"] = True
    # what a page is rendered with: placeholders are filled in there, once the translation is text
    environment.newstyle_gettext = True  # type: ignore[attr-defined]
    environment.filters.update(
        english=_spoken(Language.english),
        number=_spoken(Language.number),
        percent=_spoken(percent),
        rate=_spoken(rate),
        term=_spoken(_term),
    )
    environment.filters.update(clock=clock, few=few, moment=moment)
    environment.filters.update(of_the_console=of_the_console, of_the_collection=of_the_collection)
    environment.globals.update(fresh=lambda: secrets.token_hex(16))
    environment.globals.update(to=to, static=_static, data_address=_data_address)
    return environment


def _term(language: Language, code: str) -> str:
    """The word for a code that has one."""
    return language.gettext(code) if code in TERMS else language.english(code)


def _spoken(filtered: Callable[[Language, Any], str]) -> Callable[[Context, Any], str]:
    """A filter in the language of the page."""

    @pass_context
    def with_language(context: Context, value: Any) -> str:
        return filtered(context["language"], value)

    return with_language


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
    return _html(visit.arrival.language, template, status, visit=visit, stops=stops, **values)


def entrance(language: Language, template: str, status: int = 200, **values: object) -> Response:
    """A page for those who are not signed in."""
    return _html(language, template, status, **values)


def _html(language: Language, template: str, status: int, **values: object) -> Response:
    text = (
        _environment()
        .get_template(template)
        .render(
            language=language,
            gettext=language.markup,
            ngettext=language.counted_markup,
            **values,
        )
    )
    return HTMLResponse(text, status, {"vary": "Accept-Language"})


def go(*parts: object, **query: object) -> Response:
    """To another page, after a form has been taken: loading it again sends nothing twice."""
    return RedirectResponse(to(*parts, **query), 303)
