"""Disclosure: all that is known of a decided case in one packet that can be checked offline."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from reknown.biometrics.errors import InputError, ReknownError
from reknown.biometrics.templates import TemplateSpace
from reknown.gallery.policies import policy_of
from reknown.ledger import log
from reknown.ledger.records import DiscloseCaseRecord, IdentifyRecord, SearchSightingsRecord
from reknown.review import check_packet
from reknown.review.opinions import shuffled
from reknown.review.states import refusal
from reknown.services.reviews.desk import lay_out
from reknown.services.reviews.proofs import proofs_of
from reknown.storage.database import reading
from reknown.storage.small_files import read_small_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from reknown.ledger.log import Event
    from reknown.review.sessions import CaseReview
    from reknown.services.context import Context, Platform
    from reknown.services.reviews.desk import Desk

_MEANING = (
    "Candidates resemble the probe. Reviewers gave an opinion on each. Neither is an "
    "identification, and neither is evidence by itself of who is in the picture."
)
_MOST_BYTES = 32 * 2**20
_CASE_OPERATIONS = (
    "open case",
    "read case",
    "judge candidate",
    "dispute case",
    "decide case",
    "appeal case",
)


@dataclass(frozen=True, slots=True)
class Enclosures:
    """Files that a packet speaks of, which Reknown does not keep.

    `versions` are those of the probe, the original first, each made from the one before.
    `evaluation` is a report of `reknown evaluate groups --json`, such as error rates by group.
    """

    versions: tuple[Path, ...] = ()
    evaluation: Path | None = None


@dataclass(frozen=True, slots=True)
class DisclosurePacket:
    """The parts by name, each one JSON document; `sha256` is of the list of contents."""

    parts: Mapping[str, bytes]

    @property
    def sha256(self) -> str:
        """What the ledger keeps of it."""
        return check_packet.digest(check_packet.contents_of(dict(self.parts)))

    def as_json(self) -> bytes:
        """One document."""
        return check_packet.as_json(dict(self.parts))

    def as_zip(self) -> bytes:
        """A ZIP file with a file for each part."""
        return check_packet.as_zip(dict(self.parts))


def make_packet(
    context: Context, collection: str, case_id: str, enclosures: Enclosures = Enclosures()
) -> DisclosurePacket:
    """The packet of a case that is not open any more; that it was made is on record.

    Raises `NotFoundError`, and `InputError` for an open case and for files that do not belong
    to it.
    """
    versions = _versions(enclosures.versions)
    evaluation = None if enclosures.evaluation is None else _report(enclosures.evaluation)
    with reading(context.database) as connection:
        desk = lay_out(connection, context.actor.name, collection, case_id, claim=False)
        policy = policy_of(connection, collection)
    if desk.open:
        raise InputError(f"{refusal(desk.case.state)}; only then it can be disclosed")
    events = list(_events(context, desk))
    parts = {
        "case": _case(desk),
        "probe": _probe(desk, versions),
        "search": _search(desk, events),
        "model": _model(context.platform, events),
        "judgements": _judgements(desk),
        "policy": msgspec.to_builtins(policy),
        "ledger": {"records": [_leaf(event) for event in events]},
        "proofs": proofs_of(context, [event.id for event in events]),
    }
    if evaluation is not None:
        parts["evaluation"] = evaluation
    packet = DisclosurePacket({name: check_packet.canonical(part) for name, part in parts.items()})
    record = DiscloseCaseRecord(case_id, packet.sha256)
    log.record(context.database, context.actor, collection, record)
    return packet


def check_file(path: Path) -> tuple[str, list[str]]:
    """The digest of a packet's contents, and what is wrong with it; raises `InputError`."""
    data = read_small_file(path, check_packet.MOST_BYTES)
    try:
        return check_packet.contents_digest(data), check_packet.check(data)
    except check_packet.PacketError as error:
        raise InputError(f"{path}: {error}") from error


def _case(desk: Desk) -> dict[str, Any]:
    case = desk.case
    return {
        "meaning": _MEANING,
        "case_id": case.case_id,
        "collection": desk.collection,
        "state": case.state.value,
        "outcome": None if case.outcome is None else case.outcome.value,
        "round": case.round,
        "reviewers": case.reviewers,
        "reviewed_from_similarity": case.bound,
        "opened_at": case.opened_at.isoformat(),
        "decided_at": None if case.decided_at is None else case.decided_at.isoformat(),
    }


def _probe(desk: Desk, versions: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The probe; whether it was edited is told by the versions that were given."""
    probe = desk.case.probe
    digests = [sha256 for _, sha256 in versions]
    if digests and probe.sha256 not in digests:
        raise InputError(
            f"none of these files is the probe of this case, whose SHA-256 is {probe.sha256}"
        )
    links = check_packet.chain(digests)
    return {
        "kind": probe.kind,
        "sha256": probe.sha256,
        "number": probe.number,
        "quality": probe.quality,
        "edited": digests.index(str(probe.sha256)) > 0 if digests else None,
        "versions": [
            {"name": name, "sha256": sha256, "link": link}
            for (name, sha256), link in zip(versions, links, strict=True)
        ],
    }


def _search(desk: Desk, events: Sequence[Event]) -> dict[str, Any]:
    event, record = _searched(events)
    number = desk.case.probe.number
    plain = msgspec.to_builtins(record)
    told = {
        "record": event.id,
        "at": event.at.isoformat(),
        "by": event.actor,
        "threshold": plain["threshold"],
        "expected_false_candidates": _expected(record),
    }
    if isinstance(record, SearchSightingsRecord):
        searched = {"searched": "sightings", "sightings_searched": record.sightings_searched}
        return {**told, **searched, "candidates": plain["candidates"]}
    rows = plain["candidates"]
    return {
        **told,
        "searched": record.searched,
        "gallery_size": record.gallery_size,
        "references": record.references,
        "candidates": rows[number - 1] if 0 < number <= len(rows) else [],
    }


def _expected(record: IdentifyRecord | SearchSightingsRecord) -> float | None:
    """How many strangers' candidates; unknown too where a person's references were the probe."""
    rate = record.threshold.false_match_rate
    if isinstance(record, IdentifyRecord):
        return None if rate is None else rate * record.references
    # the record does not tell how many references a person had
    alone = record.probe.kind == "image"
    return rate * record.sightings_searched if rate is not None and alone else None


def _model(platform: Platform, events: Sequence[Event]) -> dict[str, Any]:
    """The pack that made the scores, with its files where it is still the same."""
    told = _searched(events)[1].space
    model: dict[str, Any] = {"pack": told.pack, "template_space": told.fingerprint, "files": None}
    try:
        space = platform.engines.space_of(told.pack)
        TemplateSpace(told.pack, told.fingerprint, space.dimension).require(space)
    except ReknownError:  # another one by now, or none
        return model
    model["files"] = dict(platform.engines.digests_of(space))
    calibration = platform.engines.calibration_of(space)
    if calibration is not None:
        model["calibration"] = {
            "dataset": calibration.dataset,
            "comparisons": calibration.comparisons,
        }
    return model


def _judgements(desk: Desk) -> dict[str, Any]:
    return {
        "salt": desk.case.salt,
        "candidates": [
            {
                "number": candidate.number,
                "rank": candidate.rank,
                "score": candidate.score,
                "similarity": candidate.similarity,
                "seeded": candidate.seeded,
                "deleted": not desk.holds(candidate),
                "opinion": None if candidate.opinion is None else candidate.opinion.value,
            }
            for candidate in desk.candidates
        ],
        "reviews": [_review(desk, review) for review in desk.reviews],
    }


def _review(desk: Desk, review: CaseReview) -> dict[str, Any]:
    return {
        "reviewer": review.reviewer,
        "round": review.round,
        "adjudicating": review.adjudicating,
        "seed": review.seed,
        "salt": review.salt,
        "order": shuffled((it.number for it in desk.candidates), review.seed),
        "started_at": review.started_at.isoformat(),
        "finished_at": None if review.finished_at is None else review.finished_at.isoformat(),
        "judgements": [
            {
                "candidate": number,
                "opinion": said.opinion.value,
                "grounds": [ground.value for ground in said.grounds],
                "note_sha256": said.note_sha256,
                "made_at": said.made_at.isoformat(),
            }
            for number, said in review.judgements.items()
        ],
    }


def _events(context: Context, desk: Desk) -> Iterator[Event]:
    """The records of the search and of all that was done with the case, in their order."""
    case_id, first = desk.case.case_id, desk.case.search - 1
    with reading(context.database) as connection:
        found = log.read(connection, log.Choice(), first, 1)
    if [event.id for event in found] != [desk.case.search]:
        raise InputError("the record of this case's search has been deleted: nothing to disclose")
    for operation in _CASE_OPERATIONS:
        choice = log.Choice(operation=operation, collection=desk.collection)
        found += [
            event
            for event in log.stream(context.database, choice, first)
            if getattr(event.record, "case", None) == case_id
        ]
    yield from sorted(found, key=lambda event: event.id)


def _searched(events: Sequence[Event]) -> tuple[Event, IdentifyRecord | SearchSightingsRecord]:
    event = events[0]
    assert isinstance(event.record, IdentifyRecord | SearchSightingsRecord)
    return event, event.record


def _leaf(event: Event) -> dict[str, Any]:
    """The row as the ledger's proofs know it: without columns that are empty."""
    row = {
        "id": event.id,
        "at": event.at.isoformat(timespec="microseconds"),
        "actor": event.actor,
        "operation": event.operation,
        "collection": event.collection,
        "request_id": event.request_id,
        "kind": event.kind,
        "purpose": event.purpose,
        "version": event.version,
        "detail": msgspec.to_builtins(event.record),
    }
    return {name: value for name, value in row.items() if value is not None}


def _versions(paths: Sequence[Path]) -> list[tuple[str, str]]:
    return [
        (path.name, hashlib.sha256(read_small_file(path, _MOST_BYTES)).hexdigest())
        for path in paths
    ]


def _report(path: Path) -> dict[str, Any]:
    """A report as it is, with the digest of its file."""
    data = read_small_file(path, _MOST_BYTES)
    try:
        report = json.loads(data)
        check_packet.canonical(report)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{path} is no report: give a file that reknown evaluate groups --json wrote"
        ) from error
    return {"sha256": hashlib.sha256(data).hexdigest(), "report": report}
