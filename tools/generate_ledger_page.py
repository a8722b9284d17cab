"""Writes docs/reference/ledger-records.md: every operation of the ledger, field by field.

    .venv/bin/python tools/generate_ledger_page.py [--check]

`--check` writes nothing and ends with 1 when the file is not up to date.
"""

from __future__ import annotations

import inspect
import json
import sys
from dataclasses import MISSING, fields
from pathlib import Path
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from msgspec import UNSET, UnsetType

from reknown.ledger.records import RECORDS, Failure, Refusal
from reknown.ledger.records.parts import (
    AmongRecord,
    CandidateRecord,
    ManyFacesRecord,
    ProbeRecord,
    QuotaRecord,
    SightingCandidateRecord,
    SpaceRecord,
    ThresholdRecord,
    TrackCandidateRecord,
)
from reknown.ledger.records.reviews import JudgedCandidateRecord, JudgementRecord

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAGE = Path(__file__).parent.parent / "docs" / "reference" / "ledger-records.md"
_PARTS = (
    SpaceRecord,
    ManyFacesRecord,
    ThresholdRecord,
    ProbeRecord,
    CandidateRecord,
    SightingCandidateRecord,
    TrackCandidateRecord,
    AmongRecord,
    ManyFacesRecord,
    JudgedCandidateRecord,
    JudgementRecord,
    QuotaRecord,
)
_PLAIN = {"float": "number", "bool": "true or false"}
_HEAD = """# Records of the ledger

What `reknown ledger --json` shows under `record`, operation by operation. Who did it, when, for
which request of the API and on which collection stands beside it in each line:

| Field of the line | |
|---|---|
| `id` | Ascends in the order of writing |
| `at` | When, UTC |
| `actor` | Who: `key:` and the id of an access key, `cli:` and a login name, or `worker` |
| `operation` | What was done, as in the headings of this page |
| `collection` | On which collection, or null |
| `request_id` | Which request of the API, or null |
| `kind` | `done`, `refused` or `failed`: which record this is; null in rows of version 0 |
| `version` | Of the record; 0 in rows that were written before records had types |
| `record` | What this page is about; in rows of version 0 whatever was written then |
| `names` | The names that subjects in `record` have now, by subject id |

**No record holds the name of a person or an external id.** A subject id is random, and means
nothing once its user is deleted: the ledger can be kept for ever, and people can still be
forgotten. The shapes of ids, digests and ranges are checked when a record is written and when it
is read. Two numbers stand for each score: the score itself and, where the pack is calibrated, its
similarity. Files are named by their SHA-256. What an operator chose to call things is kept as
it is: collections, tags, and access keys. Rows of version 0 stay as they were written.

This page is generated: `tools/generate_ledger_page.py`.
"""


def page() -> str:
    """The whole page."""
    done = sorted(RECORDS, key=lambda record: record.OPERATION)
    sections = [
        _HEAD,
        *(_section(f"{record.OPERATION} (version {record.VERSION})", record) for record in done),
        _section(f"Of kind refused (version {Refusal.VERSION})", Refusal),
        _section(f"Of kind failed (version {Failure.VERSION})", Failure),
        "## Parts of records\n",
        *(_section(_heading(part), part, "###") for part in _PARTS),
    ]
    return "\n".join(sections)


def _section(title: str, record: type, level: str = "##") -> str:
    lines = [f"{level} {title}", "", inspect.getdoc(record) or "", ""]
    if fields(record):
        lines += ["| Field | Type | |", "|---|---|---|", *_rows(record), ""]
    return "\n".join(lines)


def _rows(record: type) -> Iterator[str]:
    hints = get_type_hints(record, include_extras=True)
    for field in fields(record):
        optional = "" if field.default is MISSING else f", {_default(field.default)}"
        hint = hints[field.name]
        yield f"| `{field.name}` | {_kind(hint)}{optional} | {_meaning(hint)} |"


def _meaning(hint: Any) -> str:
    return str(next(m.description for m in reversed(hint.__metadata__) if m.description))


def _kind(hint: Any) -> str:
    """The type in words, such as those that the parts of records have as their titles."""
    if get_origin(hint) is Annotated:
        titles = [meta.title for meta in hint.__metadata__ if meta.title]
        return str(titles[0]) if titles else _kind(get_args(hint)[0])
    if isinstance(hint, UnionType) or get_origin(hint) is Union:
        given = get_args(hint)
        kinds = " or ".join(_kind(kind) for kind in given if kind not in {NoneType, UnsetType})
        return kinds + (", or null" if NoneType in given else "")
    if get_origin(hint) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(hint))
    if get_origin(hint) is tuple:
        return f"list of: {_kind(get_args(hint)[0])}"
    if get_args(hint):
        return "texts by their keys"
    return _PLAIN.get(hint.__name__) or f"[{_heading(hint)}](#{_heading(hint).replace(' ', '-')})"


def _heading(part: type) -> str:
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in part.__name__)
    return words.removesuffix("record").strip()


def _default(value: object) -> str:
    if value is UNSET:
        return "may be missing"
    return f"default {'empty' if value == () else json.dumps(value)}"


if __name__ == "__main__":
    text = page()
    if "--check" in sys.argv:
        sys.exit(not _PAGE.exists() or _PAGE.read_text(encoding="utf-8") != text)
    _PAGE.parent.mkdir(parents=True, exist_ok=True)
    _PAGE.write_text(text, encoding="utf-8")
