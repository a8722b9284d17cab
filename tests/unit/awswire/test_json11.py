from __future__ import annotations

import base64
import json
from collections.abc import Mapping  # noqa: TC003 - msgspec reads the annotations
from contextlib import suppress
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from growth import growth
from reknown.awswire.errors import WireError, error_body
from reknown.awswire.json11 import decode, encode, operation

Name = Annotated[
    str, Meta(min_length=1, max_length=200, pattern=r"\A(?:[a-z]+)\Z", extra={"pattern": "[a-z]+"})
]


class Inner(msgspec.Struct, frozen=True, rename="pascal"):
    data: Annotated[bytes, Meta(min_length=1, max_length=20_000)] | None = None


class Thing(msgspec.Struct, frozen=True, rename="pascal", omit_defaults=True):
    thing_id: Name
    count: Annotated[int, Meta(ge=1, le=9)] | None = None
    share: Annotated[float, Meta(ge=0, le=100)] | None = None
    kind: Literal["B", "A"] | None = None
    names: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=3)] | None = None
    inner: Inner | None = None
    inners: tuple[Inner, ...] | None = None
    tags: Annotated[Mapping[Name, Name], Meta(max_length=2)] | None = None
    flag: bool | None = None


class Free(msgspec.Struct, frozen=True, rename="pascal"):
    count: int | None = None


def code_of(body: bytes, shape: type[msgspec.Struct] = Thing) -> str:
    with pytest.raises(WireError) as caught:
        decode(body, shape)
    return caught.value.code


def faults_of(**members: Any) -> str:
    with pytest.raises(WireError) as caught:
        decode(json.dumps({"ThingId": "a", **members}).encode(), Thing)
    assert caught.value.code == "ValidationException"
    return caught.value.message


def test_a_body_becomes_a_structure() -> None:
    body = b'{"ThingId":"a","Count":2,"Share":1,"Inner":{"Data":"QUI="},"Tags":{"a":"b"}}'
    assert decode(body, Thing) == Thing("a", 2, 1.0, inner=Inner(b"AB"), tags={"a": "b"})


def test_nothing_is_an_empty_object() -> None:
    assert decode(b"", Free) == Free()


def test_null_is_absent_and_the_unknown_ignored() -> None:
    assert decode(b'{"Count":null,"Else":[1,{"a":null}]}', Free) == Free()


def test_none_is_left_out() -> None:
    assert encode(Thing("a", inner=None, names=())) == b'{"ThingId":"a","Names":[]}'


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"null",
        b'"a"',
        b"{} {}",
        b"\xef\xbb\xbf{}",
        b'{"ThingId":5}',
        b'{"ThingId":{}}',
        b'{"ThingId":"a","Count":"2"}',
        b'{"ThingId":"a","Count":1.5}',
        b'{"ThingId":"a","Count":true}',
        b'{"ThingId":"a","Share":"2"}',
        b'{"ThingId":"a","Share":true}',
        b'{"ThingId":"a","Share":1e999}',
        b'{"ThingId":"a","Flag":1}',
        b'{"ThingId":"a","Names":{}}',
        b'{"ThingId":"a","Names":[null]}',
        b'{"ThingId":"a","Inner":[]}',
        b'{"ThingId":"a","Inner":{"Data":"QU"}}',
        b'{"ThingId":"a","Inner":{"Data":"Q U="}}',
        b'{"ThingId":"a","Tags":{"a":null}}',
        b'{"ThingId":"a","ThingId":"a"}',
        b'{"ThingId":"a","Else":[{"x":1,"\\u0078":2}]}',
        b'{"ThingId":"a","Share":NaN}',
        b'{"ThingId":"a","Else":Infinity}',
        b'{"ThingId":"a","Else":-Infinity}',
        b'{"ThingId":"\xff"}',
        b'{"ThingId":"a","Else":"\xff"}',
        b'{"ThingId":"\\ud800"}',
        b'{"ThingId":"a","Else":' + b"9" * 5000 + b"}",
        b'{"ThingId":"a","Else":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a":' * 100_000,
    ],
)
def test_what_cannot_be_read(body: bytes) -> None:
    assert code_of(body) == "SerializationException"


@given(st.binary(max_size=200))
def test_garbage_is_an_error_of_the_wire(body: bytes) -> None:
    if body:
        assert code_of(body) in {"SerializationException", "ValidationException"}


TEXT = st.text(max_size=5)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(["ThingId", "Names", "Inner", "Tags", "Count"]), JSON))
def test_any_json_is_read_or_refused_in_order(value: dict[str, Any]) -> None:
    with suppress(WireError):
        assert isinstance(decode(json.dumps(value).encode(), Thing), Thing)


BLOB = base64.b64encode(bytes(15_000)).decode()


@pytest.mark.parametrize("filler", ["", "é", '\\"', "\\/", "\\\\", '\\\\\\"', '\\"' * 600])
def test_repeated_names_are_found_beside_blobs(filler: str) -> None:
    blob = f'"Inner":{{"Data":"{BLOB}"}},"Else":"{filler}","More":"{"x" * 70_000}"'
    good = f'{{"ThingId":"a",{blob}}}'
    assert decode(good.encode(), Thing).inner == Inner(bytes(15_000))
    for bad in (
        f'{{"ThingId":"a",{blob},"ThingId":"b"}}',
        f'{{"ThingId":"a",{blob},"Inner":null}}',
    ):
        assert code_of(bad.encode()) == "SerializationException"


@pytest.mark.parametrize(
    ("start", "part", "end"),
    [
        (b"[", b"[],", b"[]]"),
        (b"[", b'"",', b'""]'),
        (b'"', b'\\"', b'"'),
        (b'"', b"\\\\", b'"'),
        (b"", b'"', b""),
    ],
)
def test_large_bodies_without_sense_are_refused_with_little_work(
    start: bytes, part: bytes, end: bytes
) -> None:
    def body(parts: int) -> bytes:
        return b'{"ThingId":"a","Else":' + start + part * parts + end + b"}"

    assert code_of(body(2_000_000)) == "SerializationException"
    assert growth(_read, body(250_000), body(2_000_000)) < 24


def _read(body: bytes) -> None:
    with suppress(WireError):
        decode(body, Thing)


@given(st.lists(st.text(alphabet='"\\/a:,{} ', max_size=6), min_size=1, max_size=6))
def test_strings_are_found_in_large_bodies_as_in_small(texts: list[str]) -> None:
    members = {"ThingId": "a", "Else": texts, "More": "x" * 70_000, **dict.fromkeys(texts, 1)}
    body = json.dumps(members)
    assert decode(body.encode(), Thing) == Thing("a")
    repeated = f"{body[:-1]}, {json.dumps(texts[0])}: 2}}"
    assert code_of(repeated.encode()) == "SerializationException"


def test_bad_utf8_within_a_long_string_that_is_ignored() -> None:
    body = b'{"ThingId":"a","Else":"' + b"x" * 70_000 + b'\xff"}'
    assert code_of(body) == "SerializationException"


def test_a_large_body_that_does_not_end() -> None:
    body = b'{"ThingId":"a","Else":"' + b"x" * 70_000
    assert code_of(body) == "SerializationException"


def test_the_words_of_each_fault() -> None:
    told = "1 validation error detected: Value {} failed to satisfy constraint: Member must {}"
    assert faults_of(ThingId=None) == told.format("null at 'thingId'", "not be null")
    assert faults_of(ThingId="b" * 201) == told.format(
        f"'{'b' * 100}...' at 'thingId'", "have length less than or equal to 200"
    )
    assert faults_of(ThingId="a\n") == told.format(
        "'a\\n' at 'thingId'", "satisfy regular expression pattern: [a-z]+"
    )
    assert faults_of(Count=10) == told.format(
        "'10' at 'count'", "have value less than or equal to 9"
    )
    assert faults_of(Share=-0.5) == told.format(
        "'-0.5' at 'share'", "have value greater than or equal to 0"
    )
    assert faults_of(Share=400) == told.format(
        "'400' at 'share'", "have value less than or equal to 100"
    )
    assert faults_of(Kind="C") == told.format("'C' at 'kind'", "satisfy enum value set: [A, B]")
    assert faults_of(Names=[]) == told.format(
        "'[]' at 'names'", "have length greater than or equal to 1"
    )
    assert faults_of(Names=["a"] * 4) == told.format(
        "'[4 members]' at 'names'", "have length less than or equal to 3"
    )
    assert faults_of(Names=["a", "B"]) == told.format(
        "'B' at 'names.2.member'", "satisfy regular expression pattern: [a-z]+"
    )
    assert faults_of(Inner={"Data": ""}) == told.format(
        "'0 bytes' at 'inner.data'", "have length greater than or equal to 1"
    )
    assert faults_of(Inners=[{"Data": BLOB + BLOB}]) == told.format(
        "'30000 bytes' at 'inners.1.member.data'", "have length less than or equal to 20000"
    )
    assert faults_of(Tags={"a": "a", "b": "b", "c": "c"}) == told.format(
        "'{3 entries}' at 'tags'", "have length less than or equal to 2"
    )


def test_faults_within_a_map() -> None:
    assert faults_of(Tags={"a": "B"}).endswith(
        "Value 'B' at 'tags' failed to satisfy constraint: Map value must satisfy constraint: "
        "[Member must satisfy regular expression pattern: [a-z]+]"
    )
    assert "Map keys must satisfy constraint" in faults_of(Tags={"A": "b"})


def test_all_faults_are_told_up_to_ten() -> None:
    both = faults_of(ThingId="", Count=0)
    assert both.startswith("3 validation errors detected: Value '' at 'thingId' failed")
    assert both.count("; Value ") == 2
    assert faults_of(Inners=[{"Data": ""}] * 50).startswith("10 validation errors detected: ")


def test_control_characters_do_not_get_through() -> None:
    message = faults_of(ThingId="\x1b[31m\u202e\n")
    assert message.isprintable()


TARGET = (b"x-amz-target", b"RekognitionService.DetectFaces")


def test_the_operation_is_in_the_target() -> None:
    headers = ((b"host", b"a"), TARGET)
    assert operation(headers, "RekognitionService") == "DetectFaces"


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (TARGET, TARGET),
        ((b"x-amz-target", b"DetectFaces"),),
        ((b"x-amz-target", b"Other.DetectFaces"),),
        ((b"x-amz-target", b"RekognitionService."),),
        ((b"x-amz-target", b"RekognitionService.Detect Faces"),),
        ((b"x-amz-target", b"RekognitionService.\xff"),),
        ((b"x-amz-target", b"RekognitionService.DetectFaces\n"),),
    ],
)
def test_no_such_target(headers: tuple[tuple[bytes, bytes], ...]) -> None:
    with pytest.raises(WireError) as caught:
        operation(headers, "RekognitionService")
    assert caught.value.code == "UnknownOperationException"


def test_the_body_of_an_error() -> None:
    error = WireError("ThrottlingException", "Slow down", retry_after_ms=500)
    assert (error.status, error.retry_after_ms) == (400, 500)
    assert json.loads(error_body(error, "id-1")) == {
        "__type": "ThrottlingException",
        "Code": "ThrottlingException",
        "Message": "Slow down",
        "Logref": "id-1",
    }
