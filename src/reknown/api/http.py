"""The ASGI edge: heads and bodies in, answers out, and never more than there is room for."""

from __future__ import annotations

import functools
import json
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from reknown.api.bodies import BodyLimits
from reknown.api.gateway import Outgoing
from reknown.api.proxies import TrustedProxies
from reknown.awswire.errors import WireError
from reknown.awswire.sigv4 import HttpRequest
from reknown.biometrics.errors import ReknownError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from starlette.requests import Request
    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Receive, Scope, Send

    from reknown.api.bodies import Bodies
    from reknown.api.events import EventStreams
    from reknown.api.gateway import Admitted, Gateway, Incoming
    from reknown.api.pool import Pool
    from reknown.api.readiness import Readiness
    from reknown.services.live.presence import MeasuredWatch
    from reknown.services.quotas import KeyQuota

CONTENT_TYPE = "application/x-amz-json-1.1"
_PROBES = {"/health", "/ready", "/metrics"}
_PAGES = "/console"
# When the server stops, for work whose client has been told that it is not waited for.
_CLOSE_SECONDS = 0.3
# What Prometheus asks takes turns with the keys as one of its own.
_OPERATOR = ""
_STRANGERS = ""
_WELCOME = """This is Reknown. It speaks Amazon Rekognition's protocol: point an AWS client here,

    boto3.client("rekognition", endpoint_url="http://this-address")

People use the console: /console
What happens before cameras, as it happens: /events
/health /ready /metrics are for the operator.
"""


@dataclass(frozen=True, slots=True)
class Edge:
    """The gateway, the pools that its work runs in, and `streams` of live events.

    `arrival` finds out whose a request is, and does it there and then if nobody waits in the pool
    where it belongs: it needs a thread for all that may run in those, and more. `sign_in` is for
    passwords, which are made to take long: strangers who try them wait for each other alone.

    `proxies` are those whose word counts on where a request comes from. `count_faces`,
    `count_jobs` (by state), `read_quotas`, `count_drifted` (collections) and `measure_watches`
    ask the database, called `database` in metrics, `readiness` tries to write to it.
    """

    gateway: Gateway
    streams: EventStreams
    arrival: Pool
    sign_in: Pool
    recognition: Pool
    storage: Pool
    count_faces: Callable[[], int]
    readiness: Readiness
    limits: BodyLimits = BodyLimits()
    count_jobs: Callable[[], Mapping[str, int]] = dict
    read_quotas: Callable[[], Sequence[KeyQuota]] = list
    count_drifted: Callable[[], int] = int
    measure_watches: Callable[[], Sequence[MeasuredWatch]] = list
    proxies: TrustedProxies = TrustedProxies()
    database: str = ""

    @property
    def pools(self) -> tuple[Pool, ...]:
        """All of them."""
        return self.arrival, self.sign_in, self.recognition, self.storage


def make_app(edge: Edge, bodies: Bodies, pages: Sequence[BaseRoute] = ()) -> Starlette:
    """The ASGI application; `pages` are for people with browsers."""

    async def operate(request: Request) -> Response:
        return await _operate(edge, bodies, request)

    async def follow(request: Request) -> Response:
        return await _follow(edge, request)

    async def ready(_: Request) -> Response:
        return await _probe(edge)

    async def metrics(_: Request) -> Response:
        return await _measure(edge)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        for pool in edge.pools:
            pool.close(_CLOSE_SECONDS)

    return Starlette(
        routes=[
            Route("/health", _health, methods=["GET"]),
            Route("/ready", ready, methods=["GET"]),
            Route("/metrics", metrics, methods=["GET"]),
            Route("/events", follow, methods=["GET"]),
            Route("/", _welcome, methods=["GET"]),
            *pages,
            Route("/{path:path}", operate, methods=["POST"]),
        ],
        middleware=[Middleware(_CorsOfOperations)],
        lifespan=lifespan,
    )


class _CorsOfOperations:
    """CORS for what clients of the API ask, and for nothing else that is here.

    Signatures, not cookies, say who calls, so pages of every origin may.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._shared = _cors(app)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        operation = scope["type"] == "http" and (
            scope["method"] in {"POST", "OPTIONS"}
            and scope["path"] not in _PROBES
            and not scope["path"].startswith(_PAGES)
        )
        await (self._shared if operation else self._app)(scope, receive, send)


def _cors(app: ASGIApp) -> CORSMiddleware:
    return CORSMiddleware(
        app,
        allow_origins=["*"],
        allow_methods=["POST"],
        allow_headers=["*"],
        expose_headers=["x-amzn-requestid", "x-amzn-errortype", "x-amz-retry-after", "date"],
        max_age=86_400,
    )


async def _welcome(_: Request) -> Response:
    return PlainTextResponse(_WELCOME)


async def _health(_: Request) -> Response:
    return _json({"status": "ok"})


async def _probe(edge: Edge) -> Response:
    try:
        await edge.readiness.check()
    except Exception as error:  # whatever it is, this server cannot serve
        edge.gateway.log.error("not ready", error=str(error))
        return _json({"status": "not ready"}, 503)
    left = edge.readiness.left()
    opening = {"opening": left} if left else {}
    if left and edge.readiness.patient:
        return _json({"status": "not ready"} | opening, 503)
    return _json({"status": "ready"} | opening)


async def _measure(edge: Edge) -> Response:
    faces, jobs, drifted = None, None, None
    quotas: Sequence[KeyQuota] = ()
    watches: Sequence[MeasuredWatch] = ()
    # figures are wanted most when there is no room for another question to the database
    with suppress(WireError, ReknownError):
        faces = await edge.storage.run(_OPERATOR, edge.count_faces)
        jobs = await edge.storage.run(_OPERATOR, edge.count_jobs)
        quotas = await edge.storage.run(_OPERATOR, edge.read_quotas)
        drifted = await edge.storage.run(_OPERATOR, edge.count_drifted)
        watches = await edge.storage.run(_OPERATOR, edge.measure_watches)
    edge.gateway.metrics.watched(edge.database, watches)
    text = edge.gateway.metrics.text(faces, jobs, edge.database, quotas, drifted)
    return Response(text, media_type="text/plain; version=0.0.4")


async def _follow(edge: Edge, request: Request) -> Response:
    http = request_head(request)
    client, secure = _origin(edge, http, request)
    try:
        return await edge.streams.open(http, client, edge.arrival, secure=secure)
    except WireError as error:
        return _response(edge.gateway.refuse(error, client))


def _origin(edge: Edge, http: HttpRequest, request: Request) -> tuple[str, bool]:
    """Where a request comes from, and whether the way is encrypted."""
    peer = request.client.host if request.client else ""
    return edge.proxies.origin(http, peer, secure=request.url.scheme == "https")


async def _operate(edge: Edge, bodies: Bodies, request: Request) -> Response:
    http = request_head(request)
    client, secure = _origin(edge, http, request)
    gateway = edge.gateway
    with bodies.room() as room:
        try:
            incoming = gateway.head(http, client, secure=secure)
            body = await bodies.read(request, room)
        except WireError as error:
            await bodies.discard(request)
            answer = _response(gateway.refuse(error, client))
            # what may still be on its way would be taken for the next request
            answer.headers["connection"] = "close"
            return answer
        return _response(await _in_turn(edge, incoming, body))


async def _in_turn(edge: Edge, incoming: Incoming, body: bytes) -> Outgoing:
    handler, key = incoming.handler, None
    # a store of objects may take long to answer, and what is quick is not to wait for it
    slow = handler.images > 0 or handler.fetches
    pool = edge.recognition if slow else edge.storage
    try:
        # strangers may claim any key, so they all stand in one line
        result = await edge.arrival.run(
            _STRANGERS, functools.partial(_arrive, edge.gateway, pool, incoming, body)
        )
        if isinstance(result, Outgoing):
            return result
        key = result.key
        return await pool.run(key.key_id, functools.partial(edge.gateway.answer, result))
    except WireError as error:
        return edge.gateway.refuse(error, incoming.client, key)


def _arrive(gateway: Gateway, pool: Pool, incoming: Incoming, body: bytes) -> Admitted | Outgoing:
    """The answer, unless the key has to wait: where nobody does, no other thread is needed."""
    admitted = gateway.admit(incoming, body)
    if isinstance(admitted, Outgoing):
        return admitted
    with pool.turn(admitted.key.key_id) as granted:
        return gateway.answer(admitted) if granted else admitted


def request_head(request: Request) -> HttpRequest:
    """The line and headers of a request as they came."""
    scope = request.scope
    return HttpRequest(
        scope["method"],
        scope.get("raw_path") or scope["path"].encode(),
        scope["query_string"],
        tuple(scope["headers"]),
    )


def _response(outgoing: Outgoing) -> Response:
    headers = {"x-amzn-requestid": outgoing.request_id}
    if outgoing.code:
        headers["x-amzn-errortype"] = outgoing.code
    if outgoing.retry_after_ms is not None:
        headers["x-amz-retry-after"] = str(outgoing.retry_after_ms)
    if outgoing.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["connection"] = "close"
    return Response(outgoing.body, outgoing.status, headers, CONTENT_TYPE)


def _json(content: object, status: int = 200) -> Response:
    return Response(json.dumps(content), status, media_type="application/json")
