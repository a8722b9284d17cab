"""One record an operation, documented field by field; `docs/reference/ledger-records.md`.

A record is named after its operation: "create user" is a `CreateUserRecord`. Who, when, for
which request and on which collection are columns of the ledger's row and not repeated here.
"""

from reknown.ledger.records import (
    administration,
    former,
    galleries,
    groups,
    recognition,
    sightings,
)
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
from reknown.ledger.records.former import (
    DeleteTracksRecord,
    KeepTracksRecord,
    ListTracksRecord,
    PurgeTracksRecord,
    SearchTracksRecord,
)
from reknown.ledger.records.galleries import (
    AssociateFacesRecord,
    CreateCollectionRecord,
    CreateUserRecord,
    DeleteCollectionRecord,
    DeleteFacesRecord,
    DeleteUserRecord,
    DescribeCollectionRecord,
    DescribeUserRecord,
    DisassociateFacesRecord,
    DiscardUpgradeRecord,
    ExportTemplatesRecord,
    FinishUpgradeRecord,
    ImportTemplatesRecord,
    ListCollectionsRecord,
    ListFacesRecord,
    ListTagsRecord,
    ListUsersRecord,
    PrepareUpgradeRecord,
    ReadUserRecord,
    SwitchUpgradeRecord,
    TagCollectionRecord,
    UndoUpgradeRecord,
)
from reknown.ledger.records.groups import (
    GroupSightingsRecord,
    IgnoreGroupRecord,
    KeepGroupsApartRecord,
    ListGroupsRecord,
    MergeGroupsRecord,
    NameGroupRecord,
    ReadGroupRecord,
    SplitGroupRecord,
)
from reknown.ledger.records.parts import (
    CandidateRecord,
    ProbeRecord,
    Record,
    SightingCandidateRecord,
    SpaceRecord,
    ThresholdRecord,
    TrackCandidateRecord,
)
from reknown.ledger.records.recognition import (
    DetectRecord,
    EnrolRecord,
    IdentifyRecord,
    ReadTextRecord,
    VerifyRecord,
)
from reknown.ledger.records.sightings import (
    DeleteSightingsRecord,
    ForgetFilesRecord,
    KeepSightingsRecord,
    ListSightingsRecord,
    PurgeSightingsRecord,
    SearchSightingsRecord,
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
    "DeleteSightingsRecord",
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
    "ForgetFilesRecord",
    "GroupSightingsRecord",
    "IdentifyRecord",
    "IgnoreGroupRecord",
    "ImportTemplatesRecord",
    "KeepGroupsApartRecord",
    "KeepSightingsRecord",
    "KeepTracksRecord",
    "ListCollectionsRecord",
    "ListFacesRecord",
    "ListGroupsRecord",
    "ListSightingsRecord",
    "ListTagsRecord",
    "ListTracksRecord",
    "ListUsersRecord",
    "MergeGroupsRecord",
    "NameGroupRecord",
    "PrepareUpgradeRecord",
    "ProbeRecord",
    "PurgeSightingsRecord",
    "PurgeTracksRecord",
    "ReadGroupRecord",
    "ReadTextRecord",
    "ReadUserRecord",
    "ReadVideoJobRecord",
    "Record",
    "Refusal",
    "RestoreRecord",
    "RevokeKeyRecord",
    "RotateKeyRecord",
    "SearchSightingsRecord",
    "SearchTracksRecord",
    "SightingCandidateRecord",
    "SpaceRecord",
    "SplitGroupRecord",
    "StartVideoJobRecord",
    "SwitchUpgradeRecord",
    "TagCollectionRecord",
    "ThresholdRecord",
    "TrackCandidateRecord",
    "UndoUpgradeRecord",
    "VerifyRecord",
]

RECORDS: tuple[type[Record], ...] = tuple(
    value
    for module in (recognition, galleries, sightings, groups, administration, former)
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, Record) and hasattr(value, "OPERATION")
)
"""Every record of something done, by the order of their modules."""
