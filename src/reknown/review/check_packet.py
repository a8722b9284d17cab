"""Checks a disclosure packet of a review case offline: `python check_packet.py PACKET`.

A single file that needs Python 3.9 and nothing else. A packet is a list of contents and parts,
as one JSON document or in a ZIP file without compression. The list has the SHA-256 of each part;
whoever has its own SHA-256 from the ledger (`disclose case`) knows that the whole is the one that
was handed out. Within it, all that was promised by a digest before is compared with what is told
now: which candidates were known non-mates, what each reviewer said, in which order they saw the
candidates, and the chain of the probe's edited versions.

It ends with 0 where all is well, and with 1 and a line for each fault. It does not say whether
anybody in it is who they are thought to be.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import zipfile
from typing import Any

FORMAT = "reknown disclosure packet 1"
CONTENTS = "contents"
MOST_BYTES = 64 * 2**20
# In the order in which they come.
_PARTS = (
    *("case", CONTENTS, "evaluation", "judgements", "ledger", "model", "policy", "probe", "proofs"),
    "search",
)
# The searches that open cases, with what their records tell of how much was searched.
_SIZES = {
    "identify": ("gallery_size", "references"),
    "search sightings": ("sightings_searched",),
}
_SUFFIX = ".json"
_START = "0" * 64


class PacketError(Exception):
    """It cannot be read as a packet at all."""


def canonical(value: object) -> bytes:
    """The only JSON that a packet has for a value."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("ascii")


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def contents_of(parts: dict[str, bytes]) -> bytes:
    """The list of contents."""
    return canonical({"format": FORMAT, "parts": {name: digest(parts[name]) for name in parts}})


def as_json(parts: dict[str, bytes]) -> bytes:
    """The packet as one document."""
    whole = {name: json.loads(data) for name, data in parts.items()}
    return canonical({CONTENTS: json.loads(contents_of(parts)), **whole}) + b"\n"


def as_zip(parts: dict[str, bytes]) -> bytes:
    """The packet as a ZIP file; the same parts give the same bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, data in [(CONTENTS, contents_of(parts)), *sorted(parts.items())]:
            entry = zipfile.ZipInfo(name + _SUFFIX, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o600 << 16
            archive.writestr(entry, data)
    return target.getvalue()


def chain(digests: list[str]) -> list[str]:
    """A link for each version of the probe, original first, that depends on all before it."""
    links = [_START]
    for each in digests:
        links.append(digest(f"{links[-1]}:{each}".encode()))
    return links[1:]


def check(data: bytes) -> list[str]:
    """What is wrong with the packet, a sentence each; raises `PacketError`."""
    is_zip = data[:2] == b"PK"
    entries = _of_zip(data) if is_zip else _of_json(data)
    contents = entries.pop(CONTENTS, None)
    if contents is None:
        raise PacketError(f"{CONTENTS}: there is no list of contents")
    faults = list(_altered(contents, entries))
    if not faults:
        same = as_zip(entries) if is_zip else as_json(entries)
        if same != data:
            faults.append("container: there are bytes in it that belong to no part")
    if not faults:
        parts = {name: json.loads(part) for name, part in entries.items()}
        try:
            faults = [
                *_edits(parts),
                *_promises(parts),
                *_candidates(parts),
                *_proofs(parts),
            ]
        except (KeyError, TypeError, AttributeError) as error:
            faults = [f"a part is not of the form that packets have: {error!r}"]
    return faults


def contents_digest(data: bytes) -> str:
    """SHA-256 of the list of contents, which the ledger has; raises `PacketError`."""
    return digest((_of_zip(data) if data[:2] == b"PK" else _of_json(data))[CONTENTS])


def _of_zip(data: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError) as error:
        raise PacketError(f"container: it is a damaged ZIP file: {error}") from error
    if sum(entry.file_size for entry in entries) > len(data):
        raise PacketError("container: its entries are compressed, or lie one over the other")
    return {_name(entry): _stored(data, entry) for entry in entries}


def _name(entry: zipfile.ZipInfo) -> str:
    name = entry.filename
    return name[: -len(_SUFFIX)] if name.endswith(_SUFFIX) else name


def _stored(data: bytes, entry: zipfile.ZipInfo) -> bytes:
    """The bytes behind the entry's head as they are: digests say whether they are the right ones.

    `zipfile` would refuse what was changed and not say where.
    """
    start = max(0, entry.header_offset)
    head = data[start : start + 30]
    names = int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
    return data[start + 30 + names : start + 30 + names + entry.file_size]


def _of_json(data: bytes) -> dict[str, bytes]:
    try:
        whole = json.loads(data)
        if not isinstance(whole, dict):
            raise PacketError("container: it is not a packet: one JSON object, or a ZIP file")
        return {name: canonical(value) for name, value in whole.items()}
    except (ValueError, RecursionError) as error:
        where = _part_at(data, getattr(error, "pos", getattr(error, "start", 0)))
        raise PacketError(f"{where}: it is not JSON any more: {error}") from error


def _part_at(data: bytes, place: int) -> str:
    """The part of a document in which this byte lies, as far as that can be told."""
    found, start = "container", 0
    for name in _PARTS:
        start = max(start, data.find(f'"{name}":{{'.encode(), start))
        if 0 < start <= place and data.startswith(f'"{name}":'.encode(), start):
            found = name
    return found


def _altered(contents: bytes, entries: dict[str, bytes]) -> list[str]:
    try:
        told = json.loads(contents)
        wanted = dict(told["parts"])
        known = told["format"]
    except (ValueError, KeyError, TypeError):
        return [f"{CONTENTS}: the list of contents is damaged"]
    faults = []
    if known != FORMAT:
        faults.append(f"{CONTENTS}: the format is {known!r}, not {FORMAT!r}")
    for name in sorted(wanted.keys() | entries.keys()):
        if name not in entries:
            faults.append(f"{name}: the part is missing")
        elif name not in wanted:
            faults.append(f"{name}: the part is not in the list of contents")
        elif digest(entries[name]) != wanted[name]:
            faults.append(f"{name}: the part was changed, or its digest in the list of contents")
    if not faults and contents != contents_of(entries):
        faults.append(f"{CONTENTS}: the list of contents was changed")
    return faults


def _edits(parts: dict[str, Any]) -> list[str]:
    """The versions of the probe make one chain, and one of them was searched with."""
    probe = parts["probe"]
    versions = probe["versions"]
    digests = [version["sha256"] for version in versions]
    if [version["link"] for version in versions] != chain(digests):
        return ["probe: the chain of its versions is broken: one was changed, added or left out"]
    if digests and probe["sha256"] not in digests:
        return ["probe: none of its versions is the file that was searched with"]
    return []


def _promises(parts: dict[str, Any]) -> list[str]:
    """What digests in the ledger promised is what is told now."""
    case_id, reviewing = parts["case"]["case_id"], parts["judgements"]
    candidates, faults = reviewing["candidates"], []
    opened = _records(parts, "open case")
    seeded = [candidate["number"] for candidate in candidates if candidate["seeded"]]
    seeds = digest(
        canonical({"case": case_id, "salt": reviewing["salt"], "seeded": sorted(seeded)})
    )
    if [record["detail"]["seeds_sha256"] for record in opened] != [seeds]:
        faults.append("judgements: the known non-mates are not those of the record `open case`")
    said = {
        (record["actor"], record["detail"]["candidate"]): record["detail"]["judgement_sha256"]
        for record in _records(parts, "judge candidate")
    }
    for review in reviewing["reviews"]:
        who = review["reviewer"]
        order = sorted(
            (candidate["number"] for candidate in candidates),
            key=lambda number: digest(f"{review['seed']}:{number}".encode()),
        )
        if review["order"] != order:
            faults.append(f"judgements: {who} saw the candidates in another order")
        shown = {record["detail"]["seed"] for record in _records(parts, "read case", who)}
        if review["seed"] not in shown:
            faults.append(f"judgements: the seed of {who} is not that of a record `read case`")
        for judgement in review["judgements"]:
            number = judgement["candidate"]
            if said.pop((who, number), None) != _promise(case_id, review, judgement):
                faults.append(
                    f"judgements: {who} is on record with another one of candidate {number}"
                )
    faults.extend(
        f"judgements: that of candidate {n} by {who} is missing" for who, n in sorted(said)
    )
    return faults


def _promise(case_id: str, review: dict[str, Any], judgement: dict[str, Any]) -> str:
    return digest(
        canonical(
            {
                "candidate": judgement["candidate"],
                "case": case_id,
                "grounds": judgement["grounds"],
                "note": judgement["note_sha256"],
                "opinion": judgement["opinion"],
                "reviewer": review["reviewer"],
                "salt": review["salt"],
            }
        )
    )


def _candidates(parts: dict[str, Any]) -> list[str]:
    """The search is told as its record has it."""
    searches = [each for kind in _SIZES for each in _records(parts, kind)]
    if len(searches) != 1:
        return ["ledger: the record of the search is missing"]
    kind, detail = searches[0]["operation"], searches[0]["detail"]
    search, number = parts["search"], parts["probe"]["number"]
    faults = []
    if detail["probe"].get("sha256") != parts["probe"]["sha256"]:
        faults.append("probe: it is not the one of the search's record")
    rows = detail["candidates"] if kind == "identify" else [detail["candidates"]]
    found = rows[number - 1] if 0 < number <= len(rows) else []
    if search["candidates"] != found:
        faults.append("search: the candidates are not those of its record")
    if any(search[name] != detail[name] for name in ("threshold", *_SIZES[kind])):
        faults.append("search: threshold or size are not those of its record")
    return faults


def _proofs(parts: dict[str, Any]) -> list[str]:
    """What is proven is what the packet tells of the ledger, not other records of it."""
    proven = [proof["record"] for proof in parts["proofs"]["records"]]
    if proven and proven != parts["ledger"]["records"]:
        return ["proofs: they are of other records than those of the ledger here"]
    return []


def _records(parts: dict[str, Any], operation: str, actor: str | None = None) -> list[Any]:
    return [
        record
        for record in parts["ledger"]["records"]
        if record["operation"] == operation and actor in {None, record["actor"]}
    ]


def main(arguments: list[str]) -> int:
    """Says what is wrong with the packet of that name."""
    if len(arguments) != 1:
        sys.stderr.write("usage: check_packet.py PACKET\n")
        return 2
    try:
        with open(arguments[0], "rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise PacketError(f"it has more than {MOST_BYTES:,} bytes")
        faults, whole = check(data), contents_digest(data)
    except (OSError, PacketError) as error:
        sys.stderr.write(f"{arguments[0]}: {error}\n")
        return 2
    for fault in faults:
        # names in it may come from whoever made it
        sys.stdout.write("".join(c if c.isprintable() else "?" for c in fault) + "\n")
    if not faults:
        sys.stdout.write(
            "nothing in the packet was changed since it was made, if the ledger's record "
            f"`disclose case` has this digest: {whole}\n"
        )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
