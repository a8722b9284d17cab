"""One record an operation, documented field by field; `docs/reference/ledger-records.md`.

A record is named after its operation: "create user" is a `CreateUserRecord`. Who, when, for
which request and on which collection are columns of the ledger's row and not repeated here.
"""

from reknown.ledger.records import administration, galleries, recognition
from reknown.ledger.records.administration import (
    AdoptMasterKeyRecord,
    BackUpRecord,
    CreateKeyRecord,
    DeleteExpiredJobsRecord,
    Failure,
    ReadVideoJobRecord,
    Refusal,
    RestoreRecord,
    RevokeKeyRecord,
    RotateKeyRecord,
    StartVideoJobRecord,
)
from reknown.ledger.records.galleries import (
    AssociateFacesRecord,
    CreateCollectionRecord,
    CreateUserRecord,
    DeleteCollectionRecord,
    DeleteFacesRecord,
    DeleteTracksRecord,
    DeleteUserRecord,
    DescribeCollectionRecord,
    DescribeUserRecord,
    DisassociateFacesRecord,
    DiscardUpgradeRecord,
    ExportTemplatesRecord,
    FinishUpgradeRecord,
    ImportTemplatesRecord,
    KeepTracksRecord,
    ListCollectionsRecord,
    ListFacesRecord,
    ListTagsRecord,
    ListTracksRecord,
    ListUsersRecord,
    PrepareUpgradeRecord,
    PurgeTracksRecord,
    ReadUserRecord,
    SwitchUpgradeRecord,
    TagCollectionRecord,
    UndoUpgradeRecord,
)
from reknown.ledger.records.parts import (
    CandidateRecord,
    ProbeRecord,
    Record,
    SpaceRecord,
    ThresholdRecord,
    TrackCandidateRecord,
)
from reknown.ledger.records.recognition import (
    DetectRecord,
    EnrolRecord,
    IdentifyRecord,
    ReadTextRecord,
    SearchTracksRecord,
    VerifyRecord,
    WriteNamesRecord,
)

__all__ = [
    "RECORDS",
    "AdoptMasterKeyRecord",
    "AssociateFacesRecord",
    "BackUpRecord",
    "CandidateRecord",
    "CreateCollectionRecord",
    "CreateKeyRecord",
    "CreateUserRecord",
    "DeleteCollectionRecord",
    "DeleteExpiredJobsRecord",
    "DeleteFacesRecord",
    "DeleteTracksRecord",
    "DeleteUserRecord",
    "DescribeCollectionRecord",
    "DescribeUserRecord",
    "DetectRecord",
    "DisassociateFacesRecord",
    "DiscardUpgradeRecord",
    "EnrolRecord",
    "ExportTemplatesRecord",
    "Failure",
    "FinishUpgradeRecord",
    "IdentifyRecord",
    "ImportTemplatesRecord",
    "KeepTracksRecord",
    "ListCollectionsRecord",
    "ListFacesRecord",
    "ListTagsRecord",
    "ListTracksRecord",
    "ListUsersRecord",
    "PrepareUpgradeRecord",
    "ProbeRecord",
    "PurgeTracksRecord",
    "ReadTextRecord",
    "ReadUserRecord",
    "ReadVideoJobRecord",
    "Record",
    "Refusal",
    "RestoreRecord",
    "RevokeKeyRecord",
    "RotateKeyRecord",
    "SearchTracksRecord",
    "SpaceRecord",
    "StartVideoJobRecord",
    "SwitchUpgradeRecord",
    "TagCollectionRecord",
    "ThresholdRecord",
    "TrackCandidateRecord",
    "UndoUpgradeRecord",
    "VerifyRecord",
    "WriteNamesRecord",
]

RECORDS: tuple[type[Record], ...] = tuple(
    value
    for module in (recognition, galleries, administration)
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, Record) and hasattr(value, "OPERATION")
)
"""Every record of something done, by the order of their modules."""
