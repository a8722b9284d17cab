"""AWS JSON 1.1: which operation a request asks for, and JSON <-> structures.

AWS tells two kinds of bad request apart, and so does this: what cannot be read as the
structure at all is a SerializationException, what can be but breaks a constraint of the
service model a ValidationException, with AWS's own wording. msgspec does the work; only
when it refuses is the body walked once more to say what is wrong and where.
"""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeVar

import msgspec
from msgspec import inspect

from reknown.awswire.errors import WireError
from reknown.structs import resolved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

T = TypeVar("T", bound=msgspec.Struct)

_OPERATION = re.compile(rb"[A-Za-z][A-Za-z0-9]{0,99}")
_MOST_FAULTS = 10
_MOST_SHOWN = 100
# A string of so many bytes can only be a blob or something that is ignored.
_LONG = 1024
# Below this many bytes the milliseconds that a blob costs cannot arise.
_LARGE = 65_536
# Far above the largest request, which imports a thousand templates.
_MOST_STRINGS = 100_000
_MOST_QUOTES = 10_000
_MOST_STRUCTURE = 4 * 1024 * 1024


class _Fault(NamedTuple):
    """One broken constraint; `value` is what is shown of the value, None if there is none."""

    path: str
    value: str | None
    constraint: str

    def __str__(self) -> str:
        value = "null" if self.value is None else f"'{self.value}'"
        return f"Value {value} at '{self.path}' failed to satisfy constraint: {self.constraint}"


def operation(headers: tuple[tuple[bytes, bytes], ...], prefix: str) -> str:
    """The name behind the dot of X-Amz-Target.

    `headers` have lower-case names. Raises `WireError` UnknownOperationException when the
    header is missing, repeated, of another service or no name.
    """
    targets = [value for name, value in headers if name == b"x-amz-target"]
    service, _, name = targets[0].partition(b".") if len(targets) == 1 else (b"", b"", b"")
    if service != prefix.encode() or not _OPERATION.fullmatch(name):
        raise WireError("UnknownOperationException", f"X-Amz-Target has to be {prefix}.<operation>")
    return name.decode("ascii")


def decode(body: bytes, shape: type[T]) -> T:
    """The structure that a body holds; an empty body is an empty object.

    Null members are absent ones and unknown members are ignored.

    Raises `WireError` SerializationException for what is not one JSON object in UTF-8
    without repeated names, or holds another type than the structure; ValidationException
    for values that break its constraints.
    """
    body = body or b"{}"
    _check_strictly(body)
    try:
        return msgspec.json.decode(body, type=resolved(shape))
    except msgspec.ValidationError as error:
        raise _explanation(body, shape) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable("The request is not well-formed JSON") from error


def encode(response: msgspec.Struct) -> bytes:
    """The JSON of a structure; members that have their default are left out."""
    return msgspec.json.encode(response)


def _check_strictly(body: bytes) -> None:
    """Refuses what msgspec lets pass: repeated names, and bad UTF-8 where it is ignored.

    Two parsers that choose differently between repeated names let a request mean one thing
    to a proxy that checks it and another to us.
    """
    try:
        if not body.isascii():
            body.decode()
        value = json.loads(
            _without_long_strings(body).decode(),
            object_pairs_hook=_distinct,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError) as error:
        raise _unreadable("The request is not well-formed JSON") from error
    if not isinstance(value, dict):
        raise _unreadable("The request is not a JSON object")


def _without_long_strings(body: bytes) -> bytes:
    """The body with its blobs emptied: as good to look for repeated names, 50 times faster.

    Two names longer than that would pass for equal: there are none.

    Raises `WireError` SerializationException for more than any request needs, as a few
    million empty lists would take seconds and half a gigabyte.
    """
    if len(body) < _LARGE:
        return body
    kept: list[bytes] = []
    end = 0
    while (start := body.find(b'"', end) + 1) > 0:
        closing = _closing_quote(body, start)
        long = closing - start >= _LONG
        kept += (body[end:start], b'"') if long else (body[end : closing + 1],)
        end = closing + 1
        if len(kept) > _MOST_STRINGS:
            raise _unreadable("The request has too many strings")
    kept.append(body[end:])
    if sum(map(len, kept)) > _MOST_STRUCTURE:
        raise _unreadable("The request has too many values")
    return b"".join(kept)


def _closing_quote(body: bytes, start: int) -> int:
    """Where the string ends that has its first character at `start`."""
    closing = body.find(b'"', start)
    for _ in range(_MOST_QUOTES):
        if closing < 0:
            break
        if not _is_escaped(body, start, closing):
            return closing
        closing = body.find(b'"', closing + 1)
    raise _unreadable("The request has a string that does not end")


def _is_escaped(body: bytes, start: int, quote: int) -> bool:
    """Whether an odd number of backslashes stands before a quote."""
    if not body.endswith(b"\\", start, quote):
        return False
    before = body[max(start, quote - _LONG) : quote]
    escapes = len(before) - len(before.rstrip(b"\\"))
    if escapes == _LONG:
        # Where they begin is not looked for, so that many such runs stay cheap.
        raise _unreadable("The request has too many backslashes")
    return escapes % 2 == 1


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _unreadable("The request repeats a name within one object")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _unreadable(message: str) -> WireError:
    return WireError("SerializationException", message)


def _explanation(body: bytes, shape: type[msgspec.Struct]) -> WireError:
    """The error that says what msgspec did not like about a body."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _unreadable("The request is not well-formed JSON")
    faults = list(islice(_faults(value, inspect.type_info(shape), ""), _MOST_FAULTS))
    if not faults:
        return _unreadable("The request does not have the form of the operation's input")
    plural = "" if len(faults) == 1 else "s"
    text = "; ".join(map(str, faults))
    raise WireError(
        "ValidationException", f"{len(faults)} validation error{plural} detected: {text}"
    )


def _faults(value: Any, kind: inspect.Type, path: str, pattern: str = "") -> Iterator[_Fault]:
    """The constraints that a value breaks; `pattern` is the one to show to people.

    Raises `WireError` SerializationException for a value of another JSON type.
    """
    if isinstance(kind, inspect.Metadata):
        yield from _faults(value, kind.type, path, (kind.extra or {}).get("pattern", ""))
        return
    if isinstance(kind, inspect.UnionType):
        # All unions are of one type and null, and null members do not come here.
        kind = next(one for one in kind.types if not isinstance(one, inspect.NoneType))
        yield from _faults(value, kind, path)
        return
    named, types, check = _KINDS[type(kind)]
    # bool is an int to Python, not to JSON.
    if not isinstance(value, types) or (isinstance(value, bool) and types is not bool):
        raise _unreadable(f"'{path}' has to be {named}")
    yield from check(value, kind, path, pattern)


def _members(value: dict[str, Any], kind: Any, path: str, _: str) -> Iterator[_Fault]:
    for field in kind.fields:
        name = field.encode_name[:1].lower() + field.encode_name[1:]
        member = f"{path}.{name}" if path else name
        found = value.get(field.encode_name)
        if found is not None:
            yield from _faults(found, field.type, member)
        elif field.required:
            yield _Fault(member, None, "Member must not be null")


def _items(value: list[Any], kind: Any, path: str, _: str) -> Iterator[_Fault]:
    shown = f"[{len(value)} members]" if value else "[]"
    wrong_length = list(_length(len(value), kind, path, shown))
    yield from wrong_length
    if not wrong_length:
        for number, item in enumerate(value, start=1):
            yield from _faults(item, kind.item_type, f"{path}.{number}.member")


def _entries(value: dict[str, Any], kind: Any, path: str, _: str) -> Iterator[_Fault]:
    wrong_length = list(_length(len(value), kind, path, f"{{{len(value)} entries}}"))
    yield from wrong_length
    for key, entry in () if wrong_length else value.items():
        sides = (("keys", key, kind.key_type), ("value", entry, kind.value_type))
        for side, part, part_kind in sides:
            for fault in _faults(part, part_kind, path):
                inner = f"Map {side} must satisfy constraint: [{fault.constraint}]"
                yield fault._replace(constraint=inner)


def _text(value: str, kind: Any, path: str, pattern: str) -> Iterator[_Fault]:
    shown = _shown(value)
    yield from _length(len(value), kind, path, shown)
    if kind.pattern is not None and not re.search(kind.pattern, value):
        told = pattern or kind.pattern
        yield _Fault(path, shown, f"Member must satisfy regular expression pattern: {told}")


def _choice(value: str, kind: Any, path: str, _: str) -> Iterator[_Fault]:
    if value not in kind.values:
        choices = ", ".join(kind.values)
        yield _Fault(path, _shown(value), f"Member must satisfy enum value set: [{choices}]")


def _blob(value: str, kind: Any, path: str, _: str) -> Iterator[_Fault]:
    try:
        size = len(msgspec.convert(value, bytes))
    except msgspec.ValidationError as error:
        raise _unreadable(f"'{path}' has to be base64") from error
    yield from _length(size, kind, path, f"{size} bytes")


def _number(value: float, kind: Any, path: str, _: str) -> Iterator[_Fault]:
    rules = (
        ("greater", kind.ge, kind.ge is not None and value < kind.ge),
        ("less", kind.le, kind.le is not None and value > kind.le),
    )
    for word, limit, broken in rules:
        if broken:
            text = f"Member must have value {word} than or equal to {limit:.16g}"
            yield _Fault(path, _shown(str(value)), text)


def _nothing(_value: bool, _kind: Any, _path: str, _: str) -> Iterator[_Fault]:
    return iter(())


def _length(length: int, kind: Any, path: str, shown: str) -> Iterator[_Fault]:
    rules = (
        ("greater", kind.min_length, kind.min_length is not None and length < kind.min_length),
        ("less", kind.max_length, kind.max_length is not None and length > kind.max_length),
    )
    for word, limit, broken in rules:
        if broken:
            yield _Fault(path, shown, f"Member must have length {word} than or equal to {limit}")


def _shown(value: str) -> str:
    """Text of a stranger, fit for a log: cut, and nothing in it that moves a cursor."""
    cut = value if len(value) <= _MOST_SHOWN else value[:_MOST_SHOWN] + "..."
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in cut
    )


_KINDS: Mapping[type, tuple[str, Any, Callable[[Any, Any, str, str], Iterator[_Fault]]]] = {
    inspect.StructType: ("an object", dict, _members),
    inspect.DictType: ("an object", dict, _entries),
    inspect.VarTupleType: ("a list", list, _items),
    inspect.LiteralType: ("a string", str, _choice),
    inspect.StrType: ("a string", str, _text),
    inspect.BytesType: ("a base64 string", str, _blob),
    inspect.IntType: ("a whole number", int, _number),
    inspect.FloatType: ("a number", (int, float), _number),
    inspect.BoolType: ("true or false", bool, _nothing),
}
