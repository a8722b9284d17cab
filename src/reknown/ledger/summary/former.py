"""Summaries of records of former releases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.ledger import records
from reknown.ledger.summary import say
from reknown.ledger.summary.texts import text_of

if TYPE_CHECKING:
    from reknown.ledger.summary.say import Names


@text_of.register(records.SearchTracksRecord)
def _search_tracks(record: records.SearchTracksRecord, names: Names) -> str:
    hits = [(hit.track_id, (hit.score, hit.similarity)) for hit in record.candidates]
    where = say.count(record.tracks_searched, "track")
    among = f"{say.probe(record.probe, names)} among {where} {say.threshold(record.threshold)}"
    return f"{among}: {say.seen(hits, 'track')}"


@text_of.register(records.KeepTracksRecord)
def _keep(record: records.KeepTracksRecord, _names: Names) -> str:
    kept = f"{say.count(len(record.tracks), 'track')} of video {say.short(record.video_sha256)}"
    replaced = f" in place of {record.replaced}" if record.replaced else ""
    return f"{kept}{replaced} until {record.expires_at:%Y-%m-%d}"


@text_of.register(records.DeleteTracksRecord)
@text_of.register(records.PurgeTracksRecord)
def _gone_tracks(record: records.DeleteTracksRecord, _names: Names) -> str:
    return say.count(len(record.tracks), "track")
