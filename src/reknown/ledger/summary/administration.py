"""Summaries of records of keys, backups, jobs, refusals and failures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import UNSET

from reknown.biometrics.text import counted
from reknown.ledger import records
from reknown.ledger.summary import say
from reknown.ledger.summary.texts import text_of

if TYPE_CHECKING:
    from reknown.ledger.records.administration import KeyRecord
    from reknown.ledger.summary.say import Names


@text_of.register(records.CreateKeyRecord)
@text_of.register(records.RevokeKeyRecord)
def _key(record: KeyRecord, _names: Names) -> str:
    rights = f"{' '.join(record.operations)} on {' '.join(record.collections)}"
    return f"{record.key} ({record.name}): {rights}"


@text_of.register(records.RotateKeyRecord)
def _rotate(record: records.RotateKeyRecord, names: Names) -> str:
    return f"{_key(record, names)}, in place of {record.replaced}"


@text_of.register(records.FindDriftRecord)
def _drift(record: records.FindDriftRecord, _names: Names) -> str:
    return (
        f"{record.window:,} scores of strangers against {record.baseline:,}: distance "
        f"{record.distance:.3f} above {record.bound:.3f}, median {record.shift:+.3f}"
    )


@text_of.register(records.LimitKeyRecord)
def _limit(record: records.LimitKeyRecord, _names: Names) -> str:
    shown = [f"{each.most:,} {each.measure} a {each.period}" for each in record.quotas]
    return f"{record.key}: {', '.join(shown) or 'no limit'}"


@text_of.register(records.AdoptMasterKeyRecord)
def _adopt(record: records.AdoptMasterKeyRecord, _names: Names) -> str:
    return f"fingerprint {say.short(record.fingerprint)}"


@text_of.register(records.RotateKeyringRecord)
def _rotate_keyring(record: records.RotateKeyringRecord, _names: Names) -> str:
    return f"{counted(record.collections, 'collection')}, {counted(record.keys, 'key')}"


@text_of.register(records.MoveKeyringRecord)
def _move_keyring(record: records.MoveKeyringRecord, _names: Names) -> str:
    return f"{counted(record.keys, 'key')} from a {record.former} to a {record.place}"


@text_of.register(records.MigrateRecord)
def _migrate(record: records.MigrateRecord, _names: Names) -> str:
    rows = counted(record.rows, "row")
    return f"{rows} of {record.source}, with the digest {say.short(record.sha256)}"


@text_of.register(records.BackUpRecord)
@text_of.register(records.RestoreRecord)
def _backup(record: records.BackUpRecord | records.RestoreRecord, _names: Names) -> str:
    key = "with" if record.master_key else "without"
    moment = f"{record.taken_at:%Y-%m-%d %H:%M:%S} UTC"
    text = f"database {say.short(record.sha256)} as of {moment}, {key} master key"
    if isinstance(record, records.BackUpRecord) and record.file is not UNSET:
        text += f", in {record.file}"
    return text


@text_of.register(records.StartVideoJobRecord)
def _start(record: records.StartVideoJobRecord, _names: Names) -> str:
    return f"{record.task}, job {say.short(record.job)}" + say.again(repeated=record.repeated)


@text_of.register(records.ReadVideoJobRecord)
@text_of.register(records.StopJobRecord)
@text_of.register(records.ScanArchiveRecord)
def _job(
    record: records.ReadVideoJobRecord | records.StopJobRecord | records.ScanArchiveRecord,
    _names: Names,
) -> str:
    return f"job {say.short(record.job)}"


@text_of.register(records.ListJobsRecord)
def _jobs(record: records.ListJobsRecord, _names: Names) -> str:
    return say.count(record.listed, "job")


@text_of.register(records.ReadLiveEventsRecord)
def _live_events(record: records.ReadLiveEventsRecord, _names: Names) -> str:
    what = "all watches" if record.watch is None else f"watch {record.watch}"
    return f"{what}, from behind event {record.after}" + (", followed" if record.follow else "")


@text_of.register(records.ExpireRecordsRecord)
def _expired_records(record: records.ExpireRecordsRecord, _names: Names) -> str:
    return f"{say.count(record.records, 'record')} before index {record.until:,} of the log"


@text_of.register(records.UploadRecord)
def _upload(record: records.UploadRecord, _names: Names) -> str:
    return f"{record.size:,} bytes, {say.short(record.sha256)}"


@text_of.register(records.DeleteExpiredJobsRecord)
def _expired(record: records.DeleteExpiredJobsRecord, _names: Names) -> str:
    return say.count(record.jobs, "job")


@text_of.register(records.Refusal)
def _refusal(record: records.Refusal, _names: Names) -> str:
    what = "" if record.watch is UNSET else f" of {record.watch}"
    return f"refused {record.operation}{what}: {record.error}"


@text_of.register(records.Failure)
def _failure(record: records.Failure, _names: Names) -> str:
    return f"job {say.short(record.job)} failed: {record.error}"
