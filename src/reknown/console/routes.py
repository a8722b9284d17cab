"""Every page of the console, with the right that it takes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse
from starlette.routing import Match, Route

from reknown.console import static_files
from reknown.console.pages import (
    account,
    accounts,
    accuracy,
    archive,
    compare,
    consents,
    entrance,
    films,
    identify,
    keys,
    ledger,
    overview,
    packs,
    people,
    pictures,
    policies,
    reviews,
    settings,
    unknown,
)
from reknown.console.protection import protected
from reknown.console.reception import Reception
from reknown.console.rendering import ROOT
from reknown.console.rendering import entrance as shown_to_strangers
from reknown.console.visit import ConsolePage
from reknown.services.sign_in import CONSENTS, POLICY, SETTINGS, STOP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from reknown.api.bodies import Bodies
    from reknown.api.http import Edge
    from reknown.console.visit import Arrival
    from reknown.services.context import Context

# Names of rights are those of keys; what no key can ask for over the API begins with Reknown too.
_SEEN, _FIND = "ReknownListGroups", "ReknownFindSightings"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
PAGES: Sequence[ConsolePage] = (
    ConsolePage("", overview.overview, "ListCollections"),
    ConsolePage("/sign-out", entrance.leave, None, changes=True),
    ConsolePage("/people/{collection}", people.people, "ListUsers"),
    ConsolePage("/people/{collection}/rename", people.rename, "ReknownRenameUser", changes=True),
    ConsolePage("/people/{collection}/merge", people.merge, "ReknownMergeUsers", changes=True),
    ConsolePage("/people/{collection}/move", people.move, "ReknownMoveFaces", changes=True),
    ConsolePage("/people/{collection}/delete", people.delete, "DeleteFaces", changes=True),
    ConsolePage("/people/{collection}/{subject}", people.person, "ListFaces"),
    ConsolePage("/pictures/{collection}/face/{face}", pictures.face, "ListFaces", slow=True),
    ConsolePage("/pictures/{collection}/person/{subject}", pictures.person, "ListFaces", slow=True),
    ConsolePage("/pictures/{collection}/sighting/{sighting}", pictures.sighting, _SEEN, slow=True),
    ConsolePage("/pictures/{collection}/group/{number}", pictures.group, _SEEN, slow=True),
    ConsolePage("/unknown/{collection}", unknown.unknown, _SEEN),
    ConsolePage(
        "/unknown/{collection}", unknown.regroup, "ReknownNameGroup", slow=True, changes=True
    ),
    ConsolePage("/unknown/{collection}/{number}", unknown.group, _SEEN),
    ConsolePage(
        "/unknown/{collection}/{number}/name", unknown.name, "ReknownNameGroup", changes=True
    ),
    ConsolePage(
        "/unknown/{collection}/{number}/merge", unknown.merge, "ReknownNameGroup", changes=True
    ),
    ConsolePage(
        "/unknown/{collection}/{number}/ignore", unknown.ignore, "ReknownNameGroup", changes=True
    ),
    ConsolePage("/account", account.account, None),
    ConsolePage("/account/password", account.set_password, None, changes=True),
    ConsolePage("/account/codes", account.set_codes, None, changes=True),
    ConsolePage("/identify/{collection}", identify.ask, "SearchUsersByImage"),
    ConsolePage(
        "/identify/{collection}",
        identify.search,
        "SearchUsersByImage",
        slow=True,
        changes=True,
    ),
    ConsolePage("/archive/{collection}", archive.ask, _FIND),
    ConsolePage("/archive/{collection}", archive.search, _FIND, slow=True, changes=True),
    ConsolePage("/pictures/{collection}/found/{sighting}", pictures.sighting, _FIND, slow=True),
    ConsolePage("/films/{collection}", films.films, "GetFaceSearch"),
    ConsolePage("/films/{collection}", films.start, "StartFaceSearch", slow=True, changes=True),
    ConsolePage("/films/{collection}/{job}", films.film, "GetFaceSearch", slow=True),
    ConsolePage("/compare", compare.ask, "CompareFaces"),
    ConsolePage("/compare", compare.compare, "CompareFaces", slow=True, changes=True),
    ConsolePage("/reviews/{collection}", reviews.cases, "ReknownListCases"),
    ConsolePage("/reviews/{collection}/{case}", reviews.case, "ReknownReadCase"),
    ConsolePage(
        "/reviews/{collection}/{case}", reviews.decide, "ReknownJudgeCandidate", changes=True
    ),
    ConsolePage(
        "/pictures/{collection}/candidate/{face}", pictures.face, "ReknownReadCase", slow=True
    ),
    ConsolePage("/settings", settings.settings, SETTINGS),
    ConsolePage("/settings/stop", settings.stop, SETTINGS, changes=True, again=settings.again),
    ConsolePage("/settings/resume", settings.resume, SETTINGS, changes=True),
    ConsolePage("/settings/accounts", accounts.accounts, SETTINGS),
    ConsolePage("/settings/accounts", accounts.add, SETTINGS, changes=True, again=accounts.again),
    ConsolePage("/settings/accounts/{account}", accounts.account, SETTINGS),
    ConsolePage(
        "/settings/accounts/{account}/password",
        accounts.set_password,
        SETTINGS,
        changes=True,
        again=accounts.one_again,
    ),
    ConsolePage(
        "/settings/accounts/{account}/role",
        accounts.set_role,
        SETTINGS,
        changes=True,
        again=accounts.one_again,
    ),
    ConsolePage("/settings/accounts/{account}/codes", accounts.drop_codes, SETTINGS, changes=True),
    ConsolePage("/settings/accounts/{account}/delete", accounts.delete, SETTINGS, changes=True),
    ConsolePage("/settings/keys", keys.keys, SETTINGS),
    ConsolePage("/settings/keys", keys.create, SETTINGS, changes=True, again=keys.again),
    ConsolePage("/settings/keys/{key}", keys.key, SETTINGS),
    ConsolePage(
        "/settings/keys/{key}/limit", keys.limit, SETTINGS, changes=True, again=keys.one_again
    ),
    ConsolePage(
        "/settings/keys/{key}/rotate", keys.rotate, SETTINGS, changes=True, again=keys.one_again
    ),
    ConsolePage("/settings/keys/{key}/revoke", keys.revoke, SETTINGS, changes=True),
    ConsolePage("/settings/packs", packs.packs, SETTINGS, slow=True),
    ConsolePage("/accuracy/{collection}", accuracy.accuracy, "DescribeCollection"),
    ConsolePage("/consents/{collection}", consents.consents, CONSENTS),
    ConsolePage(
        "/consents/{collection}", consents.give, CONSENTS, changes=True, again=consents.again
    ),
    ConsolePage("/consents/{collection}/withdraw", consents.withdraw, CONSENTS, changes=True),
    ConsolePage("/policy/{collection}", policies.policy, POLICY),
    ConsolePage("/policy/{collection}", policies.put, POLICY, changes=True, again=policies.again),
    ConsolePage(
        "/policy/{collection}/stop", policies.stop, STOP, changes=True, again=policies.again
    ),
    ConsolePage("/policy/{collection}/resume", policies.resume, STOP, changes=True),
    ConsolePage("/ledger", ledger.ledger, "ReknownReadLedger"),
    ConsolePage("/ledger/{record}", ledger.record, "ReknownReadLedger"),
    ConsolePage("/ledger/{record}/proof", ledger.download, "ReknownReadLedger"),
)


def console_routes(edge: Edge, bodies: Bodies) -> Sequence[BaseRoute]:
    """The pages behind the same socket as the API."""
    reception = Reception(edge, bodies)
    pages = (
        Route(f"{ROOT}/static/{{version}}/{{name}}", _static, methods=["GET"]),
        *_entrance(reception),
        *(_route(reception, each) for each in PAGES),
    )
    return (*pages, Route(f"{ROOT}{{rest:path}}", partial(_nothing, pages), methods=_METHODS))


def _route(reception: Reception, its: ConsolePage) -> Route:
    async def serve(request: Request) -> Response:
        return await reception.serve(request, its)

    return Route(f"{ROOT}{its.path}", serve, methods=["POST" if its.changes else "GET"])


def _entrance(reception: Reception) -> Sequence[Route]:
    vault = reception.edge.gateway.vault

    async def welcome(request: Request) -> Response:
        work = entrance.take if request.method == "POST" else entrance.ask

        def answer(arrival: Arrival, context: Context) -> Response:
            return work(arrival, context, vault)

        return await reception.welcome(request, answer)

    return (Route(f"{ROOT}/sign-in", welcome, methods=["GET", "POST"]),)


async def _nothing(pages: Sequence[Route], request: Request) -> Response:
    """No page, or not with this method: nothing of the API is below the console."""
    if request.scope["path"] == f"{ROOT}/":
        return RedirectResponse(ROOT)
    allowed: set[str] = set()
    for each in pages:
        if each.matches(request.scope)[0] is not Match.NONE:
            allowed |= each.methods or set()
    if not allowed:
        return _said("There is no such page.", 404)
    response = _said(f"This page does not take {request.method}.", 405)
    response.headers["allow"] = ", ".join(sorted(allowed))
    return response


def _said(message: str, status: int) -> Response:
    return protected(shown_to_strangers("plain.html.j2", status, message=message))


async def _static(request: Request) -> Response:
    return protected(static_files.answer(request.path_params["name"]))
