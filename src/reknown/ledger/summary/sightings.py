"""Summaries of records of faces that were seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.ledger import records
from reknown.ledger.summary import say
from reknown.ledger.summary.texts import text_of

if TYPE_CHECKING:
    from reknown.ledger.summary.say import Names


@text_of.register(records.SearchSightingsRecord)
def _search_sightings(record: records.SearchSightingsRecord, names: Names) -> str:
    hits = [(hit.sighting_id, (hit.score, hit.similarity)) for hit in record.candidates]
    where = say.count(record.sightings_searched, "sighting")
    among = f"{say.probe(record.probe, names)} among {where} {say.threshold(record.threshold)}"
    return f"{among}: {say.seen(hits, 'sighting')}"


@text_of.register(records.AddToArchiveRecord)
def _add(record: records.AddToArchiveRecord, _names: Names) -> str:
    return f"{say.count(len(record.media), 'file')} of {record.size:,} bytes"


@text_of.register(records.ListArchiveRecord)
def _list_archive(record: records.ListArchiveRecord, _names: Names) -> str:
    return say.count(record.listed, "file")


@text_of.register(records.DeleteFromArchiveRecord)
def _delete_from(record: records.DeleteFromArchiveRecord, _names: Names) -> str:
    what = f"{say.count(len(record.media), 'file')}, {say.count(len(record.sightings), 'sighting')}"
    return f"{what}; {record.left:,} still in folders" if record.left else what


@text_of.register(records.KeepSightingsRecord)
def _keep_sightings(record: records.KeepSightingsRecord, _names: Names) -> str:
    kept = f"{say.count(len(record.sightings), 'face')} of {say.count(len(record.media), 'file')}"
    replaced = f" in place of {record.replaced}" if record.replaced else ""
    until = "" if record.expires_at is None else f" until {record.expires_at:%Y-%m-%d}"
    return f"{kept}{replaced}{until}"


@text_of.register(records.DeleteSightingsRecord)
@text_of.register(records.PurgeSightingsRecord)
def _gone_sightings(record: records.DeleteSightingsRecord, _names: Names) -> str:
    return say.count(len(record.sightings), "sighting")


@text_of.register(records.ForgetFilesRecord)
def _forget(record: records.ForgetFilesRecord, _names: Names) -> str:
    return f"{say.count(record.files, 'file')}, {say.count(len(record.sightings), 'sighting')}"
