from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest

from reknown.ledger import records
from reknown.ledger.subjects import subjects_of
from unit.ledger.examples import ADA, BOB, EXAMPLES, HIT, IDENTIFIED, LIMITED

if TYPE_CHECKING:
    from reknown.ledger.codec import Entry


@pytest.mark.parametrize("record", [*EXAMPLES, LIMITED], ids=lambda record: type(record).__name__)
def test_every_subject_id_of_a_record_is_found(record: Entry) -> None:
    text = json.dumps(msgspec.to_builtins(record))
    assert subjects_of(record) == {subject for subject in (ADA, BOB) if subject in text}


def test_probe_and_candidates_of_all_faces_are_found() -> None:
    probe = records.ProbeRecord("user", subject_id=BOB)
    record = replace(IDENTIFIED, probe=probe, candidates=((), (HIT,)))
    assert subjects_of(record) == {ADA, BOB}
    tracks = records.SearchTracksRecord(probe, record.space, record.threshold, 0, ())
    assert subjects_of(tracks) == {BOB}


def test_rows_without_types_have_none() -> None:
    assert subjects_of({"user": "Ada", "subject_id": ADA}) == set()
