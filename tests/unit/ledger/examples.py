"""A record of every kind, with each of its fields set."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import insert

from reknown.biometrics.policy import Policy
from reknown.ledger import records
from reknown.ledger.records import (
    AmongRecord,
    CandidateRecord,
    Failure,
    JudgedCandidateRecord,
    JudgementRecord,
    ManyFacesRecord,
    ProbeRecord,
    Record,
    Refusal,
    SightingCandidateRecord,
    SpaceRecord,
    ThresholdRecord,
    TrackCandidateRecord,
)
from reknown.ledger.schema import events

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from reknown.ledger.codec import Entry


def write_untyped(connection: Connection, detail: object) -> int:
    """An enrolment as it was written before records had types; its id."""
    row = {
        "at": "2025-01-02T03:04:05.000006+00:00",
        "actor": "cli:bob",
        "operation": "enrol",
        "collection": "people",
        "detail": json.dumps(detail),
    }
    written = insert(events).values(row).returning(events.c.id)
    return int(connection.execute(written).scalar_one())


def uuid(number: int) -> str:
    return str(UUID(int=number))


DIGEST, OTHER = "ab" * 32, "cd" * 32
ADA, BOB = uuid(1), uuid(2)
FACE, OTHER_FACE = uuid(0xFACE << 112), uuid(0xCAFE << 112)
TRACK = uuid(0xACED << 112)
KEY, OTHER_KEY = "RK" + "A" * 18, "RK" + "B" * 18
STREAM = "arn:aws:kinesis:us-east-1:000000000000:stream/seen"
MOMENT = datetime(2026, 11, 28, 16, 30, tzinfo=UTC)

SPACE = SpaceRecord("opencv", DIGEST)
NEXT = SpaceRecord("public-domain", OTHER)
MANY = ManyFacesRecord(1_000_000, FACE, OTHER_FACE, DIGEST)
RULES = Policy(
    purposes=("missing-person",),
    forbidden_purposes=("marketing*",),
    legal_basis="consent",
    consent_required=True,
    keep_faces=365,
    keep_sightings=30,
    keep_jobs=7,
    keep_records=1095,
    least_similarity=90.0,
    most_expected_false_candidates=0.01,
    searchers=("key:*",),
    live_minutes=240,
    recording=True,
    repeat_searches=10,
    repeat_days=30,
    review_from=95.0,
    reviewers=2,
    suspended=True,
    governed=True,
)
THRESHOLD = ThresholdRecord(0.36, 80.0, 1e-4)
IMAGE = ProbeRecord("image", sha256=DIGEST)
HIT = CandidateRecord(FACE, ADA, 0.61, 98.2)
NAMELESS = CandidateRecord(OTHER_FACE, None, 0.4, None)

IDENTIFIED = records.IdentifyRecord(
    IMAGE, SPACE, THRESHOLD, "subjects", 12, 30, ((HIT, NAMELESS), ()), DIGEST
)

LIMITED = replace(IDENTIFIED, among=AmongRecord((ADA, BOB), MOMENT, MOMENT, MANY))
CASE = uuid(0xCA5E << 112)
SAID = JudgementRecord("cli:ada", "same", ("ears", "face-shape"), DIGEST)
JUDGED = JudgedCandidateRecord(1, FACE, ADA, False, "same", (SAID,))
SEEDED = JudgedCandidateRecord(2, None, None, True, None, (SAID,))

DONE: tuple[Record, ...] = (
    IDENTIFIED,
    records.VerifyRecord(DIGEST, OTHER, SPACE, THRESHOLD, 2, 1, 0.61, 98.2),
    records.DetectRecord(DIGEST, "video", "opencv", 3, OTHER),
    records.ReadTextRecord(DIGEST, "image", "text", OTHER, 12),
    records.WriteNamesRecord(DIGEST, (CandidateRecord(FACE, ADA, 0.61, 98.2),), 1),
    records.EnrolRecord(DIGEST, SPACE, (FACE,), ADA, 1),
    records.CreateCollectionRecord(SPACE, {"place": "gate", "a": "ü\0"}),
    records.DeleteCollectionRecord(30),
    records.DescribeCollectionRecord(),
    records.ListCollectionsRecord(3),
    records.TagCollectionRecord({"place": "gate"}, ("old",)),
    records.ListTagsRecord(),
    records.CreateUserRecord(ADA, True),
    records.DeleteUserRecord(ADA, (FACE,), True),
    records.EraseRecord(ADA, (FACE,), 2, (DIGEST,)),
    records.ListUsersRecord(1),
    records.ReadUserRecord(ADA),
    records.DescribeUserRecord(ADA, 2),
    records.RenameUserRecord(ADA),
    records.MergeUsersRecord(ADA, BOB, (FACE, OTHER_FACE), (7,)),
    records.MoveFacesRecord(ADA, (FACE, OTHER_FACE), (BOB, None)),
    records.ShowFaceRecord(FACE, True),
    records.FollowImagesRecord(3),
    records.AssociateFacesRecord(ADA, (FACE,), (OTHER_FACE,), THRESHOLD, True),
    records.DisassociateFacesRecord(ADA, (FACE, OTHER_FACE), (), False),
    records.ListFacesRecord(0),
    records.DeleteFacesRecord((FACE,)),
    records.ExportTemplatesRecord((FACE,)),
    records.ImportTemplatesRecord((FACE,), 4),
    records.ExportManyTemplatesRecord(MANY),
    records.ImportManyTemplatesRecord(MANY, 4),
    records.PrepareUpgradeRecord(SPACE, NEXT),
    records.SwitchUpgradeRecord(SPACE, NEXT, 30, 1),
    records.UndoUpgradeRecord(SPACE, NEXT, 30, 0),
    records.FinishUpgradeRecord(SPACE, NEXT),
    records.DiscardUpgradeRecord(SPACE, NEXT),
    records.KeepSightingsRecord((DIGEST, OTHER), (TRACK,), 2, MOMENT),
    records.AddToArchiveRecord((DIGEST, OTHER), 4711),
    records.ListArchiveRecord(3),
    records.DeleteFromArchiveRecord((DIGEST,), (TRACK,), 1, 2),
    records.ScanArchiveRecord(DIGEST),
    records.SearchSightingsRecord(
        IMAGE, SPACE, THRESHOLD, 7, (SightingCandidateRecord(TRACK, 0.61, 98.2),)
    ),
    records.DeleteSightingsRecord((TRACK,), DIGEST, MOMENT),
    records.ForgetFilesRecord(2, (TRACK,)),
    records.PurgeSightingsRecord((TRACK,)),
    records.ListSightingsRecord(5),
    records.GroupSightingsRecord(SPACE, THRESHOLD, 9, 3, 2, 1),
    records.ListGroupsRecord(4),
    records.ReadGroupRecord(7, 3),
    records.NameGroupRecord(7, ADA, (FACE,)),
    records.UnnameGroupRecord(7, ADA, (FACE,), (), True),
    records.IgnoreGroupRecord(7, True),
    records.MergeGroupsRecord(7, 5),
    records.SplitGroupRecord(7, 8, (TRACK,)),
    records.KeepGroupsApartRecord(7, 8),
    records.UndoGroupsApartRecord(7, 8),
    records.KeepGroupFromUserRecord(7, ADA, True),
    records.KeepUsersApartRecord(ADA, BOB, False),
    records.ProposeMergesRecord(SPACE, THRESHOLD, 12, 9, 4),
    records.OpenCaseRecord(CASE, 41, 1, 2, 80.0, 3, DIGEST),
    records.ListCasesRecord(4),
    records.ReadCaseRecord(CASE, "ab" * 16, False),
    records.JudgeCandidateRecord(CASE, 2, DIGEST, False, True),
    records.DisputeCaseRecord(CASE, 1),
    records.DecideCaseRecord(CASE, 1, "lead", (JUDGED, SEEDED)),
    records.AppealCaseRecord(CASE, 2, "new-evidence"),
    records.DiscloseCaseRecord(CASE, DIGEST),
    records.PurgeCasesRecord((CASE,)),
    records.ReadReviewRatesRecord(3),
    records.AddReviewerRecord("cli:ada", MOMENT.date(), ("people*",)),
    records.RenewReviewerRecord("cli:ada", MOMENT.date(), ("*",)),
    records.RemoveReviewerRecord(f"key:{KEY}"),
    records.ListReviewersRecord(2),
    records.CreateWatchRecord(
        "hall",
        "door",
        80.0,
        2,
        STREAM,
        None,
        ("alerts", "keep_days", "zones"),
        (ADA, BOB),
        {"keep_days": "30", "zones": "0,0,0.5,1; 0.5,0,0.5,1"},
    ),
    records.ReadWatchRecord("hall"),
    records.ListWatchesRecord(3, 2),
    records.LookThroughCameraRecord("hall"),
    records.UpdateWatchRecord(
        "hall",
        1,
        ("alerts", "schedule", "similarity"),
        (ADA,),
        {"schedule": None, "similarity": "90"},
        {"schedule": "sat 10:00-11:00", "similarity": "80"},
        (BOB,),
    ),
    records.TagWatchRecord("hall", {"floor": "2"}, ("wing",)),
    records.StartWatchRecord("hall", "door", THRESHOLD),
    records.StopWatchRecord("hall", "door"),
    records.FailWatchRecord("hall", "InputError", "door shows nothing that can be read"),
    records.BeginRecordingRecord("hall", TRACK, True),
    records.EndRecordingRecord("hall", TRACK, 250, 10_040, 90_000, DIGEST),
    records.DeleteWatchRecord("hall"),
    records.SetPolicyRecord(RULES),
    records.ReadPolicyRecord(),
    records.RefuseSearchRecord("SearchesStopped", DIGEST, "hall"),
    records.StopFollowingRecord("front-door", FACE, ADA, 30),
    records.GrantApprovalRecord(FACE, "cli:ada", 3, MOMENT, "a child is missing"),
    records.UseApprovalRecord(FACE, 2),
    records.WithdrawApprovalRecord(FACE, 1),
    records.ListApprovalsRecord(3),
    records.StopSearchesRecord("a wrongful arrest is looked into"),
    records.ResumeSearchesRecord(True),
    records.GiveConsentRecord(7, ADA, DIGEST, MOMENT, "signed on paper"),
    records.WithdrawConsentRecord((7, 8), ADA, (FACE,)),
    records.ListConsentsRecord(3),
    records.PurgeFacesRecord((FACE, OTHER_FACE), 30),
    records.CreateKeyRecord(KEY, "gate", ("Search*",), ("people",), "missing-person"),
    records.RevokeKeyRecord(KEY, "gate", ("*",), ("*",)),
    records.RotateKeyRecord(KEY, "gate", ("*",), ("*",), OTHER_KEY, MOMENT, "missing-person"),
    records.LimitKeyRecord(
        KEY,
        (
            records.QuotaRecord("operations", "month", 10_000),
            records.QuotaRecord("images", "day", 500),
        ),
    ),
    records.FindDriftRecord(1000, 250, 0.42, 0.19, 0.05),
    records.ResetDriftRecord(),
    records.AdoptMasterKeyRecord(DIGEST),
    records.RotateKeyringRecord(2, 30),
    records.MoveKeyringRecord("folder", "server", 30),
    records.BackUpRecord(DIGEST, MOMENT, True, "reknown-2026-11-30T004512Z.tar", 4711),
    records.RestoreRecord(DIGEST, MOMENT, False, 3),
    records.MigrateRecord("sqlite", 12345, DIGEST),
    records.StartVideoJobRecord(DIGEST, "search", 80.0, True),
    records.ReadVideoJobRecord(DIGEST),
    records.ReadLiveEventsRecord(120, "door", follow=True),
    records.UploadRecord(DIGEST, 4711),
    records.StopJobRecord(DIGEST),
    records.ListJobsRecord(3),
    records.DeleteExpiredJobsRecord(2),
    records.ExpireRecordsRecord(40, 2),
    records.EvaluateRecord("verify", "opencv", 12, 3, DIGEST, uuid(0xFACE << 112)),
    records.StopEvaluationRecord(uuid(0xFACE << 112), running=True),
    records.DeleteEvaluationRecord(uuid(0xFACE << 112)),
    records.CalibrateRecord("opencv", DIGEST, 12_000, uuid(0xFACE << 112)),
    records.CreateAccountRecord("ada", "keeper", ("family*",)),
    records.DeleteAccountRecord("ada", "keeper", ("family*",)),
    records.ChangeRoleRecord("ada", "keeper", ("family*",)),
    records.ChangeAccountRecord("ada", "password", 2),
    records.OfferLinkRecord(),
    records.SignInRecord("key", key=KEY),
    records.RefuseSignInRecord("wrong password", "ada"),
    records.SignOutRecord(),
    records.SearchTracksRecord(
        IMAGE, SPACE, THRESHOLD, 7, (TrackCandidateRecord(TRACK, 0.61, 98.2),)
    ),
    records.KeepTracksRecord(DIGEST, (TRACK,), 2, MOMENT),
    records.DeleteTracksRecord((TRACK,), DIGEST, MOMENT),
    records.PurgeTracksRecord((TRACK,)),
    records.ListTracksRecord(5),
)
REFUSED = Refusal("identify", "SearchFaces", "AccessDeniedException", "hall")
FAILED = Failure("detect", DIGEST, "VideoError")
EXAMPLES: tuple[Entry, ...] = (*DONE, REFUSED, FAILED)
