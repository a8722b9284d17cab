"""The people in a record: opaque ids, for which a gallery may still know a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.ledger.records import (
    AssociateFacesRecord,
    CreateUserRecord,
    CreateWatchRecord,
    DecideCaseRecord,
    DeleteUserRecord,
    DescribeUserRecord,
    DisassociateFacesRecord,
    EnrolRecord,
    EraseRecord,
    GiveConsentRecord,
    IdentifyRecord,
    KeepGroupFromUserRecord,
    KeepUsersApartRecord,
    MergeUsersRecord,
    MoveFacesRecord,
    NameGroupRecord,
    ReadUserRecord,
    RenameUserRecord,
    SearchSightingsRecord,
    SearchTracksRecord,
    StopFollowingRecord,
    UnnameGroupRecord,
    UpdateWatchRecord,
    WithdrawConsentRecord,
    WriteNamesRecord,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from reknown.ledger.codec import Entry

_OF_ONE = (
    AssociateFacesRecord
    | CreateUserRecord
    | DeleteUserRecord
    | DescribeUserRecord
    | DisassociateFacesRecord
    | EnrolRecord
    | EraseRecord
    | GiveConsentRecord
    | KeepGroupFromUserRecord
    | NameGroupRecord
    | ReadUserRecord
    | RenameUserRecord
    | UnnameGroupRecord
    | StopFollowingRecord
    | WithdrawConsentRecord
)


def subjects_of(record: Entry | Mapping[str, Any]) -> set[str]:
    """The ids of all subjects that the record speaks of."""
    return {subject for subject in _subjects(record) if subject is not None}


def _subjects(record: Entry | Mapping[str, Any]) -> Iterator[str | None]:
    if isinstance(record, IdentifyRecord):
        yield record.probe.subject_id
        yield from (hit.subject_id for row in record.candidates for hit in row)
        yield from (record.among.subject_ids or ()) if record.among else ()
    elif isinstance(record, WriteNamesRecord):
        yield from (hit.subject_id for hit in record.written)
    elif isinstance(record, SearchSightingsRecord | SearchTracksRecord):
        yield record.probe.subject_id
    else:
        yield from _named(record)


def _named(record: Entry | Mapping[str, Any]) -> Iterator[str | None]:
    """Those that nothing was searched for or with."""
    if isinstance(record, MergeUsersRecord | KeepUsersApartRecord):
        other = record.merged if isinstance(record, MergeUsersRecord) else record.other
        yield from (record.subject_id, other)
    elif isinstance(record, MoveFacesRecord):
        yield from (record.subject_id, *record.former)
    elif isinstance(record, CreateWatchRecord | UpdateWatchRecord):
        yield from record.subject_ids or ()
        yield from (record.former_ids or ()) if isinstance(record, UpdateWatchRecord) else ()
    elif isinstance(record, DecideCaseRecord):
        yield from (candidate.subject_id for candidate in record.candidates)
    elif isinstance(record, _OF_ONE):
        yield record.subject_id
