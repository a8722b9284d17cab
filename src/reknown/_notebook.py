"""Answers as HTML for notebooks: tables, and small images with boxes. Every text is escaped."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reknown.services.images.sources import Source
    from reknown.vision.draw import Label

_WIDEST = 640
_LINES = 5


class Shown:
    """An answer at a prompt: its name and its text, not all that it holds."""

    __slots__ = ()

    def __repr__(self) -> str:
        lines = str(self).splitlines()
        more = ["..."] if len(lines) > _LINES else []
        return f"<{type(self).__name__}: {'; '.join(lines[:_LINES] + more)}>"


def paragraph(text: str | None) -> str:
    """A paragraph; nothing for nothing."""
    return f"<p>{escape(text)}</p>" if text else ""


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table with a head; nothing where there are no rows."""
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in row)}</tr>" for row in rows
    )
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if body else ""


def figure(source: Source, sha256: str, labels: Sequence[Label]) -> str:
    """The image with boxes, small enough for a page; nothing where its file is another one now."""
    from reknown.biometrics.errors import ReknownError  # noqa: PLC0415 - decoders load late
    from reknown.services.images.sources import read_source  # noqa: PLC0415
    from reknown.vision.decoding.pool import DecoderPool  # noqa: PLC0415
    from reknown.vision.draw import draw_labels  # noqa: PLC0415

    try:
        with DecoderPool(1) as decoders:
            decoded = decoders.decode(read_source(source))
    except ReknownError:
        return ""
    if decoded.sha256 != sha256:
        return ""
    image = draw_labels(decoded.pixels, labels)
    image.thumbnail((_WIDEST, _WIDEST))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG")
    data = base64.b64encode(buffer.getvalue()).decode("ascii")
    return f'<img alt="" src="data:image/jpeg;base64,{data}">'
