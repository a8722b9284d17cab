"""What browsers send, read within limits and never written to a disk."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser

from reknown.console.own_words import FormError
from reknown.console.visit import Upload

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from reknown.console.visit import Arrival

_MOST_FIELDS = 2000
_MOST_FILES = 20
_FIELD_BYTES = 256 * 1024


def with_form(arrival: Arrival, headers: Headers, body: bytes) -> Arrival:
    """The arrival with the fields and files of its body; raises `FormError`.

    Large forms take their time: this is for a thread, though the parser was made for event loops.
    """
    return asyncio.run(_with_form(arrival, headers, body)) if body else arrival


async def _with_form(arrival: Arrival, headers: Headers, body: bytes) -> Arrival:
    fields = await _parsed(headers, body)
    many: dict[str, list[str]] = {}
    uploads: dict[str, Upload] = {}
    try:
        for name, value in fields.multi_items():
            if isinstance(value, UploadFile):
                uploads[name] = Upload(value.filename or "", await value.read())
            else:
                many.setdefault(name, []).append(value)
    finally:
        await fields.close()
    form = {name: values[-1] for name, values in many.items()}
    return replace(arrival, form=form, many=many, uploads=uploads)


async def _parsed(headers: Headers, body: bytes) -> FormData:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if kind == "multipart/form-data":
            parser = MultiPartParser(
                headers,
                _once(body),
                max_files=_MOST_FILES,
                max_fields=_MOST_FIELDS,
                max_part_size=_FIELD_BYTES,
            )
            # pictures stay in memory, which has a limit of its own
            parser.spool_max_size = len(body) + 1
            return await parser.parse()
        if kind == "application/x-www-form-urlencoded":
            if body.count(b"&") >= _MOST_FIELDS:
                raise FormError("a form has %(most)s fields at most", most=_MOST_FIELDS)
            return await FormParser(headers, _once(body)).parse()
    except (MultiPartException, UnicodeDecodeError) as error:
        raise FormError(
            "the form cannot be read: %(error)s", error=cast("object", error)
        ) from error
    return FormData()


async def _once(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body
    yield b""
