"""Every page of the console, with the right that it takes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse
from starlette.routing import Match, Route

from reknown.console import static_files
from reknown.console.language import Languages
from reknown.console.pages import (
    account,
    accounts,
    accuracy,
    additions,
    archive,
    backups,
    cameras,
    compare,
    consents,
    entrance,
    files,
    films,
    identify,
    jobs,
    keys,
    ledger,
    oversight,
    overview,
    packs,
    people,
    pictures,
    policies,
    proposals,
    reviews,
    settings,
    unknown,
)
from reknown.console.protection import protected
from reknown.console.reception import Reception
from reknown.console.rendering import DATA, FIRST, ROOT
from reknown.console.rendering import entrance as shown_to_strangers
from reknown.console.visit import ConsolePage
from reknown.services.sign_in import CONSENTS, EVALUATE, LOOK, POLICY, SETTINGS, STOP

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute
    from starlette.types import Scope

    from reknown.api.bodies import Bodies
    from reknown.api.http import Edge
    from reknown.console.language import Language
    from reknown.console.visit import Arrival
    from reknown.services.context import Context

# Names of rights are those of keys; what no key can ask for over the API begins with Reknown too.
_SEEN, _FIND, _MEASURED = "ReknownListGroups", "ReknownFindSightings", "DescribeCollection"
_STORED = "ReknownListStoredFilms"
_ADD, _CASE = "ReknownAddToArchive", "ReknownReadCase"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
PAGES: Sequence[ConsolePage] = (
    ConsolePage("", overview.overview, "ListCollections", data=("collections", "next")),
    ConsolePage("/presence", entrance.presence, None),
    ConsolePage("/sign-out", entrance.leave, None, changes=True),
    ConsolePage("/people/{collection}", people.people, "ListUsers", data=("people", "next")),
    ConsolePage(
        "/people/{collection}/rename",
        people.rename,
        "ReknownRenameUser",
        changes=True,
        again=people.rename_again,
    ),
    ConsolePage("/people/{collection}/merge", people.merge, "ReknownMergeUsers", changes=True),
    ConsolePage("/people/{collection}/apart", people.apart, "ReknownKeepApart", changes=True),
    ConsolePage("/people/{collection}/move", people.move, "ReknownMoveFaces", changes=True),
    ConsolePage("/people/{collection}/delete", people.delete, "DeleteFaces", changes=True),
    ConsolePage(
        "/people/{collection}/{subject}", people.person, "ListFaces", data=("who", "faces", "next")
    ),
    ConsolePage("/pictures/{collection}/face/{face}", pictures.face, "ListFaces", slow=True),
    ConsolePage("/pictures/{collection}/person/{subject}", pictures.person, "ListFaces", slow=True),
    ConsolePage("/pictures/{collection}/sighting/{sighting}", pictures.sighting, _SEEN, slow=True),
    ConsolePage("/pictures/{collection}/group/{number}", pictures.group, _SEEN, slow=True),
    ConsolePage("/unknown/{collection}", unknown.unknown, _SEEN, data=("groups", "next")),
    ConsolePage(
        "/unknown/{collection}", unknown.regroup, "ReknownGroupSightings", slow=True, changes=True
    ),
    ConsolePage(
        "/unknown/{collection}/{number}",
        unknown.group,
        "ReknownReadGroup",
        data=("group", "seen", "next"),
    ),
    ConsolePage(
        "/unknown/{collection}/{number}/name", unknown.name, "ReknownNameGroup", changes=True
    ),
    ConsolePage(
        "/unknown/{collection}/{number}/unname", unknown.unname, "ReknownUnnameGroup", changes=True
    ),
    ConsolePage(
        "/unknown/{collection}/{number}/merge", unknown.merge, "ReknownMergeGroups", changes=True
    ),
    ConsolePage(
        "/unknown/{collection}/{number}/ignore", unknown.ignore, "ReknownIgnoreGroup", changes=True
    ),
    ConsolePage(
        "/unknown/{collection}/{number}/split", unknown.split, "ReknownSplitGroup", changes=True
    ),
    ConsolePage(
        "/unknown/{collection}/{number}/apart", unknown.apart, "ReknownKeepApart", changes=True
    ),
    ConsolePage(
        "/proposals/{collection}",
        proposals.proposals,
        "ReknownProposeMerges",
        slow=True,
        data=("found",),
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
    ConsolePage(
        "/archive/{collection}/files", files.files, "ReknownListArchive", data=("files", "next")
    ),
    ConsolePage(
        "/archive/{collection}/delete", files.delete, "ReknownDeleteFromArchive", changes=True
    ),
    ConsolePage("/archive/{collection}/add", additions.ask, _ADD),
    ConsolePage(
        "/archive/{collection}/add",
        additions.add,
        _ADD,
        slow=True,
        changes=True,
        receive=additions.receive,
    ),
    ConsolePage("/archive/{collection}/scan", additions.rescan, "ReknownScanArchive", changes=True),
    ConsolePage(
        "/archive/{collection}",
        archive.search,
        _FIND,
        slow=True,
        changes=True,
        data=("answer", "caution"),
    ),
    ConsolePage("/pictures/{collection}/found/{sighting}", pictures.sighting, _FIND, slow=True),
    ConsolePage("/films/{collection}", films.films, "GetFaceSearch", data=("searches", "next")),
    ConsolePage("/films/{collection}", films.start, "StartFaceSearch", slow=True, changes=True),
    ConsolePage(
        "/films/{collection}/upload",
        films.upload,
        "StartFaceSearch",
        slow=True,
        changes=True,
        receive=films.receive,
    ),
    ConsolePage("/uploads/{collection}", films.waiting, "StartFaceSearch"),
    ConsolePage("/uploads/{collection}", films.piece, "StartFaceSearch", slow=True, changes=True),
    ConsolePage("/uploads/{collection}/forget", films.forget, "StartFaceSearch", changes=True),
    ConsolePage("/films/{collection}/stored", films.buckets, _STORED, slow=True, data=("buckets",)),
    ConsolePage(
        "/films/{collection}/stored/{bucket}",
        films.stored,
        _STORED,
        slow=True,
        data=("folders", "films", "next"),
    ),
    ConsolePage(
        "/films/{collection}/{job}",
        films.film,
        "GetFaceSearch",
        slow=True,
        data=("people", "unlisted", "next"),
    ),
    ConsolePage("/jobs/{collection}/{job}/film", jobs.film, "GetFaceSearch"),
    ConsolePage("/jobs/{collection}/{job}/scan", jobs.scan, _ADD),
    ConsolePage("/jobs/{collection}/{job}/stop", jobs.stop, "ReknownStopJob", changes=True),
    ConsolePage(
        "/cameras/{collection}", cameras.cameras, "ListStreamProcessors", data=("watches", "next")
    ),
    ConsolePage("/cameras/{collection}/{watch}", cameras.look, LOOK),
    ConsolePage(
        "/cameras/{collection}/{watch}/start", cameras.start, "StartStreamProcessor", changes=True
    ),
    ConsolePage(
        "/cameras/{collection}/{watch}/stop", cameras.stop, "StopStreamProcessor", changes=True
    ),
    ConsolePage("/compare", compare.ask, "CompareFaces"),
    ConsolePage("/compare", compare.compare, "CompareFaces", slow=True, changes=True),
    ConsolePage("/reviews/{collection}", reviews.cases, "ReknownListCases", data=("cases", "next")),
    ConsolePage("/reviews/{collection}/{case}", reviews.case, _CASE, data=("shown",)),
    ConsolePage(
        "/reviews/{collection}/{case}", reviews.decide, "ReknownJudgeCandidate", changes=True
    ),
    ConsolePage("/pictures/{collection}/candidate/{face}", pictures.face, _CASE, slow=True),
    ConsolePage("/pictures/{collection}/seen/{sighting}", pictures.sighting, _CASE, slow=True),
    ConsolePage("/pictures/{collection}/probe/{case}", pictures.probe, _CASE, slow=True),
    ConsolePage("/settings", settings.settings, SETTINGS),
    ConsolePage("/settings/stop", settings.stop, SETTINGS, changes=True, again=settings.again),
    ConsolePage("/settings/resume", settings.resume, SETTINGS, changes=True),
    ConsolePage("/settings/accounts", accounts.accounts, SETTINGS, data=("accounts",)),
    ConsolePage("/settings/accounts", accounts.add, SETTINGS, changes=True, again=accounts.again),
    ConsolePage("/settings/accounts/{account}", accounts.account, SETTINGS, data=("its",)),
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
    ConsolePage("/settings/keys", keys.keys, SETTINGS, data=("keys",)),
    ConsolePage("/settings/keys", keys.create, SETTINGS, changes=True, again=keys.again),
    ConsolePage("/settings/keys/{key}", keys.key, SETTINGS, data=("its", "counts", "watches")),
    ConsolePage(
        "/settings/keys/{key}/limit", keys.limit, SETTINGS, changes=True, again=keys.one_again
    ),
    ConsolePage(
        "/settings/keys/{key}/rotate", keys.rotate, SETTINGS, changes=True, again=keys.one_again
    ),
    ConsolePage("/settings/keys/{key}/revoke", keys.revoke, SETTINGS, changes=True),
    ConsolePage("/settings/packs", packs.packs, SETTINGS, slow=True, data=("packs",)),
    ConsolePage("/settings/backups", backups.backups, SETTINGS, data=("backups",)),
    ConsolePage("/settings/backups", backups.start, SETTINGS, changes=True, again=backups.again),
    ConsolePage("/settings/backups/stop", backups.stop, SETTINGS, changes=True),
    ConsolePage("/settings/retention", oversight.retention, SETTINGS),
    ConsolePage("/settings/metrics", oversight.metrics, SETTINGS),
    ConsolePage("/accuracy/{collection}", accuracy.accuracy, _MEASURED, data=("known",)),
    ConsolePage(
        "/accuracy/{collection}",
        accuracy.start,
        EVALUATE,
        slow=True,
        changes=True,
        again=accuracy.again,
    ),
    ConsolePage("/accuracy/{collection}/{evaluation}.json", accuracy.figures, _MEASURED),
    ConsolePage("/accuracy/{collection}/{evaluation}", accuracy.evaluation, _MEASURED),
    ConsolePage("/accuracy/{collection}/{evaluation}/report", accuracy.download, _MEASURED),
    ConsolePage(
        "/accuracy/{collection}/{evaluation}/figures/{number}", accuracy.drawing, _MEASURED
    ),
    ConsolePage("/accuracy/{collection}/{evaluation}/stop", accuracy.stop, EVALUATE, changes=True),
    ConsolePage(
        "/accuracy/{collection}/{evaluation}/delete", accuracy.delete, EVALUATE, changes=True
    ),
    ConsolePage(
        "/accuracy/{collection}/{evaluation}/apply",
        accuracy.apply,
        SETTINGS,
        slow=True,
        changes=True,
    ),
    ConsolePage("/consents/{collection}", consents.consents, CONSENTS, data=("consents", "next")),
    ConsolePage(
        "/consents/{collection}", consents.give, CONSENTS, changes=True, again=consents.again
    ),
    ConsolePage("/consents/{collection}/withdraw", consents.withdraw, CONSENTS, changes=True),
    ConsolePage("/policy/{collection}", policies.policy, POLICY, data=("policy",)),
    ConsolePage("/policy/{collection}", policies.put, POLICY, changes=True, again=policies.again),
    ConsolePage(
        "/policy/{collection}/stop", policies.stop, STOP, changes=True, again=policies.again
    ),
    ConsolePage("/policy/{collection}/resume", policies.resume, STOP, changes=True),
    ConsolePage("/ledger", ledger.ledger, "ReknownReadLedger", data=("lines",)),
    ConsolePage("/ledger/export", ledger.export, "ReknownReadLedger", slow=True),
    ConsolePage("/ledger/{record}", ledger.record, "ReknownReadLedger", data=("proof",)),
    ConsolePage("/ledger/{record}/proof", ledger.download, "ReknownReadLedger"),
)


def console_routes(
    edge: Edge, bodies: Bodies, languages: Languages = Languages()
) -> Sequence[BaseRoute]:
    """The pages behind the same socket as the API."""
    reception = Reception(edge, bodies, languages)
    pages = (
        Route(f"{ROOT}/static/{{version}}/{{name}}", _static, methods=["GET"]),
        *_entrance(reception),
        *(_data(reception, each) for each in PAGES if each.data),
        *(_route(reception, each) for each in PAGES),
    )
    return (
        *pages,
        Route(f"{ROOT}{{rest:path}}", partial(_nothing, reception, pages), methods=_METHODS),
    )


def _route(reception: Reception, its: ConsolePage) -> Route:
    async def serve(request: Request) -> Response:
        return await reception.serve(request, its)

    return Route(f"{ROOT}{its.path}", serve, methods=_method(its))


class _DataRoute(Route):
    """For addresses that end so as they were sent: names that do are spelled otherwise."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if not scope["raw_path"].endswith(DATA.encode()):
            return Match.NONE, {}
        return super().matches(scope)


def _data(reception: Reception, its: ConsolePage) -> Route:
    async def serve(request: Request) -> Response:
        return await reception.serve(request, its, as_data=True)

    return _DataRoute(f"{ROOT}{its.path or FIRST}{DATA}", serve, methods=_method(its))


def _method(its: ConsolePage) -> Sequence[str]:
    return ["POST" if its.changes else "GET"]


def _entrance(reception: Reception) -> Sequence[Route]:
    vault = reception.edge.gateway.vault

    async def welcome(request: Request) -> Response:
        work = entrance.take if request.method == "POST" else entrance.ask

        def answer(arrival: Arrival, context: Context) -> Response:
            return work(arrival, context, vault)

        return await reception.welcome(request, answer)

    return (Route(f"{ROOT}/sign-in", welcome, methods=["GET", "POST"]),)


async def _nothing(reception: Reception, pages: Sequence[Route], request: Request) -> Response:
    """No page, or not with this method: nothing of the API is below the console."""
    if request.scope["path"] == f"{ROOT}/":
        return RedirectResponse(ROOT)
    allowed: set[str] = set()
    language = reception.language_of(request)
    for each in pages:
        if each.matches(request.scope)[0] is not Match.NONE:
            allowed |= each.methods or set()
    if not allowed:
        return _said(language, language.gettext("There is no such page."), 404)
    message = language.gettext("This page does not take %(method)s.", method=request.method)
    response = _said(language, message, 405)
    response.headers["allow"] = ", ".join(sorted(allowed))
    return response


def _said(language: Language, message: str, status: int) -> Response:
    return protected(shown_to_strangers(language, "plain.html.j2", status, message=message))


async def _static(request: Request) -> Response:
    return protected(static_files.answer(request.path_params["name"]))
