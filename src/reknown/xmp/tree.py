"""XML -> elements that know where in the file they stand, within bounds.

Whoever adds to a file then changes the bytes in that place and none besides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_BYTES = 2**20
_MAX_DEPTH = 50
_MAX_ELEMENTS = 20_000
# Nothing is tried twice: a tag may be as long as the file.
_TAG = re.compile(rb"""<([^\s/>]++)(?:[^<>"']++|"[^"]*+"|'[^']*+')*+>""")


@dataclass(frozen=True, slots=True)
class Element:
    """An element: `name` and the keys of `attributes` are "{namespace}name".

    Bytes `start` to `end` of the file are all of it, `inner` to `inner_end` what is between its
    tags. `tag` is its name as the file has it. One that has no end tag is `closed` at once, and
    all between is empty, at its end.
    """

    name: str
    attributes: Mapping[str, str]
    tag: str
    start: int
    inner: int
    inner_end: int
    end: int
    children: tuple[Element, ...]
    text: str

    @property
    def closed(self) -> bool:
        """Whether it is written as one tag, `<name/>`."""
        return self.inner == self.end

    def named(self, name: str) -> Iterator[Element]:
        """Its children of that name."""
        return (child for child in self.children if child.name == name)


def parse(data: bytes) -> Element:
    """The root of an XML document in UTF-8, which is read as that whatever it states.

    Raises `InputError` for what is no XML, has a document type (and so might have entities), is
    larger than `MAX_BYTES`, or nested or divided beyond all that photo programs write.
    """
    if len(data) > MAX_BYTES:
        raise InputError(f"more than {MAX_BYTES:,} bytes of XMP")
    if b"\0" in data or data.startswith((b"\xff\xfe", b"\xfe\xff")):  # expat would read UTF-16
        raise InputError("not XML in UTF-8")
    builder = _Builder(data)
    parser = DefusedXMLParser(target=builder, encoding="utf-8", forbid_dtd=True)
    builder.parser = parser.parser
    try:
        parser.feed(data)
        parser.close()
    except DefusedXmlException as error:
        raise InputError("XMP with a document type or entities, which it never has") from error
    except ParseError as error:
        raise InputError(f"not XML: {error}") from error
    if builder.root is None:
        raise InputError("not XML: it is empty")
    return builder.root


@dataclass(slots=True)
class _Open:
    """An element whose end has not come."""

    name: str
    attributes: Mapping[str, str]
    tag: str
    start: int
    inner: int
    closed: bool
    children: list[Element] = field(default_factory=list)
    text: list[str] = field(default_factory=list)


class _Builder:
    """What the parser calls; `parser` is expat's own, which knows how far it has read."""

    def __init__(self, data: bytes) -> None:
        self.root: Element | None = None
        self.parser: Any = None
        self._data = data
        self._open: list[_Open] = []
        self._count = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._count += 1
        if self._count > _MAX_ELEMENTS:
            raise InputError(f"XMP of more than {_MAX_ELEMENTS:,} elements")
        if len(self._open) == _MAX_DEPTH:
            raise InputError(f"XMP nested more than {_MAX_DEPTH} deep")
        place = self.parser.CurrentByteIndex
        found = _TAG.match(self._data, place)
        if found is None:
            raise InputError("not XML: a tag without an end")
        closed = found[0].endswith(b"/>")
        tag = found[1].decode()
        self._open.append(_Open(name, attributes, tag, place, found.end(), closed))

    def data(self, text: str) -> None:
        if self._open:
            self._open[-1].text.append(text)

    def end(self, name: str) -> None:
        it = self._open.pop()
        inner_end = it.inner if it.closed else self.parser.CurrentByteIndex
        end = it.inner if it.closed else self._data.index(b">", inner_end) + 1
        children, text = tuple(it.children), "".join(it.text)
        made = Element(
            name, it.attributes, it.tag, it.start, it.inner, inner_end, end, children, text
        )
        if self._open:
            self._open[-1].children.append(made)
        else:
            self.root = made

    def close(self) -> None:
        """The parser asks for it."""
