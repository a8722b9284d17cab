"""Forms with files that are too large for memory: written as they come, the fields first."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from reknown.console.own_words import FormError
from reknown.console.visit import LargeUpload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from starlette.datastructures import Headers

    from reknown.console.visit import Arrival, IncomingFile

    Begin = Callable[[Arrival, str], Awaitable[IncomingFile]]

_MOST_FILES = 2000
_MOST_FIELDS = 100
_FIELD_BYTES = 16 * 1024
_HEAD_BYTES = 8 * 1024
# So much goes to the disk at a time.
_BLOCK = 2**20


def stated_size(headers: Headers) -> int:
    """How large a form says that it is, 0 where it does not."""
    stated = headers.get("content-length", "")
    return int(stated) if stated.isascii() and stated.isdecimal() and len(stated) < 16 else 0


@asynccontextmanager
async def received(
    arrival: Arrival, headers: Headers, parts: AsyncIterator[bytes], begin: Begin
) -> AsyncIterator[Arrival]:
    """The arrival with the fields and files of its body, whose files end with the context.

    `begin` gets what came before a file, and its name. Raises `FormError` for what is no such
    form, and what `begin` and those it made raise.
    """
    form = _Form(arrival, begin)
    parser = form.parser(headers)
    try:
        async for part in parts:
            _fed(parser, part)
            await form.take()
        try:
            parser.finalize()
        except FormParserError as error:
            raise _broken() from error
        if not form.whole:
            raise _broken()
        yield form.arrival
    finally:
        for each in form.opened:
            await asyncio.to_thread(each.close)


def _broken() -> FormError:
    return FormError("the form did not come whole: send it again")


def _fed(parser: MultipartParser, part: bytes) -> None:
    try:
        parser.write(part)
    except FormParserError as error:
        raise _broken() from error


class _Form:
    """What the parser says is kept until it can be waited for."""

    def __init__(self, arrival: Arrival, begin: Begin) -> None:
        self.arrival = arrival
        self.opened: list[IncomingFile] = []
        self.whole = False
        self._begin = begin
        self._said: list[tuple[str, bytes]] = []
        self._header = [b"", b""]
        self._field: tuple[str, bytearray] | None = None
        self._file: IncomingFile | None = None
        self._block = bytearray()

    def parser(self, headers: Headers) -> MultipartParser:
        """For this form; raises `FormError` for one of another kind."""
        kind, options = parse_options_header(headers.get("content-type", ""))
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise FormError("this page takes a form with files")
        return MultipartParser(
            boundary,
            {
                "on_header_field": lambda data, start, end: self._heading(0, data[start:end]),
                "on_header_value": lambda data, start, end: self._heading(1, data[start:end]),
                "on_header_end": self._headed,
                "on_part_data": lambda data, start, end: self._said.append(
                    ("data", data[start:end])
                ),
                "on_part_end": lambda: self._said.append(("end", b"")),
                "on_end": self._all,
            },
        )

    async def take(self) -> None:
        """Does what has been said since."""
        said, self._said = self._said, []
        for what, data in said:
            if what == "head":
                await self._open(data)
            elif what == "data":
                await self._add(data)
            else:
                await self._close()

    def _heading(self, which: int, data: bytes) -> None:
        self._header[which] += data
        if len(self._header[which]) > _HEAD_BYTES:
            raise _broken()

    def _headed(self) -> None:
        name, value = self._header
        if name.lower() == b"content-disposition":
            self._said.append(("head", value))
        self._header = [b"", b""]

    def _all(self) -> None:
        self.whole = True

    async def _open(self, disposition: bytes) -> None:
        if self._field is not None or self._file is not None:
            raise _broken()
        _, options = parse_options_header(disposition)
        name = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" not in options:
            if len(self.arrival.many) >= _MOST_FIELDS:
                raise FormError("a form has %(most)s fields at most", most=_MOST_FIELDS)
            self._field = name, bytearray()
            return
        called = options[b"filename"].decode("utf-8", "replace")
        if not called:  # nothing was chosen
            return
        if len(self.opened) >= _MOST_FILES:
            raise FormError(
                "%(most)s files are taken at once: send the rest afterwards", most=_MOST_FILES
            )
        self._file = await self._begin(self.arrival, called)
        self.opened.append(self._file)
        self.arrival = replace(
            self.arrival, large=(*self.arrival.large, LargeUpload(called, self._file))
        )

    async def _add(self, data: bytes) -> None:
        if self._field is not None:
            self._field[1].extend(data)
            if len(self._field[1]) > _FIELD_BYTES:
                raise FormError("a field of this form is too long")
        elif self._file is not None:
            self._block += data
            if len(self._block) >= _BLOCK:
                await self._written(self._file)

    async def _close(self) -> None:
        if self._field is not None:
            name, value = self._field[0], self._field[1].decode("utf-8", "replace")
            many = {**self.arrival.many, name: [*self.arrival.many.get(name, ()), value]}
            self.arrival = replace(self.arrival, form={**self.arrival.form, name: value}, many=many)
        elif self._file is not None:
            await self._written(self._file)
            await asyncio.to_thread(self._file.finish)
        self._field = self._file = None

    async def _written(self, file: IncomingFile) -> None:
        block, self._block = bytes(self._block), bytearray()
        if block:
            await asyncio.to_thread(file.write, block)
