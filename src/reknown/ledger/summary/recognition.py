"""Summaries of records of searches, comparisons, detections and enrolments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.ledger import records
from reknown.ledger.summary import say
from reknown.ledger.summary.texts import text_of

if TYPE_CHECKING:
    from reknown.ledger.summary.say import Names


@text_of.register(records.IdentifyRecord)
def _identify(record: records.IdentifyRecord, names: Names) -> str:
    shown = [say.candidates(row, names) for row in record.candidates[: say.MOST_FACES]]
    found = "; ".join([*shown, *say.more(record.candidates, say.MOST_FACES, "face")]) or "no face"
    where = say.count(record.gallery_size, record.searched.removesuffix("s"))
    if record.among:
        where += say.limits(record.among, names)
    return (
        f"{say.probe(record.probe, names)} among {where} {say.threshold(record.threshold)}: {found}"
    )


@text_of.register(records.VerifyRecord)
def _verify(record: records.VerifyRecord, _names: Names) -> str:
    pair = f"image {say.short(record.probe_sha256)} with image {say.short(record.reference_sha256)}"
    best = ""
    if record.best_score is not None:
        best = f", best {say.likeness(record.best_score, record.best_similarity)}"
    result = f"{record.accepted} of {say.count(record.compared, 'face')} matched"
    return f"{pair} {say.threshold(record.threshold)}: {result}{best}"


@text_of.register(records.DetectRecord)
def _detect(record: records.DetectRecord, _names: Names) -> str:
    found = say.count(record.faces, "face" if record.kind == "image" else "track")
    return f"{found} in {record.kind} {say.short(record.sha256)}"


@text_of.register(records.ReadTextRecord)
def _read_text(record: records.ReadTextRecord, _names: Names) -> str:
    return f"{say.count(record.words, 'word')} in {record.kind} {say.short(record.sha256)}"


@text_of.register(records.EnrolRecord)
def _enrol(record: records.EnrolRecord, names: Names) -> str:
    owner = "" if record.subject_id is None else f" for {say.name(record.subject_id, names)}"
    refused = f", {record.refused} refused" if record.refused else ""
    return f"{say.faces(record.faces)} of image {say.short(record.image_sha256)}{owner}{refused}"


@text_of.register(records.WriteNamesRecord)
def _write_names(record: records.WriteNamesRecord, names: Names) -> str:
    shown = [say.candidate(hit, names) for hit in record.written[: say.MOST_FACES]]
    written = ", ".join([*shown, *say.more(record.written, say.MOST_FACES, "name")])
    replaced = f", {record.replaced} over another name" if record.replaced else ""
    return f"beside image {say.short(record.image_sha256)}: {written}{replaced}"
