"""The console as an attacker meets it: without a browser that keeps its rules."""

from __future__ import annotations

import html
import json
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import pytest
import urllib3

import callers
import forks
from reknown import Reknown
from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.sightings import Medium, MediumKind, Sighting
from reknown.console.routes import PAGES
from reknown.gallery.sightings import keep_sightings, load_sighting_templates
from reknown.jobs import queue
from reknown.services.sign_in import FOR_OPERATORS
from servers import REKNOWN

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from reknown.console.visit import ConsolePage
    from servers import Server

_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')
PASSWORD = "four small words here"
_FORM = "application/x-www-form-urlencoded"


@dataclass
class Visitor:
    """Sends what it likes; keeps the cookie of its sign-in."""

    address: str
    cookie: str = ""
    token: str = ""
    pool: urllib3.PoolManager = field(default_factory=urllib3.PoolManager)

    def get(self, path: str, **headers: str) -> urllib3.BaseHTTPResponse:
        return self._send("GET", path, None, headers)

    def post(self, path: str, fields: dict[str, str], **headers: str) -> urllib3.BaseHTTPResponse:
        body = urlencode({"form_token": self.token} | fields)
        return self._send("POST", path, body, {"content-type": _FORM} | headers)

    def _send(
        self, method: str, path: str, body: str | None, headers: dict[str, str]
    ) -> urllib3.BaseHTTPResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.pool.request(
            method,
            self.address + path,
            body=body,
            headers={"cookie": self.cookie} | named,
            redirect=False,
            retries=False,
        )


def _signed_in(server: Server, name: str | None = None, secret: str | None = None) -> Visitor:
    """With the server's key unless told otherwise."""
    visitor = _as(server.address, name or server.key_id, secret or server.secret)
    found = _TOKEN.search(visitor.get("/console").data.decode())
    assert found is not None
    visitor.token = found[1]
    return visitor


def _as(address: str, key_id: str, secret: str) -> Visitor:
    visitor = Visitor(address)
    fields = {"name": key_id, "password": secret}
    answer = visitor.post("/console/sign-in", fields)
    assert (answer.status, answer.headers["location"]) == (303, "/console")
    visitor.cookie = answer.headers["set-cookie"].partition(";")[0]
    return visitor


@pytest.fixture
def visitor(server: Server) -> Visitor:
    return _signed_in(server)


@pytest.fixture(scope="module")
def lasting(server: Server) -> Visitor:
    """One for many tests, none of which signs out."""
    return _signed_in(server)


@pytest.fixture
def person(server: Server, visitor: Visitor, collection: str, client: object) -> str:
    """The name of somebody in the collection."""
    client.create_user(CollectionId=collection, UserId="grace")  # type: ignore[attr-defined]
    return "grace"


def test_a_cookie_is_for_this_site_and_no_script(server: Server) -> None:
    fields = {"name": server.key_id, "password": server.secret}
    cookie = Visitor(server.address).post("/console/sign-in", fields).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/console" in cookie
    assert "Max-Age" not in cookie


def test_every_page_wants_a_sign_in(server: Server) -> None:
    stranger = Visitor(server.address)
    for each in PAGES:
        path = "/console" + re.sub(r"\{\w+\}", "1", each.path)
        send = stranger.post(path, {}) if each.changes else stranger.get(path)
        assert send.status == 303, path
        assert send.headers["location"].startswith("/console/sign-in"), path


@pytest.mark.parametrize(
    "headers",
    [
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "https://[/"},
        {},
    ],
)
def test_another_site_changes_nothing(
    visitor: Visitor, collection: str, person: str, headers: dict[str, str]
) -> None:
    if not headers:
        visitor.token = "0" * 64
    fields = {"name": person, "new_name": "stolen"}
    assert visitor.post(f"/console/people/{collection}/rename", fields, **headers).status == 403
    assert "stolen" not in visitor.get(f"/console/people/{collection}").data.decode()


def test_a_form_is_of_one_sign_in_alone(
    server: Server, visitor: Visitor, collection: str, person: str
) -> None:
    visitor.token = _signed_in(server).token
    fields = {"name": person, "new_name": "another"}
    assert visitor.post(f"/console/people/{collection}/rename", fields).status == 403


def test_a_sign_in_that_ended_is_of_no_use(visitor: Visitor) -> None:
    assert visitor.post("/console/sign-out", {}).status == 303
    assert visitor.get("/console").status == 303


def test_a_proxy_may_change_the_host(visitor: Visitor) -> None:
    own = {"origin": "https://faces.example", "sec_fetch_site": "same-origin"}
    assert visitor.post("/console/sign-out", {}, **own).status == 303


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example", "//evil.example", "/console\\evil", "/consolevil", "/console/\r\nx:y"],
)
def test_nobody_is_sent_elsewhere(server: Server, wanted: str) -> None:
    fields = {"name": server.key_id, "password": server.secret, "next": wanted}
    answer = Visitor(server.address).post("/console/sign-in", fields)
    assert answer.headers["location"] == "/console"


@pytest.mark.parametrize(
    "spelling", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7*7 }}"]
)
def test_names_are_never_markup(
    visitor: Visitor, collection: str, person: str, spelling: str
) -> None:
    fields = {"name": person, "new_name": spelling}
    assert visitor.post(f"/console/people/{collection}/rename", fields).status == 303
    shown = visitor.get(f"/console/people/{collection}").data.decode()
    assert html.escape(spelling, quote=False) in shown.replace("&#34;", '"')
    if "<" in spelling:
        assert spelling not in shown
    said = visitor.get(
        f"/console/people/{collection}?done=<script>x</script>", sec_fetch_site="same-origin"
    ).data.decode()
    assert "<script>x" not in said
    assert "&lt;script&gt;x" in said


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "none"},
        {"referer": "https://evil.example/console"},
        {"referer": "https://[/"},
    ],
)
def test_others_do_not_speak_for_us(visitor: Visitor, headers: dict[str, str]) -> None:
    said = "/console?done=Call%20555%20at%20once"
    assert "Call 555" not in visitor.get(said, **headers).data.decode()
    own = {"referer": f"{visitor.address}/console"}
    assert "Call 555" in visitor.get(said, **own).data.decode()


def test_pages_run_no_script_but_ours(visitor: Visitor) -> None:
    answer = visitor.get("/console")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "onclick" not in answer.data.decode()
    assert "access-control-allow-origin" not in answer.headers


def test_an_undoing_is_ours_or_none(visitor: Visitor, collection: str) -> None:
    for made_up in ("e30=.00", "x", "." * 10, "W10=." + "0" * 64):
        shown = visitor.get(
            f"/console/people/{collection}?done=x&undo={made_up}", sec_fetch_site="same-origin"
        )
        assert shown.status == 200
        assert "Undo" not in shown.data.decode()


def test_what_is_no_form_is_refused(visitor: Visitor) -> None:
    for body, kind in ((b"--x\r\n", "multipart/form-data"), (b"{}", "application/json")):
        answer = visitor.pool.request(
            "POST",
            f"{visitor.address}/console/sign-out",
            body=body,
            headers={"cookie": visitor.cookie, "content-type": kind},
            redirect=False,
        )
        assert answer.status in {400, 403}
    many = {f"f{n}": "x" for n in range(3000)}
    assert visitor.post("/console/sign-out", many).status == 400


def test_what_is_not_there_is_said(visitor: Visitor, collection: str) -> None:
    for path in (
        f"/console/people/{uuid4()}",
        f"/console/people/{collection}/{uuid4()}",
        f"/console/unknown/{collection}/999",
    ):
        assert visitor.get(path).status == 404, path
    for path in (f"/console/unknown/{collection}/x", f"/console/people/{collection}?after=x"):
        assert visitor.get(path).status == 400, path
    assert visitor.get("/console/static/0/../../secret").status in {404, 405}
    assert visitor.get("/console/static/0/passwords").status == 404


def test_a_picture_that_cannot_be_had_is_drawn(visitor: Visitor, collection: str) -> None:
    answer = visitor.get(f"/console/pictures/{collection}/face/{uuid4()}")
    assert (answer.status, answer.headers["content-type"]) == (200, "image/svg+xml")


def test_a_key_that_may_do_everything_sets_no_rules(visitor: Visitor, collection: str) -> None:
    for each in PAGES:
        if each.operation in FOR_OPERATORS:
            path = "/console" + each.path.replace("{collection}", collection)
            send = visitor.post(path, {}) if each.changes else visitor.get(path)
            assert send.status == 403, path


def test_an_operator_of_some_collections_has_no_say_in_who_may_do_what(
    server: Server, collection: str
) -> None:
    name = f"partly-{uuid4().hex[:8]}"
    command = [str(REKNOWN), "accounts", "add", name, "--role", "operator"]
    command += ["--collection", collection, "--data", str(server.data)]
    forks.run(command, typed=PASSWORD, check=True)
    visitor = _signed_in(server, name, PASSWORD)
    assert visitor.get(f"/console/policy/{collection}").status == 200
    for path in ("settings", "policy/others"):
        assert visitor.get(f"/console/{path}").status == 403
    fields = {"name": "more", "role": "operator", "collections": "*", "password": PASSWORD}
    assert visitor.post("/console/settings/accounts", fields).status == 403


@pytest.mark.parametrize(
    ("role", "collections", "evaluates", "applies"),
    [
        ("keeper", "*", True, False),
        ("reviewer", "*", False, False),
        ("auditor", "*", False, False),
        ("operator", None, True, False),
        ("operator", "*", True, True),
    ],
)
def test_results_are_for_many_and_what_they_change_for_operators_of_all(
    server: Server,
    collection: str,
    role: str,
    collections: str | None,
    evaluates: bool,
    applies: bool,
) -> None:
    name = f"{role}-{uuid4().hex[:8]}"
    command = [str(REKNOWN), "accounts", "add", name, "--role", role]
    command += ["--collection", collections or collection, "--data", str(server.data)]
    forks.run(command, typed=PASSWORD, check=True)
    visitor, here = _signed_in(server, name, PASSWORD), f"/console/accuracy/{collection}"
    one = f"{here}/{uuid4()}"
    assert visitor.get(here).status == 200
    assert [visitor.get(one + rest).status for rest in ("", ".json", "/report", "/figures/1")] == (
        [404] * 4
    )
    # what is allowed finds no folder, or no evaluation
    wanted = {"kind": "verify", "folder": "/etc"}
    assert visitor.post(here, wanted).status == (400 if evaluates else 403)
    for deed in ("stop", "delete"):
        assert visitor.post(f"{one}/{deed}", {}).status == (404 if evaluates else 403)
    assert visitor.post(f"{one}/apply", {}).status == (404 if applies else 403)


def test_strangers_send_little(server: Server) -> None:
    stranger = Visitor(server.address)
    answer = stranger.post("/console/sign-in", {"name": "ada", "password": "x" * 20_000})
    assert answer.status == 413
    assert "16,384" in answer.data.decode()


@pytest.mark.parametrize("name", ["nobody", "RK" + "A" * 18, "\x00", "\ud800", "x" * 5000, ""])
def test_a_refusal_never_comes_at_once(server: Server, name: str) -> None:
    body = urlencode({"name": name, "password": "not this one"}, errors="surrogatepass")
    started = time.monotonic()
    stranger = Visitor(server.address)
    answer = stranger._send("POST", "/console/sign-in", body, {"content-type": _FORM})
    assert answer.status == 403
    assert time.monotonic() - started > 0.45
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("GET", "/console/nothing", 404, None),
        ("POST", "/console/nothing", 404, None),
        ("POST", "/console/people", 404, None),
        ("POST", "/console", 405, "GET, HEAD"),
        ("PUT", "/console/compare", 405, "GET, HEAD, POST"),
        ("OPTIONS", "/console/sign-in", 405, "GET, HEAD, POST"),
        ("DELETE", "/console/ledger/1", 405, "GET, HEAD"),
        ("GET", "/console/sign-out", 405, "POST"),
    ],
)
def test_what_no_page_takes_is_said(
    visitor: Visitor, method: str, path: str, status: int, allowed: str | None
) -> None:
    headers = {"x-amz-target": "RekognitionService.ListCollections"}
    answer = visitor._send(method, path, None, headers)
    assert (answer.status, answer.headers.get("allow")) == (status, allowed)
    assert answer.headers["content-type"].startswith("text/html")
    assert "content-security-policy" in answer.headers
    assert "access-control-allow-origin" not in answer.headers


def test_a_slash_more_leads_to_the_overview(visitor: Visitor) -> None:
    answer = visitor.get("/console/")
    assert (answer.status, answer.headers["location"]) == (307, "/console")


def test_a_sign_out_takes_pictures_back(visitor: Visitor) -> None:
    answer = visitor.post("/console/sign-out", {})
    assert answer.headers["clear-site-data"] == '"cache"'
    assert "Max-Age=0" in answer.headers["set-cookie"]


_STRANGE = ("%00", "%ED%A0%80", "%FF", "a%2F..%2Fb", "%0d%0aset-cookie:x=y", "9" * 30)
_FIELDS = (
    *("name", "new_name", "into", "face", "person", "candidate", "opinion", "secret", "code"),
    *("after", "since", "actor", "operation", "collection", "undo", "done", "everybody"),
)


@pytest.mark.parametrize("strange", _STRANGE)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_no_page_breaks(lasting: Visitor, collection: str, page: ConsolePage, strange: str) -> None:
    if page.path == "/sign-out":
        return
    fields = "&".join(f"{name}={strange}" for name in _FIELDS)
    for it in (strange, collection):
        within = page.path.replace("{collection}", it)
        path = "/console" + re.sub(r"\{\w+\}", strange, within)
        if page.changes:
            body = f"form_token={lasting.token}&{fields}&present=x"
            answer = lasting._send("POST", path, body, {"content-type": _FORM})
        else:
            answer = lasting.get(f"{path}?{fields}", sec_fetch_site="same-origin")
        assert answer.status < 500, (path, answer.data)
        assert not answer.headers.get("location", "").startswith("/console/sign-in"), path
        assert "x" not in answer.headers.get("set-cookie", "")


def test_how_far_a_job_is_is_for_those_who_may_start_it_or_read_what_it_found(
    server: Server, visitor: Visitor, collection: str
) -> None:
    with Reknown(server.data) as client, client._context.database.begin() as connection:
        film, scan = (
            queue.add(connection, queue.NewJob(kind, "cli:ada", collection, "{}"))
            for kind in ("search", "scan")
        )
    rights = {
        "GetFaceSearch": {"film"},
        "ReknownAddToArchive": {"scan"},
        "DescribeCollection": set[str](),
    }
    for right, mine in rights.items():
        key = json.loads(server.reknown("keys", "create", "--json", "--operation", right))
        them = _as(server.address, key["access_key_id"], key["secret_access_key"])
        for name, job in (("film", film), ("scan", scan)):
            answer = them.get(f"/console/jobs/{collection}/{job}/{name}")
            assert answer.status == (200 if name in mine else 403)
    # one kind is not to be had as the other
    assert visitor.get(f"/console/jobs/{collection}/{scan}/film").status == 404
    with Reknown(server.data) as client, client._context.database.begin() as connection:
        for job in (film, scan):
            found = queue.find(connection, job)
            assert found is not None
            assert queue.ask_to_stop(connection, found, "over")


def test_a_limited_auditor_reads_of_own_collections_alone(
    server: Server, visitor: Visitor, collection: str, person: str
) -> None:
    auditor = _with_account(server, "auditor", collection)
    assert auditor.get("/console/ledger").status == 403
    assert auditor.get("/console/ledger?collection=others").status == 403
    shown = auditor.get(f"/console/ledger?collection={collection}")
    assert shown.status == 200
    own = re.findall(r'href="/console/ledger/(\d+)"', shown.data.decode())
    assert own
    assert auditor.get(f"/console/ledger/{own[0]}").status == 200
    everything = visitor.get("/console/ledger").data.decode()
    others = set(re.findall(r'href="/console/ledger/(\d+)"', everything)) - set(own)
    for end in ("", "/proof"):
        assert auditor.get(f"/console/ledger/{min(others)}{end}").status == 403


def test_pictures_are_of_the_collections_that_one_may_see(
    server: Server, collection: str, client: object, eileen: bytes
) -> None:
    indexed = client.index_faces(CollectionId=collection, Image={"Bytes": eileen})  # type: ignore[attr-defined]
    face = indexed["FaceRecords"][0]["Face"]["FaceId"]
    guest = _with_key(server, "ListFaces", "guests-*")
    for kind in ("face", "candidate", "person", "sighting"):
        assert guest.get(f"/console/pictures/{collection}/{kind}/{face}").status == 403
    assert guest.get(f"/console/pictures/guests-1/face/{face}").data.startswith(b"<svg")


def _with_key(server: Server, operation: str, collection: str) -> Visitor:
    rights = ("--operation", operation, "--collection", collection)
    made = json.loads(server.reknown("keys", "create", "--json", *rights))
    return _as(server.address, made["access_key_id"], made["secret_access_key"])


def _with_account(server: Server, role: str, collection: str) -> Visitor:
    name, secret = f"a-{uuid4()}", "four small words here"
    rights = ("--role", role, "--collection", collection)
    command = [str(REKNOWN), "accounts", "add", name, *rights, "--data", str(server.data)]
    forks.run(command, typed=secret, check=True)
    return _as(server.address, name, secret)


def test_somebody_unknown_is_looked_at(
    server: Server, visitor: Visitor, collection: str, tmp_path: Path, eileen: bytes
) -> None:
    for name in ("1.jpg", "2.jpg"):
        (tmp_path / name).write_bytes(eileen + name.encode())
    server.reknown("scan", tmp_path, "--collection", collection)
    said = visitor.post(f"/console/unknown/{collection}", {}).headers["location"]
    assert "1%20new%20group." in said
    (number,) = set(re.findall(rf"unknown/{collection}/(\d+)", visitor.get(said).data.decode()))
    shown = visitor.get(f"/console/unknown/{collection}/{number}")
    assert shown.status == 200
    pictures = re.findall(r'src="(/console/pictures/[^"]+)"', shown.data.decode())
    assert len(pictures) == 2
    for each in (*pictures, f"/console/pictures/{collection}/group/{number}"):
        assert visitor.get(each).headers["content-type"] == "image/jpeg"


def test_a_name_is_taken_back_as_far_as_rights_go_and_never_to_nobody_from_another_name(
    server: Server, visitor: Visitor, client: Any, collection: str, tmp_path: Path, eileen: bytes
) -> None:
    for name in ("1.jpg", "2.jpg"):
        (tmp_path / name).write_bytes(eileen + name.encode())
    server.reknown("scan", tmp_path, "--collection", collection)
    visitor.post(f"/console/unknown/{collection}", {})
    (group,) = client.reknown_list_groups(CollectionId=collection)["Groups"]
    here = f"/console/unknown/{collection}/{group['Number']}"
    namer = _signed_in(server, *callers.key(server, "--operation", "Reknown*"))
    bob = namer.post(f"{here}/name", {"person": "Bob"}).headers["location"]
    assert "2%20faces%20are%20enrolled" in bob
    assert "undo=" not in bob
    face, _ = (each["FaceId"] for each in client.list_faces(CollectionId=collection)["Faces"])
    for fields, right in (({"face": face}, "DeleteFaces"), ({"drop": "yes"}, "DeleteUser")):
        refused = namer.post(f"{here}/unname", {"only": "yes"} | fields)
        assert refused.status == 403
        assert right in refused.data.decode()
    assert len(client.list_faces(CollectionId=collection)["Faces"]) == 2
    anna = visitor.post(f"{here}/name", {"person": "Anna"}).headers["location"]
    assert "0%20faces%20are%20enrolled" in anna
    assert "undo=" not in anna
    visitor.post(f"{here}/unname", {})
    assert "undo=" in visitor.post(f"{here}/name", {"person": "Bob"}).headers["location"]


def test_the_next_page_is_of_the_same_list(
    visitor: Visitor, collection: str, client: object
) -> None:
    for number in range(61):
        client.create_user(CollectionId=collection, UserId=f"n{number:02}")  # type: ignore[attr-defined]
    people = f"/console/people/{collection}"
    shown = visitor.get(f"{people}?order=%3Cname%3E&done=x").data.decode()
    (more,) = re.findall(r'rel="next" href="([^"]+)"', shown)
    assert more.startswith("?order=%3Cname%3E&amp;after=")
    assert "n60" in visitor.get(people + html.unescape(more)).data.decode()


@pytest.fixture
def operator(server: Server) -> Visitor:
    """Somebody who may open every page."""
    name = f"operator-{uuid4().hex[:8]}"
    command = [str(REKNOWN), "accounts", "add", name, "--role", "operator"]
    command += ["--data", str(server.data)]
    forks.run(command, typed=PASSWORD, check=True)
    return _signed_in(server, name, PASSWORD)


def _read(visitor: Visitor, path: str, status: int = 200) -> dict[str, Any]:
    answer = visitor.get(path)
    assert (answer.status, answer.headers["content-type"]) == (status, "application/json"), path
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    told: dict[str, Any] = json.loads(answer.data)
    return told


def test_what_pages_show_programs_read(
    server: Server, operator: Visitor, collection: str, client: object, eileen: bytes
) -> None:
    name = "<b>Eileen & \u202e"
    indexed = client.index_faces(CollectionId=collection, Image={"Bytes": eileen})  # type: ignore[attr-defined]
    face = indexed["FaceRecords"][0]["Face"]["FaceId"]
    moved = {"face": face, "person": name}
    assert operator.post(f"/console/people/{collection}/move", moved).status == 303
    places = {"collection": collection, "record": "1", "key": server.key_id}
    pages = [each for each in PAGES if each.data and not each.changes]
    assert len(pages) > 12
    for each in pages:
        path = "/console" + (each.path or "/overview")
        for place, value in places.items():
            path = path.replace(f"{{{place}}}", value)
        if "{" not in path:
            told = _read(operator, f"{path}.json")
            assert list(told) == list(each.data), path
    (who,) = _read(operator, f"/console/people/{collection}.json")["people"]
    assert (who["name"], who["faces"]) == (name, 1)
    told = _read(operator, f"/console/people/{collection}/{who['subject_id']}.json")
    assert told["faces"][0]["face_id"] == face
    page = operator.get(f"/console/people/{collection}?after=0&done=x").data.decode()
    assert f'href="/console/people/{collection}.json?after=0"' in page


def test_data_are_refused_as_data(server: Server, visitor: Visitor, collection: str) -> None:
    path = f"/console/people/{uuid4()}.json"
    assert "error" in _read(visitor, path, 404)
    assert "error" in _read(visitor, f"/console/people/{collection}.json?after=x", 400)
    assert "error" in _read(visitor, "/console/settings/keys.json", 403)
    for site in ("cross-site", "same-site"):
        answer = visitor.get(f"/console/people/{collection}.json", sec_fetch_site=site)
        assert (answer.status, answer.headers["content-type"]) == (403, "application/json")
    guest = _with_key(server, "ListUsers", "guests-*")
    assert "error" in _read(guest, f"/console/people/{collection}.json", 403)
    assert Visitor(server.address).get(f"/console/people/{collection}.json").status == 303
    # what has no data has no such address
    assert visitor.get("/console/compare.json").status == 404


def test_a_name_may_end_like_an_address_of_data(
    visitor: Visitor, client: object, collection: str
) -> None:
    longer = f"{collection}.json"
    client.create_collection(CollectionId=longer)  # type: ignore[attr-defined]
    client.create_user(CollectionId=longer, UserId="longer")  # type: ignore[attr-defined]
    shown = visitor.get(f"/console/people/{collection}%2Ejson")
    assert ">longer<" in shown.data.decode()
    assert f'"/console/unknown/{collection}%2Ejson"' in shown.data.decode()
    assert _read(visitor, f"/console/people/{longer}")["people"] == []
    (who,) = _read(visitor, f"/console/people/{longer}.json")["people"]
    assert who["name"] == "longer"


def test_who_signs_in_late_goes_on_where_they_were(server: Server) -> None:
    stranger = Visitor(server.address)
    said = "done=Call%20555&undo=x"
    asked = stranger.get(f"/console/ledger?actor=a%26b&{said}").headers["location"]
    page = f"{server.address}/console/people/x?after=y"
    form = {"sec_fetch_site": "same-origin", "referer": page}
    posted = stranger.post("/console/people/x/rename", {}, **form).headers["location"]
    alone = stranger.post("/console/people/x/rename", {}).headers["location"]
    foreign = stranger.post("/console/people/x/rename", {}, **form | {"sec_fetch_site": "none"})
    assert foreign.headers["location"] == alone == "/console/sign-in"
    for location, wanted in ((asked, "/console/ledger?actor=a%26b"), (posted, page)):
        (it,) = parse_qs(urlsplit(location).query)["next"]
        fields = {"name": server.key_id, "password": server.secret, "next": it}
        answer = Visitor(server.address).post("/console/sign-in", fields)
        assert answer.headers["location"] == wanted.removeprefix(server.address)


def test_a_sign_in_that_somebody_copied_ends_with_it(visitor: Visitor) -> None:
    thief = Visitor(visitor.address, visitor.cookie)
    assert thief.get("/console").status == 200
    visitor.post("/console/sign-out", {})
    assert thief.get("/console").status == 303
    assert thief.get("/console/presence", hx_request="true").status == 401


def test_a_sign_in_is_never_one_that_was_there_before(server: Server) -> None:
    planted = "reknown_sign_in=chosen-by-somebody-else"
    victim = Visitor(server.address, planted)
    fields = {"name": server.key_id, "password": server.secret}
    given = victim.post("/console/sign-in", fields).headers["set-cookie"].partition(";")[0]
    assert given != planted
    assert victim.get("/console").status == 303
    assert Visitor(server.address, given).get("/console").status == 200


def test_whoever_is_there_hears_who_they_are(visitor: Visitor, server: Server) -> None:
    here = json.loads(visitor.get("/console/presence").data)
    assert here == {"actor": f"key:{server.key_id}", "form_token": visitor.token}


def test_a_case_of_many_candidates_comes_in_pages_first_what_is_left(
    server: Server, client: object, collection: str, tmp_path: Path, eileen: bytes
) -> None:
    """A person of an archive may be in thousands of pictures, each with a form."""
    (tmp_path / "eileen.jpg").write_bytes(eileen)
    server.reknown("scan", tmp_path, "--collection", collection)
    key = callers.key(server)
    server.reknown("reviewers", "add", f"key:{key[0]}", "--trained-until", "2099-12-31")
    with callers.reviewed(server, collection, 1), Reknown(server.data) as program:
        with program._context.database.begin() as connection:
            known = load_sighting_templates(connection, collection)
            seen = [_seen_again(known.vectors[0], at) for at in range(45)]
            keep_sightings(connection, collection, _FILM, seen, known.space, None)
        case = program.archive.find_face(eileen, collection).case
    reviewer, place = _as(server.address, *key), f"/console/reviews/{collection}/{case}"
    reviewer.token = _TOKEN.search(reviewer.get(place).data.decode())[1]  # type: ignore[index]
    first, rest = (reviewer.get(f"{place}?after={at}").data.decode() for at in (0, 40))
    shown = re.findall(r'id="candidate-(\d+)"', first)
    assert len(shown) == 40
    assert 'href="?after=40"' in first
    assert len(re.findall(r'id="candidate-\d+"', rest)) == 6
    assert 'href="?after' not in rest
    assert "at 0:00:0" in first  # of the film
    said = {"candidate": shown[0], "opinion": "same", "ground": "ears"}
    assert reviewer.post(place, said).status == 303
    again = re.findall(r'id="candidate-(\d+)"', reviewer.get(place).data.decode())
    assert again == [*shown[1:], re.findall(r'id="candidate-(\d+)"', rest)[0]]


_FILM = Medium("ab" * 32, MediumKind.VIDEO, "film.mp4")


def _seen_again(template: NDArray[np.float32], at: int) -> Sighting:
    box, start = BoundingBox(0.1, 0.1, 0.2, 0.2), 100 * at
    return Sighting(str(uuid4()), _FILM, start, start + 90, start, box, 0.9, 60, True, 3, template)
