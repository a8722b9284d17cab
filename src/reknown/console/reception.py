"""From a browser's request to a page: who it is, whether they may, what they get."""

from __future__ import annotations

import asyncio
import time
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING
from uuid import uuid4

from starlette.responses import RedirectResponse, Response

from reknown.api.errors import wire_error
from reknown.api.fairness import ThrottledError
from reknown.api.http import request_head
from reknown.awswire.errors import WireError
from reknown.biometrics.errors import (
    AccessError,
    AlreadyExistsError,
    DatabaseUnavailableError,
    InputError,
    NotFoundError,
    PolicyError,
    ReknownError,
)
from reknown.console.data import answered
from reknown.console.forms import with_form
from reknown.console.language import ENGLISH, Languages
from reknown.console.own_words import said
from reknown.console.protection import (
    COOKIE,
    form_token,
    from_own_page,
    page_before,
    protected,
    require_form_token,
    require_own_page,
)
from reknown.console.rendering import ROOT, entrance, page, to
from reknown.console.streams import received, stated_size
from reknown.console.visit import Arrival, ConsolePage, Visit
from reknown.services.access import Refusal, record_refusal
from reknown.services.connections import over_a_lost_connection
from reknown.services.context import Actor, Context
from reknown.services.galleries.spaces import in_one_space
from reknown.services.sign_in import resume

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.datastructures import Headers
    from starlette.requests import Request

    from reknown.api.bodies import Bodies
    from reknown.api.http import Edge
    from reknown.console.language import Language
    from reknown.console.visit import IncomingFile
    from reknown.services.sign_in import Visitor

_LOOPBACK = {"127.0.0.1", "::1"}
_STRANGERS = ""
_NOBODY = Actor("console")
# What a stranger has to say: names, passwords and codes.
_STRANGERS_BYTES = 16 * 1024
# Whatever is allowed of one file is asked when it begins.
_MOST_BYTES = 2**39
# No refusal comes sooner, so that its time tells nothing of what was looked up and written.
_REFUSED_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Reception:
    """Lets people in; what pages do runs in the threads of the API, each person in turn."""

    edge: Edge
    bodies: Bodies
    languages: Languages = field(default_factory=Languages)

    async def welcome(
        self, request: Request, answer: Callable[[Arrival, Context], Response]
    ) -> Response:
        """For those who are not signed in: only the forms of the entrance come here."""
        started, arrival = time.monotonic(), self._arrival(request)
        response = await self._answered(self._welcomed(request, arrival, answer), arrival)
        if request.method == "POST" and response.status_code == HTTPStatus.FORBIDDEN:
            log = self.edge.gateway.log
            log.info("sign-in refused", request_id=arrival.request_id, client=arrival.client)
            await asyncio.sleep(started + _REFUSED_SECONDS - time.monotonic())
        return response

    async def _welcomed(
        self, request: Request, arrival: Arrival, answer: Callable[[Arrival, Context], Response]
    ) -> Response:
        context = Context(self.edge.gateway.platform, self._nobody(arrival))
        if request.method != "POST":
            return answer(arrival, context)
        with self.bodies.room() as room:
            body = await self.bodies.read(request, room, _STRANGERS_BYTES)
            require_own_page(request.headers)

            def take() -> Response:
                return answer(with_form(arrival, request.headers, body), context)

            try:
                return await self.edge.sign_in.run(arrival.client, take)
            except ThrottledError:
                crowded = arrival.language.gettext(
                    "Too many people are signing in at this moment: try again in a minute."
                )
                return _said(arrival, crowded, HTTPStatus.SERVICE_UNAVAILABLE)

    async def serve(self, request: Request, its: ConsolePage, *, as_data: bool = False) -> Response:
        """A page, or its data, for whoever is signed in; others are sent to the entrance."""
        arrival = replace(self._arrival(request), as_data=as_data)
        if as_data:  # programs are told the same everywhere
            arrival = replace(arrival, language=ENGLISH)
        return await self._answered(self._served(request, its, arrival), arrival)

    async def _answered(self, work: Awaitable[Response], arrival: Arrival) -> Response:
        """What comes of it, an error's page too, with the headers of all pages."""
        try:
            response = await work
        except WireError as error:
            response = _said(arrival, arrival.language.english(error.message), error.status)
        except ReknownError as error:
            response = _said(arrival, said(arrival.language, error), _status(error))
        except Exception:
            response = _said(arrival, self._failed(arrival), HTTPStatus.INTERNAL_SERVER_ERROR)
        return protected(response)

    def _failed(self, arrival: Arrival) -> str:
        self.edge.gateway.log.exception("request failed", request_id=arrival.request_id)
        return arrival.language.gettext(
            "Something went wrong here. The log says what, under %(id)s.", id=arrival.request_id
        )

    async def _served(self, request: Request, its: ConsolePage, arrival: Arrival) -> Response:
        token = request.cookies.get(COOKIE)
        visitor = None
        if token is not None:
            find = partial(resume, self.edge.gateway.platform.database, token, arrival.request_id)
            visitor = await self.edge.arrival.run(_STRANGERS, partial(over_a_lost_connection, find))
        if visitor is None:
            await self.bodies.discard(request)
            return _sign_in_first(request, arrival)
        if its.receive is not None:
            return await self._received(request, its, arrival, visitor)
        with self.bodies.room() as room:
            body = await self.bodies.read(request, room) if its.changes else b""
            pool = self.edge.recognition if its.slow else self.edge.storage
            work = partial(self._shown, arrival, request.headers, body, visitor, its)
            return await pool.run(visitor.actor.name, work)

    async def _received(
        self, request: Request, its: ConsolePage, arrival: Arrival, visitor: Visitor
    ) -> Response:
        """What comes of files that are written as they come, none of which waits in memory."""
        who, headers = visitor.actor.name, request.headers

        def admit(now: Arrival, name: str) -> IncomingFile:
            visit = self._visit(now, visitor, its)
            require_form_token(now, headers, visit.form_token)
            assert its.receive is not None
            return its.receive(visit, name, stated_size(headers))

        async def begin(now: Arrival, name: str) -> IncomingFile:
            return await self.edge.storage.run(who, partial(admit, now, name))

        visit = self._visit(arrival, visitor, its)
        parts = self.bodies.stream(request, who, _MOST_BYTES)
        try:
            require_own_page(headers)
            if its.operation is not None:
                visit.require(its.operation)
            async with aclosing(parts), received(arrival, headers, parts, begin) as whole:
                work = partial(self._shown, whole, headers, b"", visitor, its)
                response = await self.edge.recognition.run(who, work)
            return _for_scripts(response, arrival)
        except WireError as error:
            answer = _said(arrival, arrival.language.english(error.message), error.status)
        except ReknownError as error:
            note = partial(self._record_refusal, visit, its, error)
            await self.edge.storage.run(who, note)
            answer = _said(arrival, said(arrival.language, error), _status(error))
        await self.bodies.discard(request)
        answer.headers["connection"] = "close"
        return answer

    def _shown(
        self, arrival: Arrival, headers: Headers, body: bytes, visitor: Visitor, its: ConsolePage
    ) -> Response:
        visit = self._visit(with_form(arrival, headers, body), visitor, its)
        if its.changes or arrival.as_data:
            require_own_page(headers)
        if its.changes:
            require_form_token(visit.arrival, headers, visit.form_token)
        try:
            if its.operation is not None:
                visit.require(its.operation)
            work = partial(
                in_one_space, visit.platform.database, visit.collection, partial(its.show, visit)
            )
            return work() if its.changes else over_a_lost_connection(work)
        except ReknownError as error:
            self._record_refusal(visit, its, error)
            return _not_done(visit, its, error)
        except Exception:
            return page(visit, "error.html.j2", 500, error=self._failed(arrival))

    def _record_refusal(self, visit: Visit, its: ConsolePage, error: ReknownError) -> None:
        if its.operation is None or not (its.changes or isinstance(error, AccessError)):
            return
        if isinstance(error, PolicyError) and error.recorded:  # with its own reason
            return
        code = wire_error(error, its.operation, visit.collection).code
        refusal = Refusal(_action(its.operation), its.operation, code)
        record_refusal(visit.context, visit.collection, refusal, visit.arrival.place.get("watch"))

    def _visit(self, arrival: Arrival, visitor: Visitor, its: ConsolePage) -> Visit:
        gateway = self.edge.gateway
        actor = replace(visitor.actor, purpose=visitor.purpose)
        token = form_token(gateway.vault, visitor.digest)
        context = Context(gateway.platform, actor)
        return Visit(arrival, context, gateway.vault, visitor, token, its, gateway.metrics)

    def _arrival(self, request: Request) -> Arrival:
        peer = request.client.host if request.client else ""
        client, secure = self.edge.proxies.origin(
            request_head(request), peer, secure=request.url.scheme == "https"
        )
        return Arrival(
            path=request.url.path,
            client=client,
            request_id=str(uuid4()),
            query=dict(request.query_params),
            place={name: str(value) for name, value in request.path_params.items()},
            own=from_own_page(request.headers),
            partial=request.headers.get("hx-request") == "true",
            local=client in _LOOPBACK,
            secure=secure,
            language=self.language_of(request),
        )

    def language_of(self, request: Request) -> Language:
        """Which of those that there are the browser likes best."""
        return self.languages.choose(request.headers.get("accept-language", ""))

    def _nobody(self, arrival: Arrival) -> Actor:
        return replace(_NOBODY, request_id=arrival.request_id)


def _sign_in_first(request: Request, arrival: Arrival) -> Response:
    if arrival.partial:  # the page stays, with what was typed into it
        return Response(status_code=401)
    return RedirectResponse(to("sign-in", next=_place_of(request, arrival)), 303)


def _place_of(request: Request, arrival: Arrival) -> str | None:
    """Where to go on after signing in: of a form, the page that it stood on."""
    if request.method == "POST":
        return page_before(request.headers)
    query = request.url.query
    place = f"{arrival.path}?{query}" if query else arrival.path
    return place if place != ROOT else None


def _for_scripts(response: Response, arrival: Arrival) -> Response:
    """A script that has sent a form is told where to go, as it would follow by itself."""
    if arrival.partial and response.status_code == HTTPStatus.SEE_OTHER:
        return Response(headers={"hx-redirect": response.headers["location"]})
    return response


def _status(error: ReknownError) -> int:
    if isinstance(error, AccessError):
        return 403
    if isinstance(error, NotFoundError):
        return 404
    if isinstance(error, DatabaseUnavailableError):
        return 503
    return 400


def _not_done(visit: Visit, its: ConsolePage, error: ReknownError) -> Response:
    """What was wrong: beside the form, if it is of one that can be sent again."""
    if its.again is not None and isinstance(error, InputError | PolicyError | AlreadyExistsError):
        response = its.again(visit, said(visit.arrival.language, error))
        response.status_code = _status(error)
        return response
    shown = said(visit.arrival.language, error)
    return page(visit, "error.html.j2", _status(error), error=shown)


def _said(arrival: Arrival, message: str, status: int) -> Response:
    if arrival.as_data:
        return answered(status, {"error": message})
    return entrance(arrival.language, "plain.html.j2", status, message=message)


def _action(operation: str) -> str:
    """What the ledger calls an operation that is refused."""
    words = operation.removeprefix("Reknown")
    return "".join(f" {each.lower()}" if each.isupper() else each for each in words).strip()
