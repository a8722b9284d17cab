"""Writes docs/reference/clients.md: what each client's calls came to when the tests last ran it.

    .venv/bin/python tools/generate_clients.py [--check]

`--check` writes nothing and ends with 1 when the file is not up to date. The results are written
by `REKNOWN_CLIENTS=write .venv/bin/python -m pytest tests/contract/test_clients.py`.
"""

from __future__ import annotations

import json
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_ROOT = Path(__file__).parent.parent
_PAGE = _ROOT / "docs" / "reference" / "clients.md"
_CLIENTS = _ROOT / "tests" / "contract" / "clients"
_SHOWN = {"OK": "yes", "NotInThisSDK": "-"}
_HEAD = """# Clients

How each client's calls ended in the contract tests, which send every operation of Amazon's that
Reknown implements to a real server over a real socket. This page is generated:
`tools/generate_clients.py`.

A client *runs* where its own code makes the calls. Where it cannot be installed from a package
registry or Debian, the tests send *requests* as its public source says that it signs and writes
them: the same headers in the same order and case, the same ones signed, the same way to wait for
`100 Continue`. Such a row says that the server takes these requests; how the client reads the
answers has not been seen. Ruby's row is the SDK's core with the operations' names, as Debian has no
more of it. How each client signs is in
[vectors.toml](../../tests/contract/clients/vectors.toml), with the sources, and what the clients
that run send is compared with it.

Where the machine that made this page lacks a client, its row is the last result, of the date shown.

"""
_COLUMNS = (
    "Client",
    "Version",
    "How",
    "On",
    "Signs besides host, x-amz-date and x-amz-target",
    "Corrects its clock, by its source",
)
_TABLE = """
## Operations

`yes`: the client got an answer, and its faces, users, pages and tags are those that were asked for.
`-`: this version of the client does not know the operation. Anything else is the error's code.

"""
_ALWAYS = {"host", "x-amz-date", "x-amz-target"}


@dataclass(frozen=True, slots=True)
class Client:
    """A row of the first table and a column of the second."""

    title: str
    run: bool
    version: str
    date: str
    signed: tuple[str, ...]
    clock: bool
    results: dict[str, str]


def clients() -> list[Client]:
    """In the order of `vectors.toml`."""
    rows = tomllib.loads((_CLIENTS / "vectors.toml").read_text(encoding="utf-8"))
    return [_client(name, row) for name, row in rows.items()]


def _client(name: str, row: dict[str, object]) -> Client:
    found = json.loads((_CLIENTS / "results" / f"{name}.json").read_text(encoding="utf-8"))
    signed = row["signed"]
    assert isinstance(signed, list)
    return Client(
        str(row["title"]),
        "sdk" in row,
        found["version"],
        found["date"],
        tuple(name for name in signed if name not in _ALWAYS),
        bool(row["clock"]),
        found["results"],
    )


def page() -> str:
    """The whole page."""
    found = clients()
    operations = sorted({name for client in found for name in client.results})
    columns = ("Operation", *(client.title for client in found))
    results = [(name, *(_shown(client, name) for client in found)) for name in operations]
    return _HEAD + _table(_COLUMNS, map(_row, found)) + _TABLE + _table(columns, results)


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (columns, ["---"] * len(columns), *rows)
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _row(client: Client) -> Sequence[str]:
    return (
        client.title,
        client.version,
        "runs" if client.run else "requests",
        client.date,
        ", ".join(client.signed),
        "yes" if client.clock else "no",
    )


def _shown(client: Client, operation: str) -> str:
    result = client.results.get(operation, "")
    return _SHOWN.get(result, result)


if __name__ == "__main__":
    text = page()
    if "--check" in sys.argv:
        sys.exit(_PAGE.read_text(encoding="utf-8") != text)
    _PAGE.write_text(text, encoding="utf-8")
