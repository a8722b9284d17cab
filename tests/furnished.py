"""A console with one of everything, whose every name wants to be a script."""

from __future__ import annotations

import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

from msgspec import json
from PIL import ImageOps

from portraits import mirrored_grace
from pseudo_language import write_pseudo_language
from reknown import Reknown
from reknown.access.accounts import Role
from reknown.access.rights import Rights
from reknown.biometrics.live import LiveCandidate, LiveEvent, LiveEventKind
from reknown.cli.demo_images import EILEEN, GRACE, jpeg
from reknown.console.routes import PAGES
from reknown.gallery.evaluations import (
    EvaluationResults,
    EvaluationState,
    NewEvaluation,
    begin_evaluation,
    end_evaluation,
)
from reknown.reporting.layout import PageCell, PageGrid, PageItem, PageLayout, PageSection
from reknown.review.reviewers import Reviewer
from reknown.runtime.stores import open_vault
from reknown.services.access import create_key
from reknown.services.accounts import create_account
from reknown.services.galleries.pages import PageRequest
from reknown.services.galleries.users import list_users
from reknown.services.live.plans import WatchPlan
from reknown.services.live.watch_options import WatchOptions
from reknown.services.live.watches import WatchRequest, WatchState, create_watch, start_watch
from reknown.services.reviews.reviewers import add_reviewer
from reknown.services.sign_in import offer_link, sign_in_with_link
from reknown.settings import read_settings
from reknown.watches import watches
from reknown.watches.events import append
from servers import Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from reknown.services.context import Context

PASSWORD = "four small words here"
REVIEWER = "ann"
COLLECTION = "people"
MARK = "onerror=alert"
# What scripts ask for, as a part of a page.
_PARTS = ("/jobs/", "/uploads/")
_POLICY = "review_from = 80.0\nreviewers = 1\nreview_seeds = 0.0\n"


def script(what: str, end: str = "") -> str:
    """A name of that thing which becomes a script wherever it is not taken for text."""
    return f"{what} '\"><img src=x {MARK}(1)>{end}"


PERSON = script("person", "</title><script>alert(1)</script>{{ 7 * 7 }}")
FILE = script("file", ".jpg")
FILM = script("film", ".mp4")
BASIS = script("basis", "</td></textarea>")
REASON = script("reason", "</p><svg onload=alert(1)>")
KEY = script("key", "</a>")
WATCH, CAMERA, HOURS, LIST = (
    "hall",
    "arn:aws:kinesisvideo:us-east-1:000000000000:stream/hall/1",
    "mon-fri 08:00-18:00",
    "crew",
)


@dataclass(frozen=True)
class Furnished:
    """A running server, what stands in addresses of its pages, an operator's sign-in, a key."""

    server: Server
    places: Mapping[str, str]
    token: str
    key: tuple[str, str]

    def addresses(self) -> list[str]:
        """Every page that can be asked for; `KeyError` for one that names what is not here."""
        whole = [each for each in PAGES if not each.changes and not each.path.startswith(_PARTS)]
        return [self.address(each.path) for each in whole]

    def address(self, path: str) -> str:
        """That of one row of the table of pages."""
        return f"/console{path.format_map(self.places)}"


def is_page(headers: Mapping[str, str]) -> bool:
    """Whether it is to be looked at: no picture, no data, no download."""
    return headers["content-type"].startswith("text/html") and "content-disposition" not in headers


@contextmanager
def context_of(server: Server, database: str | None = None) -> Iterator[Context]:
    """What a command on the server's data folder works with."""
    with Reknown(server.data, database=database) as client:
        yield client._context


def operator_of(context: Context) -> str:
    """What the browser of a new operator has."""
    return sign_in_with_link(context, offer_link(context))


@contextmanager
def furnished_server(root: Path, cache: Path, database: str | None = None) -> Iterator[Furnished]:
    """A server in an empty folder, on SQLite unless told otherwise, with one of everything."""
    bucket = root / "buckets" / "media"
    bucket.mkdir(parents=True)
    (bucket / FILM).write_bytes(b"this is no film" * 1000)
    options: list[object] = ["--buckets", bucket.parent, "--uploads", root / "uploads"]
    options += ["--evaluation-folder", root / "people", "--backup-folder", root / "backups"]
    (root / "backups").mkdir()
    options += ["--languages", root / "languages"]
    write_pseudo_language(root / "languages")
    if database is not None:
        options += ["--database", database]
    with serving(
        root / "data", *options, REKNOWN_CACHE=str(cache), REKNOWN_BACKUP_PASSPHRASE=PASSWORD
    ) as server:
        yield _furnish(server, root, database)


def _furnish(server: Server, root: Path, database: str | None) -> Furnished:
    with context_of(server, database) as context, Reknown(server.data, database=database) as client:
        places = {"collection": COLLECTION, **_people(client, root), **_archive(client, root)}
        vault = open_vault(read_settings(server.data, {"database": database}), context.platform)
        made, secret = create_key(context, vault, KEY, Rights(("*",), ("*",)))
        create_account(context, REVIEWER, Role.REVIEWER, ("*",), PASSWORD)
        add_reviewer(context, Reviewer(f"account:{REVIEWER}", date(2099, 1, 1)))
        places |= {"case": client.reviews.list()[0].case_id, "account": REVIEWER}
        places |= {"key": made.key_id, "record": "2"}
        places["evaluation"] = _evaluated(context)
        places["watch"] = _watched(context, places["subject"], places["face"])
        token = operator_of(context)
    film = {"S3Object": {"Bucket": "media", "Name": FILM}}
    boto = server.client()
    places["bucket"] = "media"
    places["job"] = boto.start_face_search(Video=film, CollectionId=COLLECTION)["JobId"]
    quoted = {name: quote(each, safe="") for name, each in places.items()}
    return Furnished(server, quoted, token, (made.key_id, secret))


def _watched(context: Context, subject: str, face: str) -> str:
    """A camera before which somebody is."""
    options = WatchOptions(zones=["0,0,0.5,1"], schedule=HOURS, alerts={LIST: [PERSON]})
    request = WatchRequest(WATCH, CAMERA, COLLECTION, WatchPlan(80.0), options=options)
    create_watch(context, request)
    start_watch(context, WATCH)
    seen = LiveEvent(
        watch=WATCH,
        collection=COLLECTION,
        kind=LiveEventKind.ARRIVED,
        at=datetime.now(UTC),
        time_ms=0,
        visit="one",
        candidates=(LiveCandidate(1, face, subject, 0.9, 99.9, 1e-6),),
    )
    with context.database.begin() as connection:
        lease = watches.claim(connection, watches.find(connection, WATCH), timedelta(days=1))
        assert lease is not None
        watches.report(connection, lease, WatchState.RUNNING, script("trouble"))
        append(connection, seen)
    return WATCH


def _people(client: Reknown, root: Path) -> Mapping[str, str]:
    folder = root / "people" / "Grace"
    folder.mkdir(parents=True)
    (folder / FILE).write_bytes(jpeg(GRACE.crop()))
    client.enroll(folder.parent)
    client.people.rename("Grace", PERSON)
    client.policies.give_consent(PERSON, b"I agree.", BASIS)
    client.enroll([(jpeg(EILEEN.crop()), PERSON)], "stopped")
    client.policies.stop_searches(REASON, "stopped")
    policy = root / "policy.toml"
    policy.write_text(_POLICY)
    client.policies.set(policy)
    found = client.identify(mirrored_grace())
    (who,) = list_users(client._context, COLLECTION, PageRequest(None, 1)).items
    return {"subject": who.subject_id, "face": found.candidates[0].face_id}


def _evaluated(context: Context) -> str:
    """An evaluation that has ended, with a figure and a table."""
    cells = tuple(PageCell(script(each), None, "") for each in ("group", "rate"))
    grid = PageGrid(cells, (cells,), headed=True)
    drawing = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 1"></svg>'
    items = (
        PageItem("figure", 1, caption=script("figure"), drawing=drawing, description=PERSON),
        PageItem("table", 1, caption=script("table"), grid=grid),
    )
    layout = PageLayout(script("report"), (PageSection("part", script("part"), items),), None)
    results = EvaluationResults(zlib.compress(json.encode(layout)), zlib.compress(b"{}"), None)
    new = NewEvaluation("verify", script("pack"), script("folder"), "cli:ada", 1)
    with context.database.begin() as connection:
        made = begin_evaluation(connection, COLLECTION, new)
        end_evaluation(connection, made, EvaluationState.DONE, REASON, results)
    return made


def _archive(client: Reknown, root: Path) -> Mapping[str, str]:
    seen = root / "seen"
    seen.mkdir()
    portrait = EILEEN.crop()
    (seen / FILE).write_bytes(jpeg(portrait))
    (seen / f"mirrored {FILE}").write_bytes(jpeg(ImageOps.mirror(portrait)))
    client.archive.scan(seen)
    (group,) = client.archive.groups()
    first, _ = client.archive.group(group.number)
    return {"number": str(group.number), "sighting": first.sighting_id}
