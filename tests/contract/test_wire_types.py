from __future__ import annotations

import importlib.util
import json
import math
import re
import string
import sys
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import botocore.parsers
import botocore.serialize
import msgspec
import pytest
from botocore.model import ServiceModel, Shape, StringShape
from hypothesis import given
from hypothesis import strategies as st

from reknown.api import shapes
from reknown.api.catalogue import OPERATIONS
from reknown.awswire.errors import WireError
from reknown.awswire.json11 import decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
LETTERS = string.ascii_letters + string.digits


def _load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_wire", ROOT / "tools/generate_wire.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generator = _load_generator()
MODEL = ServiceModel(generator.load_model(), "rekognition")
IMPLEMENTED: tuple[str, ...] = generator.IMPLEMENTED


def test_the_generated_files_are_current() -> None:
    for path, text in generator.render(generator.load_model()).items():
        assert path.read_text(encoding="utf-8") == text, f"{path.name}: run tools/generate_wire.py"


def test_the_catalogue_is_the_model() -> None:
    assert sorted(OPERATIONS) == sorted(MODEL.operation_names)
    for name, operation in OPERATIONS.items():
        model = MODEL.operation_model(name)
        assert operation.errors == {shape.name for shape in model.error_shapes}
        implemented = name in IMPLEMENTED
        assert (operation.request is not None) == implemented
        assert (operation.response is not None) == implemented


# --- samples: values that the model allows, made from the model ------------------------------

_MATCHING = {
    "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}": (
        "01234567-89ab-4def-8123-456789abcdef"
    ),
    "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}": "01234567-89ab-4def-8123-456789abcdef",
    "[0-9a-f]{64}": "ab" * 32,
    r"[0-9\.]+": "7.0",
    r"(^arn:aws:sns:.*:\w{12}:.+$)": "arn:aws:sns:eu-west-1:000000000000:ended",
    r"arn:aws:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+": "arn:aws:iam::000000000000:role/videos",
    r"(^arn:[a-z\d-]+:rekognition:[a-z\d-]+:\d{12}:streamprocessor\/.+$)": (
        "arn:aws:rekognition:eu-west-1:000000000000:streamprocessor/hall"
    ),
    r"(^arn:([a-z\d-]+):kinesisvideo:([a-z\d-]+):\d{12}:.+$)": (
        "arn:aws:kinesisvideo:eu-west-1:000000000000:stream/door/1"
    ),
    r"(^arn:([a-z\d-]+):kinesis:([a-z\d-]+):\d{12}:.+$)": (
        "arn:aws:kinesis:eu-west-1:000000000000:stream/seen"
    ),
    "^[0-9]+$": "12",
}


def sample(shape: Shape) -> Any:
    """A value for a shape as boto3 takes and gives it, every member filled."""
    makers: dict[str, Callable[[], Any]] = {
        "structure": lambda: {name: sample(member) for name, member in shape.members.items()},
        "list": lambda: [sample(shape.member)],
        "map": lambda: {sample(shape.key): sample(shape.value)},
        "string": lambda: _sample_string(shape),
        "blob": lambda: b"\x00\xffblob",
        "boolean": lambda: True,
        "integer": lambda: max(2, shape.metadata.get("min", 0)),
        "long": lambda: 2,
        "float": lambda: min(12.5, shape.metadata.get("max", 12.5)),
        "double": lambda: 1e-7,
        "timestamp": lambda: datetime(2026, 11, 3, 12, 30, 15, 250_000, tzinfo=UTC),
    }
    return makers[shape.type_name]()


def _sample_string(shape: StringShape) -> str:
    if shape.enum:
        return str(shape.enum[-1])
    found = _MATCHING.get(shape.metadata.get("pattern", ""), "a")
    return found.ljust(shape.metadata.get("min", 0), "a")


def fill(kind: Any, value: Any) -> Any:
    """A structure of ours from a value of boto3's."""

    def plain(item: Any) -> Any:
        if isinstance(item, datetime):
            return item.timestamp()
        if isinstance(item, dict):
            return {name: plain(inner) for name, inner in item.items()}
        return [plain(inner) for inner in item] if isinstance(item, list) else item

    return msgspec.convert(plain(value), kind)


def parse(name: str, body: bytes, headers: dict[str, str] | None = None) -> Any:
    """What boto3 makes of an answer."""
    response = {"status_code": 200, "headers": headers or {}, "body": body}
    parser = botocore.parsers.create_parser("json")
    parsed = parser.parse(response, MODEL.operation_model(name).output_shape)
    del parsed["ResponseMetadata"]
    return parsed


def serialize(name: str, parameters: dict[str, Any]) -> bytes:
    """What boto3 sends."""
    serializer = botocore.serialize.create_serializer("json", include_validation=False)
    body = serializer.serialize_to_request(parameters, MODEL.operation_model(name))["body"]
    assert isinstance(body, bytes)
    return body


def request_type(name: str) -> type[shapes.Shape]:
    kind = OPERATIONS[name].request
    assert kind is not None
    return kind


@pytest.mark.parametrize("name", IMPLEMENTED)
def test_boto3_reads_every_member_that_we_write(name: str) -> None:
    expected = sample(MODEL.operation_model(name).output_shape)
    body = encode(fill(OPERATIONS[name].response, expected))
    assert parse(name, body) == expected


@pytest.mark.parametrize("name", IMPLEMENTED)
def test_absent_members_are_absent_for_boto3(name: str) -> None:
    kind = OPERATIONS[name].response
    assert kind is not None
    body = encode(kind())
    assert body == b"{}"
    assert parse(name, body) == {}


@pytest.mark.parametrize("name", IMPLEMENTED)
def test_we_read_every_member_that_boto3_writes(name: str) -> None:
    parameters = sample(MODEL.operation_model(name).input_shape)
    decoded = decode(serialize(name, parameters), request_type(name))
    assert decoded == fill(request_type(name), parameters)
    assert None not in [getattr(decoded, field) for field in decoded.__struct_fields__]


@pytest.mark.parametrize("name", IMPLEMENTED)
def test_required_members(name: str) -> None:
    shape = MODEL.operation_model(name).input_shape
    parameters = sample(shape)
    for member in shape.members:
        rest = {key: value for key, value in parameters.items() if key != member}
        for body in (serialize(name, rest), json.dumps({**_wire(name, rest), member: None})):
            text = body if isinstance(body, bytes) else body.encode()
            if member not in shape.required_members:
                decode(text, request_type(name))
                continue
            assert _refusal(text, name) == (
                "ValidationException",
                f"1 validation error detected: Value null at '{_camel(member)}' failed to "
                "satisfy constraint: Member must not be null",
            )


def _wire(name: str, parameters: dict[str, Any]) -> dict[str, Any]:
    wire: dict[str, Any] = json.loads(serialize(name, parameters))
    return wire


def _camel(member: str) -> str:
    return member[:1].lower() + member[1:]


def _refusal(body: bytes, name: str) -> tuple[str, str]:
    with pytest.raises(WireError) as caught:
        decode(body, request_type(name))
    return caught.value.code, caught.value.message


# --- at and beyond the limits of every field -------------------------------------------------


def limits() -> list[tuple[str, str]]:
    """(operation, member) of every top-level member."""
    return [
        (name, member)
        for name in IMPLEMENTED
        for member in MODEL.operation_model(name).input_shape.members
    ]


def at_and_beyond(shape: Shape) -> tuple[list[Any], list[tuple[Any, str]]]:
    """Values that are just allowed, and values that just are not with what is told."""
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    make = _number_of if shape.type_name in {"integer", "float", "double", "long"} else _length_of
    word = "value" if make is _number_of else "length"
    good, bad = [], []
    if least is not None:
        good.append(make(shape, least))
        if make is _number_of or least > 0:
            below = make(shape, least - 1)
            bad.append((below, f"Member must have {word} greater than or equal to {least}"))
    if most is not None:
        good.append(make(shape, most))
        beyond = make(shape, most + 1)
        bad.append((beyond, f"Member must have {word} less than or equal to {most}"))
    return good, bad


def _number_of(shape: Shape, value: int) -> float:
    return float(value) if shape.type_name == "float" else value


def _length_of(shape: Shape, length: int) -> Any:
    kind = shape.type_name
    if kind == "list":
        return [sample(shape.member)] * length
    if kind == "map":
        return {f"k{number}": "v" for number in range(length)}
    return bytes(length) if kind == "blob" else "a" * length


@pytest.mark.parametrize(("name", "member"), limits())
def test_limits(name: str, member: str) -> None:
    shape = MODEL.operation_model(name).input_shape
    inner, path = shape.members[member], _camel(member)
    parameters = sample(shape)

    def body(value: Any) -> bytes:
        return serialize(name, {**parameters, member: value})

    good, bad = at_and_beyond(inner)
    for value in good:
        decode(body(value), request_type(name))
    for value, told in bad:
        code, message = _refusal(body(value), name)
        assert code == "ValidationException"
        assert f"at '{path}' failed to satisfy constraint: {told}" in message


@pytest.mark.parametrize("size", [1, 5_242_880])
def test_the_limit_of_an_image_is_of_its_own_bytes(size: int) -> None:
    body = serialize("DetectFaces", {"Image": {"Bytes": bytes(size)}})
    assert decode(body, shapes.DetectFacesRequest).image.bytes == bytes(size)


@pytest.mark.parametrize(
    ("size", "told"),
    [
        (0, "greater than or equal to 1"),
        (5_242_881, "less than or equal to 5242880"),
    ],
)
def test_images_beyond_the_limits(size: int, told: str) -> None:
    code, message = _refusal(
        serialize("DetectFaces", {"Image": {"Bytes": bytes(size)}}), "DetectFaces"
    )
    assert code == "ValidationException"
    assert message == (
        f"1 validation error detected: Value '{size} bytes' at 'image.bytes' failed to satisfy "
        f"constraint: Member must have length {told}"
    )


@given(st.text(max_size=300))
def test_collection_ids(text: str) -> None:
    good = re.fullmatch(r"[a-zA-Z0-9_.\-]{1,255}", text) is not None
    body = serialize("CreateCollection", {"CollectionId": text})
    if good:
        assert decode(body, shapes.CreateCollectionRequest).collection_id == text
    else:
        assert _refusal(body, "CreateCollection")[0] == "ValidationException"


@given(st.text(max_size=300))
def test_ids_of_what_is_stored(text: str) -> None:
    body = serialize("DescribeCollection", {"CollectionId": text})
    if 1 <= len(text) <= 255 and "\0" not in text:
        assert decode(body, shapes.DescribeCollectionRequest).collection_id == text
    else:
        assert _refusal(body, "DescribeCollection")[0] == "ValidationException"


@pytest.mark.parametrize("end", ["\n", " ", "\u0660", "é", "/"])
def test_patterns_are_of_the_whole_string(end: str) -> None:
    for name, member in (("CreateCollection", "CollectionId"), ("CreateUser", "UserId")):
        parameters = {**sample(MODEL.operation_model(name).input_shape), member: f"a{end}"}
        assert _refusal(serialize(name, parameters), name)[0] == "ValidationException"
    token = {"CollectionId": "a", "UserId": "a", "ClientRequestToken": f"a{end}"}
    assert "[a-zA-Z0-9-_]+" in _refusal(serialize("CreateUser", token), "CreateUser")[1]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_thresholds(value: float) -> None:
    body = json.dumps(
        {"CollectionId": "a", "FaceId": sample(_face_id()), "FaceMatchThreshold": value}
    )
    if 0 <= value <= 100:
        decoded = decode(body.encode(), shapes.SearchFacesRequest)
        assert decoded.face_match_threshold is not None
        assert math.isclose(decoded.face_match_threshold, value)
    else:
        assert _refusal(body.encode(), "SearchFaces")[0] == "ValidationException"


def _face_id() -> Shape:
    return MODEL.shape_for("FaceId")


@given(st.lists(st.sampled_from([*MODEL.shape_for("Attribute").enum, "all", ""]), max_size=4))
def test_attributes(values: list[str]) -> None:
    body = serialize("DetectFaces", {"Image": {}, "Attributes": values})
    if set(values) <= set(MODEL.shape_for("Attribute").enum):
        assert decode(body, shapes.DetectFacesRequest).attributes == tuple(values)
    else:
        assert "Member must satisfy enum value set: [" in _refusal(body, "DetectFaces")[1]


def _tag_is_good(text: str, most: int) -> bool:
    return len(text) <= most and all(
        character in "_.:/=+-@" or unicodedata.category(character)[0] in "LZN" for character in text
    )


@given(key=st.text(min_size=1, max_size=140), value=st.text(max_size=260))
def test_tags(key: str, value: str) -> None:
    good = _tag_is_good(key, 128) and _tag_is_good(value, 256) and not key.startswith("aws:")
    body = serialize("CreateCollection", {"CollectionId": "a", "Tags": {key: value}})
    if good:
        assert decode(body, shapes.CreateCollectionRequest).tags == {key: value}
    else:
        assert _refusal(body, "CreateCollection")[0] == "ValidationException"


@pytest.mark.parametrize("key", ["aws:x", "a\n", "a&b", "a" * 129, ""])
def test_bad_tag_keys(key: str) -> None:
    body = serialize("CreateCollection", {"CollectionId": "a", "Tags": {key: ""}})
    code, message = _refusal(body, "CreateCollection")
    assert code == "ValidationException"
    assert "at 'tags' failed to satisfy constraint: Map keys must satisfy constraint" in message


def test_unicode_classes_of_tags_are_those_of_the_model() -> None:
    [meta] = get_args(shapes.TagValue)[1:]
    everything = re.compile(meta.pattern)
    for number in range(sys.maxunicode + 1):
        character = chr(number)
        assert (everything.search(character) is not None) == _tag_is_good(character, 1), hex(number)
