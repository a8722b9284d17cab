from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from reknown.biometrics.errors import DatabaseError
from reknown.biometrics.policy import Policy
from reknown.ledger import records
from reknown.ledger.codec import Encoded, decode, encode
from unit.ledger.examples import (
    ADA,
    BOB,
    DIGEST,
    EXAMPLES,
    FACE,
    HIT,
    IDENTIFIED,
    IMAGE,
    KEY,
    LIMITED,
    MOMENT,
    SPACE,
    THRESHOLD,
)

if TYPE_CHECKING:
    from reknown.ledger.codec import Entry

SEEN = encode(IDENTIFIED)


@pytest.mark.parametrize("record", [*EXAMPLES, LIMITED], ids=lambda record: type(record).__name__)
def test_a_record_is_read_as_it_was_written(record: Entry) -> None:
    row = encode(record)
    assert decode(row) == record
    keys = json.loads(row.detail)
    assert row.detail == json.dumps(keys, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def test_a_row_says_which_record_it_holds() -> None:
    assert {(encode(example).kind, encode(example).operation) for example in EXAMPLES} >= {
        ("done", "identify"),
        ("refused", "identify"),
        ("failed", "detect"),
    }
    assert {encode(example).version for example in EXAMPLES} == {1}


def test_a_search_without_limits_is_written_as_ever() -> None:
    assert "among" not in json.loads(encode(IDENTIFIED).detail)
    assert json.loads(encode(LIMITED).detail)["among"]["subject_ids"] == [ADA, BOB]


def test_what_was_written_before_a_field_was_added_is_read() -> None:
    restored = records.RestoreRecord(DIGEST, MOMENT, True)
    assert json.loads(encode(restored).detail).keys() == {"master_key", "sha256", "taken_at"}
    assert decode(encode(restored)) == restored
    assert "purpose" not in encode(records.CreateKeyRecord(KEY, "gate", ("*",), ("*",))).detail


def test_equal_records_are_equal_texts() -> None:
    whole = replace(IDENTIFIED, threshold=records.ThresholdRecord(0.36, 80, 1e-4))
    assert encode(whole) == encode(IDENTIFIED)


@pytest.mark.parametrize(
    "record",
    [
        replace(IDENTIFIED, threshold=records.ThresholdRecord(float("nan"), None, None)),
        replace(IDENTIFIED, threshold=records.ThresholdRecord(0.3, float("nan"), None)),
        replace(IDENTIFIED, threshold=records.ThresholdRecord(float("inf"), None, None)),
        replace(IDENTIFIED, threshold=records.ThresholdRecord(0.3, 100.1, None)),
        replace(IDENTIFIED, probe=records.ProbeRecord("image", sha256="")),
        replace(IDENTIFIED, probe=records.ProbeRecord("user", subject_id="Ada Lovelace")),
        replace(IDENTIFIED, probe=records.ProbeRecord("user", subject_id=f"{ADA}\n")),
        replace(IDENTIFIED, probe=records.ProbeRecord("view", watch="Ada Lovelace")),
        replace(IDENTIFIED, candidates=[[HIT]]),  # type: ignore[arg-type]
        replace(IDENTIFIED, gallery_size=-1),
        replace(IDENTIFIED, among=records.AmongRecord(("Ada",))),
        records.CreateUserRecord("Ada"),
        records.DeleteFacesRecord((FACE, "face")),
        records.Refusal("identify", "Search Faces", "no"),
    ],
)
def test_what_is_out_of_range_is_not_written(record: Entry) -> None:
    with pytest.raises(msgspec.ValidationError):
        encode(record)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"detail": SEEN.detail.replace('"gallery_size":12', '"gallery_size":-12')}, ">= 0"),
        ({"detail": SEEN.detail.replace(":12,", ":12 ,")}, "not as Reknown writes it"),
        ({"detail": SEEN.detail[:-1] + ',"user":"Ada"}'}, "not as Reknown writes it"),
        ({"detail": "[]"}, "Expected `object`"),
        ({"operation": "verify"}, "damaged"),
        ({"operation": "identify people"}, "does not know"),
        ({"kind": "refused"}, "damaged"),
        ({"kind": "unknown"}, "does not know"),
        ({"version": 2}, "does not know"),
    ],
)
def test_what_is_read_is_checked(change: dict[str, Any], why: str) -> None:
    with pytest.raises(DatabaseError, match=why):
        decode(replace(SEEN, **change))


def test_a_policy_from_before_it_had_a_field_is_read() -> None:
    rules = records.SetPolicyRecord(Policy(purposes=("access-control",)))
    row = encode(rules)
    assert '"live_minutes":null,' in row.detail
    between = row.detail.replace('"recording":false,', "")
    assert decode(replace(row, detail=between)) == rules
    before = between.replace('"live_minutes":null,', "")
    assert decode(replace(row, detail=before)) == rules
    # the one that came first is not missing alone
    for other in ('"keep_faces":null,', '"purposes":["access-control"],', '"live_minutes":null,'):
        with pytest.raises(DatabaseError, match="not as Reknown writes it"):
            decode(replace(row, detail=row.detail.replace(other, "")))


def test_a_watch_from_before_its_record_named_the_camera_is_read() -> None:
    row = encode(records.StartWatchRecord("hall"))
    assert decode(replace(row, detail='{"watch":"hall"}')) == records.StartWatchRecord("hall")


def test_a_change_of_a_watch_from_before_its_values_were_recorded_is_read() -> None:
    change = records.UpdateWatchRecord("hall", 1, ("schedule",), (ADA,))
    row = encode(change)
    later = '"former":null,"former_ids":null,'
    assert later in row.detail
    before = row.detail.replace(later, "").replace(',"values":null', "")
    assert decode(replace(row, detail=before)) == change


def test_a_refusal_of_another_operation_is_damage() -> None:
    refused = encode(records.Refusal("identify", "SearchFaces", "AccessDeniedException"))
    with pytest.raises(DatabaseError, match="damaged"):
        decode(replace(refused, operation="verify"))


def test_version_0_is_shown_as_it_is() -> None:
    detail = '{"user": "Ada", "odd": "\\udcff", "threshold": 0.98}'
    row = Encoded("done", "whatever", 0, detail)
    assert decode(row) == {"user": "Ada", "odd": "\udcff", "threshold": 0.98}


def test_a_probe_of_each_kind() -> None:
    for probe in (
        IMAGE,
        records.ProbeRecord("face", face_id=FACE),
        records.ProbeRecord("user", subject_id=ADA),
        records.ProbeRecord("video", sha256=SPACE.fingerprint),
        records.ProbeRecord("view", sha256=SPACE.fingerprint, watch="front-door"),
    ):
        record = replace(IDENTIFIED, probe=probe, threshold=THRESHOLD)
        assert decode(encode(record)) == record
