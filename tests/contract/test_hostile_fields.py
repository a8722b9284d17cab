"""Every field of every operation at its limits, beyond them, and as no client would send it."""

from __future__ import annotations

import base64
import copy
import io
import json
import re
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest
from PIL import Image

import callers
import raw
from reknown.access.rights import BY_NAME
from reknown.api.absent import instead_of
from reknown.api.registry import HANDLERS
from servers import MODELS, Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from botocore.model import ServiceModel, Shape

_FACE = "01234567-89ab-4def-8123-456789abcdef"
_ARN = "arn:aws:rekognition:eu-west-1:000000000000:collection/people"
# Of AWS's protocol, so that no operation's model names them.
_COMMON = {"SerializationException", "ValidationException", "NotImplementedException"}
_READABLE = {"SerializationException", "ValidationException"}

Place = tuple[str | int, ...]


def _model() -> ServiceModel:
    session = botocore.session.Session()
    session.get_component("data_loader").search_paths.append(str(MODELS))
    return session.get_service_model("rekognition")


MODEL = _model()


def _image() -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (80, 80), (60, 60, 70)).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


IMAGE = _image()
_KNOWN = {
    "CollectionId": "people",
    "UserId": "somebody",
    "Bytes": IMAGE,
    "ResourceArn": _ARN,
    "NextToken": "a",
    "Pack": "opencv",
    "Fingerprint": "ab" * 32,
    "ImageSha256": "ab" * 32,
    "Text": base64.b64encode(b"yes").decode(),
    "Vector": base64.b64encode(bytes(512)).decode(),
    "Bucket": "photos",
    "SNSTopicArn": "arn:aws:sns:eu-west-1:000000000000:ended",
    "RoleArn": "arn:aws:iam::000000000000:role/videos",
}
_STREAM_ARNS = {
    "KinesisVideoArn": "arn:aws:kinesisvideo:eu-west-1:000000000000:stream/door/1",
    "KinesisDataArn": "arn:aws:kinesis:eu-west-1:000000000000:stream/seen",
}
# What is for labels, or the other way of two: looked at alone.
_OTHERS = (
    ("Settings", "ConnectedHome"),
    ("Output", "KinesisDataStream"),
    ("Output", "S3Destination"),
    ("NotificationChannel",),
    ("KmsKeyId",),
    ("StartSelector",),
    ("StopSelector",),
    ("SettingsForUpdate",),
    ("ParametersToDelete",),
)


@dataclass(frozen=True, eq=False)
class Field:
    """A place in the input of an operation."""

    operation: str
    path: Place
    shape: Shape
    required: bool

    def __str__(self) -> str:
        return f"{self.operation}.{'.'.join(map(str, self.path))}"

    def request(self, value: Any) -> dict[str, Any]:
        """A valid request but for the value of this field."""
        parameters = _base(self)
        place: Any = parameters
        for step in self.path[:-1]:
            place = place[step]
        place[self.path[-1]] = value
        return parameters

    def request_without(self) -> dict[str, Any]:
        """A valid request without this field."""
        parameters = self.request(None)
        place: Any = parameters
        for step in self.path[:-1]:
            place = place[step]
        del place[self.path[-1]]
        return parameters


def _base(field: Field) -> dict[str, Any]:
    parameters: dict[str, Any] = copy.deepcopy(
        _sample(MODEL.operation_model(field.operation).input_shape, "")
    )
    for name, image in parameters.items():
        if name.endswith("Image") and isinstance(image, dict):
            del image["Bytes" if (name, "S3Object") == field.path[:2] else "S3Object"]
    # either a user or a face is searched for
    other = {"SearchUsers": "FaceId", "ReknownFindSightings": "Image"}.get(field.operation)
    if other is not None:
        parameters.pop("UserId" if field.path[0] == other else other)
    if field.operation == "ReknownKeepApart":
        for name in _KEPT_APART.get(str(field.path[0]), ("UserId", "OtherUserId")):
            del parameters[name]
    if "StreamProcessor" in field.operation:
        _drop_others(parameters, field)
    return parameters


# What may not be said beside this.
_KEPT_APART = {
    "UserId": ("OtherNumber", "OtherUserId"),
    "OtherUserId": ("Number", "OtherNumber"),
}


def _drop_others(parameters: dict[str, Any], field: Field) -> None:
    for path in _OTHERS:
        place = parameters
        for step in path[:-1]:
            place = place.get(step, {})
        if field.path[: len(path)] != path:
            place.pop(path[-1], None)


def _sample(shape: Shape, name: str) -> Any:
    if name in _KNOWN:
        return _KNOWN[name]
    kind = shape.type_name
    if kind == "structure":
        return {member: _sample(inner, member) for member, inner in shape.members.items()}
    if kind == "list":
        return [_sample(shape.member, "")]
    if kind == "map":
        return {"colour": "green"}
    if kind == "string":
        return shape.enum[0] if shape.enum else _text(shape)
    return {"float": 0.5, "double": 0.5, "integer": 9, "long": 9, "boolean": False}[kind]


def _text(shape: Shape) -> str:
    if shape.name in _STREAM_ARNS:
        return _STREAM_ARNS[shape.name]
    pattern = shape.metadata.get("pattern", "")
    if "{64}" in pattern:
        return "ab" * 32
    return _FACE if "{8}" in pattern else _letter(shape)


def _letter(shape: Shape) -> str:
    return "1" if shape.metadata.get("pattern") == "^[0-9]+$" else "a"


def _fields() -> Iterator[Field]:
    for operation in HANDLERS:
        shape = MODEL.operation_model(operation).input_shape
        yield from _within(operation, shape, ())


def _within(operation: str, shape: Shape, path: Place) -> Iterator[Field]:
    if shape.type_name == "structure":
        for name, inner in shape.members.items():
            yield Field(operation, (*path, name), inner, name in shape.required_members)
            yield from _within(operation, inner, (*path, name))
    elif shape.type_name == "list":
        yield Field(operation, (*path, 0), shape.member, required=False)
        yield from _within(operation, shape.member, (*path, 0))


FIELDS = list(_fields())


def _constraints(field: Field) -> dict[str, Any]:
    """Amazon's, but that all names that are stored can be said: what makes one is held to them."""
    makers = {"UserId": "CreateUser", "CollectionId": "CreateCollection"}
    if makers.get(field.shape.name, field.operation) != field.operation:
        return {"min": 1, "max": 255, "pattern": "[^\\x00]+"}
    return dict(field.shape.metadata)


def _of_kind(*kinds: str) -> list[Field]:
    return [field for field in FIELDS if field.shape.type_name in kinds]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, cache_folder: Path) -> Iterator[Server]:
    """A server of this module's own; nothing of `guarded` is ever asked for."""
    buckets = tmp_path_factory.mktemp("buckets")
    (buckets / "photos").mkdir()
    data = tmp_path_factory.mktemp("hostile")
    options = ("--buckets", buckets, "--celebrities", "people")
    with serving(data, *options, REKNOWN_CACHE=str(cache_folder)) as server:
        client = callers.distinct(server.client())
        for collection in ("people", "guarded"):
            client.create_collection(CollectionId=collection)
            client.create_user(CollectionId=collection, UserId="somebody")
        yield server
        _is_sound(server)


def _is_sound(server: Server) -> None:
    """After all this: alive, whole, and the log a line of JSON for each request."""
    assert raw.get(server, "/ready").status == 200
    client = server.client()
    assert client.list_users(CollectionId="guarded")["Users"] == [
        {"UserId": "somebody", "UserStatus": "CREATED"}
    ]
    with sqlite3.connect(f"file:{server.data}/reknown.db?mode=ro", uri=True) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    database.close()
    assert server.process.poll() is None
    first, *others = (json.loads(line)["event"] for line in server.log)
    assert first == "the gallery of celebrities does not exist"
    assert set(others) <= {"request", "refused"}


@pytest.fixture(scope="module")
def call(served: Server) -> Iterator[raw.Caller]:
    rights = ("*", *BY_NAME)
    options = [word for right in rights for word in ("--operation", right)]
    caller = raw.Caller(served, callers.key(served, *options))
    yield caller
    caller.close()


def _codes(operation: str) -> set[str]:
    return _COMMON | {shape.name for shape in MODEL.operation_model(operation).error_shapes}


def _ask(call: raw.Caller, field: Field, parameters: dict[str, Any]) -> raw.Reply:
    reply = call.ask(field.operation, parameters)
    raw.check(reply, IMAGE)
    assert reply.status == 200 or reply.code in _codes(field.operation), reply
    return reply


_NUMERIC = ("integer", "long", "float", "double")


# --- limits ----------------------------------------------------------------------------------


def _sized(shape: Shape, size: int) -> Any:
    kind = shape.type_name
    if kind in _NUMERIC:
        return size
    if kind == "list":
        return [_sample(shape.member, "")] * size
    if kind == "map":
        return {f"k{number}": "v" for number in range(size)}
    return base64.b64encode(bytes(size)).decode() if kind == "blob" else _letter(shape) * size


def _limited() -> list[Field]:
    # images beyond their limit: test_hostile_images.py
    return [
        field
        for field in FIELDS
        if {"min", "max"} & field.shape.metadata.keys() and field.path[-1] != "Bytes"
    ]


@pytest.mark.parametrize("field", _limited(), ids=str)
def test_at_and_beyond_the_limits(call: raw.Caller, field: Field) -> None:
    constraints = _constraints(field)
    least, most = constraints.get("min"), constraints.get("max")
    for limit, beyond in ((least, -1), (most, 1)):
        if limit is None:
            continue
        reply = _ask(call, field, field.request(_sized(field.shape, limit)))
        assert reply.code not in _READABLE, reply
        if limit + beyond >= 0 or field.shape.type_name in _NUMERIC:
            value = _sized(field.shape, limit + beyond)
            reply = _ask(call, field, field.request(value))
            assert (reply.status, reply.code) == (400, "ValidationException"), reply
            raw.check(reply, str(value))


@pytest.mark.parametrize("field", _of_kind("string"), ids=str)
def test_choices(call: raw.Caller, field: Field) -> None:
    for value in (*field.shape.enum, "none", "ALL ", ""):
        if field.shape.enum:
            known = value in field.shape.enum
            reply = _ask(call, field, field.request(value))
            assert (reply.code == "ValidationException") == (not known), reply


# --- types -----------------------------------------------------------------------------------

_JSON = {
    "string": "a",
    "integer": 7,
    "float": 7.5,
    "double": 7.5,
    "boolean": True,
    "list": [],
    "structure": {},
    "nested": [[[{}]]],
}
_ALSO = {
    "blob": {"string"},
    "map": {"structure"},
    "float": {"integer", "double"},
    "double": {"integer", "float"},
    "long": {"integer"},
}


@pytest.mark.parametrize("field", FIELDS, ids=str)
def test_wrong_types(call: raw.Caller, field: Field) -> None:
    kind = field.shape.type_name
    for name, value in _JSON.items():
        if name not in {kind} | _ALSO.get(kind, set()):
            reply = _ask(call, field, field.request(value))
            # of two faults, either may be told
            assert reply.code in _READABLE, (name, reply)


@pytest.mark.parametrize("field", FIELDS, ids=str)
def test_null_and_missing(call: raw.Caller, field: Field) -> None:
    null = _ask(call, field, field.request(None))
    if isinstance(field.path[-1], int):
        assert null.code == "SerializationException"
        return
    missing = _ask(call, field, field.request_without())
    for reply in (null, missing):
        if field.required:
            assert reply.code == "ValidationException"
            assert "must not be null" in reply.message
        else:
            assert reply.code not in _READABLE, reply
    if field.operation not in _ONCE:
        assert null.code == missing.code


# The second time is another answer.
_ONCE = {
    "CreateCollection",
    "CreateStreamProcessor",
    "CreateUser",
    "DeleteUser",
    "ReknownImportTemplates",
    "ReknownMoveFaces",
    "ReknownResumeSearches",
    "ReknownWithdrawConsent",
    "StartStreamProcessor",
}

_NUMBERS = (
    "1" + "0" * 30,
    "-1" + "0" * 30,
    str(2**31),
    str(2**63),
    str(-(2**63) - 1),
    "9" * 5000,
    "1e400",
    "-1e400",
    "1e-400",
    "0." + "3" * 1000,
    "1.5",
    "-0",
    "01",
    "+1",
    ".5",
    "0x10",
    "NaN",
    "Infinity",
    "-Infinity",
)


def _free_numbers() -> list[Field]:
    """A field of each kind."""
    return list({f.shape.name: f for f in _of_kind(*_NUMERIC)}.values())


@pytest.mark.parametrize("field", _free_numbers(), ids=str)
def test_numbers(call: raw.Caller, field: Field) -> None:
    before = json.dumps(field.request("NUMBER"))
    for number in _NUMBERS:
        reply = call(field.operation, before.replace('"NUMBER"', number).encode())
        raw.check(reply, number)
        assert reply.status == 200 or reply.code in _codes(field.operation), reply


_BASE64 = ("!", "QQ", "QQ=", "QQ===", "=QQ=", "Q Q=", "QQ==\n", "QQ==QQ==", "_-8=", "ÄÄ==", "\x00")


@pytest.mark.parametrize("field", _of_kind("blob"), ids=str)
def test_bad_base64(call: raw.Caller, field: Field) -> None:
    for text in (*_BASE64, "A" * 50_001):
        reply = _ask(call, field, field.request(text))
        assert reply.code == "SerializationException", (text[:20], reply)
        raw.check(reply, text)


# --- texts -----------------------------------------------------------------------------------

_TEXTS = (
    "'",
    '"',
    "`",
    "a'; DROP TABLE collections; --",
    "' OR '1'='1",
    "%",
    "_%",
    "a/b",
    "a\\b",
    "../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "\u2215etc\uff0fpasswd",
    "/etc/passwd",
    "file:///etc/passwd",
    "http://169.254.169.254/latest/meta-data",
    "CON",
    "a\x00b",
    "\x00",
    "a\r\nx-injected: 1",
    "\r\n\r\nHTTP/1.1 200 OK",
    '{"event":"request"}\n{"event":"forged"}',
    "\x1b[2J\x1b[31m",
    "\u202eevil",
    "\ufeff",
    "\ud800",
    "\U0001f600" * 20,
    "ä" * 300,
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "${jndi:ldap://x/a}",
    "{{7*7}}",
    "%n%s%x",
    " ",
    ".",
    "..",
    "a" * 10_000,
    "\x00" * 10_000,
)
_FEW_TEXTS = ("a'; DROP TABLE collections; --", "a\x00b", "a" * 10_000)


def _free_texts() -> dict[Field, tuple[str, ...]]:
    """Everything for the first field of each kind, as all of a kind are read by the same code."""
    kinds: set[str] = set()
    chosen: dict[Field, tuple[str, ...]] = {}
    for field in _of_kind("string"):
        if not field.shape.enum:
            chosen[field] = _FEW_TEXTS if field.shape.name in kinds else _TEXTS
            kinds.add(field.shape.name)
    return chosen


@pytest.mark.parametrize(
    ("field", "texts"),
    _free_texts().items(),
    ids=lambda one: str(one) if isinstance(one, Field) else "",
)
def test_texts(call: raw.Caller, field: Field, texts: tuple[str, ...]) -> None:
    constraints = _constraints(field)
    pattern, most = constraints.get("pattern", ""), constraints.get("max", 10**9)
    for text in texts:
        reply = _ask(call, field, field.request(text))
        raw.check(reply, text)
        if "\\p" in pattern:
            continue
        if len(text) > most or not re.fullmatch(pattern or ".*", text, re.DOTALL):
            assert reply.code in _READABLE, (text[:30], reply)


def test_names_that_look_like_something_are_data(served: Server) -> None:
    client = callers.distinct(served.client())
    for name in ("null", "true", "..", "CON", "-rf", "--", "0", "1e5", "sqlite_master", "b" * 255):
        if name not in client.list_collections()["CollectionIds"]:
            client.create_collection(CollectionId=name)
        assert client.describe_collection(CollectionId=name)["FaceCount"] == 0
        assert name in client.list_collections()["CollectionIds"]
        client.delete_collection(CollectionId=name)
        assert name not in client.list_collections()["CollectionIds"]


def test_tags_are_data(served: Server) -> None:
    client = callers.distinct(served.client())
    tags = {"=1+1": "@SUM", "größe": "日本 \u2028語", "a:/b": "../..", "-": ""}
    arn = client.create_collection(CollectionId="tagged", Tags=tags)["CollectionArn"]
    assert client.list_tags_for_resource(ResourceArn=arn)["Tags"] == tags
    client.untag_resource(ResourceArn=arn, TagKeys=list(tags))
    assert client.list_tags_for_resource(ResourceArn=arn)["Tags"] == {}


_ARNS = (
    "arn:aws:rekognition:eu-west-1:000000000000:collection/" + "a" * 256,
    "arn:aws:rekognition:eu-west-1:000000000000:collection/",
    "arn:aws:rekognition:eu-west-1:000000000000:collection/a\0",
    "arn:aws:rekognition:eu-west-1:000000000000:project/people",
    "arn:aws:s3:eu-west-1:000000000000:collection/people",
    "arn:aws:rekognition:" + "a" * 2028,
    "\x1b[2J" * 500,
    "'; DROP TABLE collections; --",
)


@pytest.mark.parametrize("name", ["a/b", "people\n", "../guarded", "Family Album"])
def test_a_name_in_an_arn_is_a_name_and_no_path(call: raw.Caller, name: str) -> None:
    arn = f"arn:aws:rekognition:eu-west-1:000000000000:collection/{name}"
    reply = call.ask("ListTagsForResource", {"ResourceArn": arn})
    raw.check(reply, arn)
    assert reply.code == "ResourceNotFoundException"


@pytest.mark.parametrize("arn", _ARNS)
def test_arns(call: raw.Caller, arn: str) -> None:
    reply = call.ask("ListTagsForResource", {"ResourceArn": arn})
    raw.check(reply, arn)
    assert reply.code == "InvalidParameterException"


# --- bodies ----------------------------------------------------------------------------------

_UNREADABLE = {
    "list": b"[]",
    "list of an object": b"[{}]",
    "text": b'"a"',
    "number": b"7",
    "null": b"null",
    "cut": b'{"CollectionId":"peop',
    "twice": b"{}{}",
    "after": b"{} x",
    "byte order mark": b"\xef\xbb\xbf{}",
    "utf-16": "{}".encode("utf-16"),
    "bad utf-8": b'{"CollectionId":"\xff\xfe"}',
    "overlong utf-8": b'{"CollectionId":"\xc0\xaf"}',
    "bad utf-8 where it is ignored": b'{"Else":"\xed\xa0\x80"}',
    "nan": b'{"FaceMatchThreshold":NaN}',
    "infinity where it is ignored": b'{"Else":-Infinity}',
    "comment": b"{/**/}",
    "single quotes": b"{'CollectionId':'people'}",
    "trailing comma": b'{"CollectionId":"people",}',
    "control character": b'{"CollectionId":"a\nb"}',
    "repeated": b'{"CollectionId":"people","CollectionId":"guarded"}',
    "repeated otherwise spelt": b'{"CollectionId":"people","\\u0043ollectionId":"guarded"}',
    "repeated deep": b'{"Else":[{"a":{"b":1,"b":2}}]}',
    "deep lists": b'{"Else":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep and cut": b"[" * 100_000,
    "form": b"CollectionId=people",
    "xml": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "nul": b"\x00" * 1000,
    "many names": b"{" + b",".join(b'"%d":0' % number for number in range(200_000)) + b"}",
    "many lists": b'{"Else":[' + b"[]," * 2_000_000 + b"[]]}",
}


@pytest.mark.parametrize("body", _UNREADABLE.values(), ids=_UNREADABLE)
def test_unreadable_bodies(call: raw.Caller, body: bytes) -> None:
    operations = HANDLERS if len(body) < 1000 else ("ListCollections", "IndexFaces")
    for operation in operations:
        reply = call(operation, body)
        raw.check(reply)
        assert reply.code == "SerializationException", (operation, reply)


@pytest.mark.parametrize("operation", HANDLERS)
def test_an_empty_body_is_an_empty_object(call: raw.Caller, operation: str) -> None:
    required = MODEL.operation_model(operation).input_shape.required_members
    for body in (b"", b"{}", b" \r\n{\t}\n"):
        reply = call(operation, body)
        raw.check(reply)
        assert reply.code == ("ValidationException" if required else ""), reply


@pytest.mark.parametrize("operation", ["A" * 128, "A" * 129, "detectFaces", "DetectFaces ", "a-b"])
def test_operations_that_are_not_there(call: raw.Caller, operation: str) -> None:
    reply = call(operation, b"{}")
    raw.check(reply, operation)
    assert reply.code in {"UnknownOperationException", ""}


def test_operations_of_amazon_that_are_not_implemented(call: raw.Caller) -> None:
    for operation in set(MODEL.operation_names) - set(HANDLERS):
        reply = call(operation, b"{}")
        raw.check(reply)
        assert reply.code == "NotImplementedException"
        assert instead_of(operation) in reply.message
