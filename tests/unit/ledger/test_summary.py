from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reknown.ledger import records
from reknown.ledger.summary import summarise
from unit.ledger.examples import ADA, BOB, DIGEST, EXAMPLES, FACE, HIT, IDENTIFIED, KEY, LIMITED

if TYPE_CHECKING:
    from reknown.ledger.codec import Entry

NAMES = {ADA: "Ada Lovelace"}
EXPECTED = {
    "IdentifyRecord": "image abababab among 12 subjects at 80.0 or above: "
    "Ada Lovelace 98.2, face cafe0000 score 0.400; nobody",
    "SearchTracksRecord": "image abababab among 7 tracks at 80.0 or above: track aced0000 98.2",
    "VerifyRecord": "image abababab with image cdcdcdcd at 80.0 or above: "
    "1 of 2 faces matched, best 98.2",
    "DetectRecord": "3 tracks in video abababab",
    "ReadTextRecord": "12 words in image abababab",
    "EnrolRecord": "1 face of image abababab for Ada Lovelace, 1 refused",
    "WriteNamesRecord": "beside image abababab: Ada Lovelace 98.2, 1 over another name",
    "CreateCollectionRecord": "with pack opencv a=ü\0 place=gate",
    "DeleteCollectionRecord": "",
    "DescribeCollectionRecord": "",
    "ListCollectionsRecord": "3 shown",
    "SetPolicyRecord": "missing-person; governed; suspended; consent_required; recording",
    "ReadPolicyRecord": "",
    "StopFollowingRecord": "Ada Lovelace before front-door, after 30 minutes in a day",
    "RefuseSearchRecord": "SearchesStopped, job abababab, watch hall",
    "GrantApprovalRecord": "face0000: 3 searches by cli:ada: a child is missing",
    "UseApprovalRecord": "face0000: 2 left",
    "WithdrawApprovalRecord": "face0000: 1 search not used",
    "ListApprovalsRecord": "3 approvals",
    "StopSearchesRecord": "a wrongful arrest is looked into",
    "ResumeSearchesRecord": "",
    "GiveConsentRecord": "number 7 of Ada Lovelace to the text abababab, signed on paper",
    "WithdrawConsentRecord": "2 consents of Ada Lovelace",
    "ListConsentsRecord": "3 consents",
    "PurgeFacesRecord": "2 faces after 30 days",
    "TagCollectionRecord": "place=gate -old",
    "ListTagsRecord": "",
    "CreateUserRecord": "Ada Lovelace, answered again",
    "DeleteUserRecord": "Ada Lovelace with 1 face, answered again",
    "EraseRecord": "Ada Lovelace with 1 face and 2 sightings, 1 key destroyed",
    "ListUsersRecord": "1 shown",
    "ReadUserRecord": "Ada Lovelace",
    "DescribeUserRecord": "Ada Lovelace with 2 addresses",
    "RenameUserRecord": "Ada Lovelace",
    "MergeUsersRecord": "2 faces and 1 group of deleted subject to Ada Lovelace",
    "MoveFacesRecord": "2 faces to Ada Lovelace",
    "ShowFaceRecord": "face face0000",
    "FollowImagesRecord": "3 images",
    "AssociateFacesRecord": "1 face to Ada Lovelace, 1 refused, answered again",
    "DisassociateFacesRecord": "2 faces from Ada Lovelace",
    "ListFacesRecord": "0 shown",
    "DeleteFacesRecord": "1 face",
    "ExportTemplatesRecord": "1 face",
    "ImportTemplatesRecord": "1 face, 4 known",
    "ExportManyTemplatesRecord": "1,000,000 faces from face0000 to cafe0000",
    "ImportManyTemplatesRecord": "1,000,000 faces from face0000 to cafe0000, 4 known",
    "AddToArchiveRecord": "2 files of 4,711 bytes",
    "KeepSightingsRecord": "1 face of 2 files in place of 2 until 2026-11-28",
    "DeleteSightingsRecord": "1 sighting",
    "PurgeSightingsRecord": "1 sighting",
    "ListSightingsRecord": "5 shown",
    "ForgetFilesRecord": "2 files, 1 sighting",
    "SearchSightingsRecord": "image abababab among 7 sightings at 80.0 or above: "
    "sighting aced0000 98.2",
    "GroupSightingsRecord": "3 new sightings of 9 at 80.0 or above: 2 made, 1 merged",
    "ListGroupsRecord": "4 shown",
    "ReadGroupRecord": "group 7: 3 sightings",
    "NameGroupRecord": "group 7 is Ada Lovelace with 1 face",
    "UnnameGroupRecord": "group 7 is not known to be Ada Lovelace: 1 face deleted, and the user",
    "IgnoreGroupRecord": "group 7",
    "MergeGroupsRecord": "group 7 into 5",
    "SplitGroupRecord": "1 sighting from group 7 to 8",
    "KeepGroupsApartRecord": "groups 7 and 8",
    "UndoGroupsApartRecord": "groups 7 and 8",
    "KeepGroupFromUserRecord": "group 7 and Ada Lovelace",
    "KeepUsersApartRecord": "Ada Lovelace and deleted subject no more",
    "ProposeMergesRecord": "12 groups and 9 users at 80.0 or above: 4 proposed",
    "OpenCaseRecord": "case ca5e0000 of search 41: 3 candidates for 2 reviewers",
    "ListCasesRecord": "4 shown",
    "ReadCaseRecord": "case ca5e0000, without scores",
    "JudgeCandidateRecord": "candidate 2 of case ca5e0000, the last one",
    "DisputeCaseRecord": "case ca5e0000: 1 candidate disputed",
    "DecideCaseRecord": "case ca5e0000 is lead: Ada Lovelace same",
    "AppealCaseRecord": "case ca5e0000, round 2: new-evidence",
    "DiscloseCaseRecord": "case ca5e0000, packet abababab",
    "PurgeCasesRecord": "1 case",
    "ReadReviewRatesRecord": "3 months",
    "AddReviewerRecord": "cli:ada until 2026-11-28 for people*",
    "RenewReviewerRecord": "cli:ada until 2026-11-28 for *",
    "RemoveReviewerRecord": "key:RKAAAAAAAAAAAAAAAAAA",
    "ListReviewersRecord": "2 shown",
    "CreateWatchRecord": "hall: door from 80 % on, 2 zones, "
    "into arn:aws:kinesis:us-east-1:000000000000:stream/seen, keep days 30, "
    "waits for Ada Lovelace, deleted subject",
    "ReadWatchRecord": "hall",
    "ListWatchesRecord": "3 shown, 2 there",
    "LookThroughCameraRecord": "hall",
    "UpdateWatchRecord": "hall: at all hours, before sat 10:00-11:00; similarity 90, before 80; "
    "waits for Ada Lovelace, before for deleted subject",
    "TagWatchRecord": "hall: floor=2 -wing",
    "StartWatchRecord": "hall: door at 80.0 or above",
    "StopWatchRecord": "hall: door",
    "FailWatchRecord": "hall: door shows nothing that can be read",
    "BeginRecordingRecord": "hall: film aced0000, with names",
    "EndRecordingRecord": "hall: film aced0000, 250 frames of 10.0 s, abababab",
    "DeleteWatchRecord": "hall",
    "KeepTracksRecord": "1 track of video abababab in place of 2 until 2026-11-28",
    "DeleteTracksRecord": "1 track",
    "PurgeTracksRecord": "1 track",
    "ListTracksRecord": "5 shown",
    "PrepareUpgradeRecord": "from opencv to public-domain",
    "SwitchUpgradeRecord": "from opencv to public-domain: 30 faces, 1 deleted",
    "UndoUpgradeRecord": "from public-domain to opencv: 30 faces",
    "FinishUpgradeRecord": "from opencv to public-domain",
    "DiscardUpgradeRecord": "from opencv to public-domain",
    "CreateKeyRecord": "RKAAAAAAAAAAAAAAAAAA (gate): Search* on people",
    "RevokeKeyRecord": "RKAAAAAAAAAAAAAAAAAA (gate): * on *",
    "RotateKeyRecord": "RKAAAAAAAAAAAAAAAAAA (gate): * on *, in place of RKBBBBBBBBBBBBBBBBBB",
    "FindDriftRecord": "250 scores of strangers against 1,000: distance 0.420 above 0.190, "
    "median +0.050",
    "ResetDriftRecord": "",
    "LimitKeyRecord": "RKAAAAAAAAAAAAAAAAAA: 10,000 operations a month, 500 images a day",
    "CreateAccountRecord": "ada, keeper of family*",
    "ChangeRoleRecord": "ada, keeper of family*",
    "DeleteAccountRecord": "ada, keeper of family*",
    "ChangeAccountRecord": "ada: password",
    "OfferLinkRecord": "",
    "SignInRecord": f"with a key, {KEY}",
    "RefuseSignInRecord": "ada: wrong password",
    "SignOutRecord": "",
    "AdoptMasterKeyRecord": "fingerprint abababab",
    "RotateKeyringRecord": "2 collections, 30 keys",
    "MoveKeyringRecord": "30 keys from a folder to a server",
    "EvaluateRecord": "verify with pack opencv on 12 images of 3 people",
    "StopEvaluationRecord": "face0000",
    "DeleteEvaluationRecord": "face0000",
    "CalibrateRecord": "pack opencv by 12,000 comparisons, abababab",
    "BackUpRecord": "database abababab as of 2026-11-28 16:30:00 UTC, with master key, in "
    "reknown-2026-11-30T004512Z.tar",
    "RestoreRecord": "database abababab as of 2026-11-28 16:30:00 UTC, without master key",
    "MigrateRecord": "12,345 rows of sqlite, with the digest abababab",
    "StartVideoJobRecord": "search, job abababab, answered again",
    "ReadVideoJobRecord": "job abababab",
    "ReadLiveEventsRecord": "watch door, from behind event 120, followed",
    "StopJobRecord": "job abababab",
    "ListJobsRecord": "3 jobs",
    "ListArchiveRecord": "3 files",
    "DeleteFromArchiveRecord": "1 file, 1 sighting; 2 still in folders",
    "ScanArchiveRecord": "job abababab",
    "UploadRecord": "4,711 bytes, abababab",
    "DeleteExpiredJobsRecord": "2 jobs",
    "ExpireRecordsRecord": "2 records before index 40 of the log",
    "Refusal": "refused SearchFaces of hall: AccessDeniedException",
    "Failure": "job abababab failed: VideoError",
}


@pytest.mark.parametrize("record", EXAMPLES, ids=lambda record: type(record).__name__)
def test_each_record_in_a_line(record: Entry) -> None:
    assert summarise(record, NAMES) == EXPECTED[type(record).__name__]


def test_deleted_subjects_have_no_name() -> None:
    assert "deleted subject 98.2" in summarise(IDENTIFIED, {})
    assert summarise(records.CreateUserRecord(None), {}) == "deleted subject"


def test_long_lists_are_cut_short() -> None:
    many = replace(IDENTIFIED, candidates=((HIT,) * 5, *(((),) * 7)))
    found = summarise(many, NAMES).partition(": ")[2]
    shown = ["Ada Lovelace 98.2, " * 3 + "2 more candidates", *["nobody"] * 4, "3 more faces"]
    assert found == "; ".join(shown)
    assert summarise(replace(IDENTIFIED, candidates=()), NAMES).endswith(": no face")


def test_probes_are_named_by_what_they_are() -> None:
    user = replace(IDENTIFIED, probe=records.ProbeRecord("user", subject_id=ADA))
    assert summarise(user, NAMES).startswith("Ada Lovelace among 12 subjects")
    face = replace(IDENTIFIED, probe=records.ProbeRecord("face", face_id=FACE), gallery_size=1)
    assert summarise(face, NAMES).startswith("face face0000 among 1 subject at")
    view = replace(IDENTIFIED, probe=records.ProbeRecord("view", DIGEST, watch="front-door"))
    assert summarise(view, NAMES).startswith(f"view {DIGEST[:8]} of front-door among")


def test_what_a_search_was_limited_to_is_said() -> None:
    assert (
        "among 12 subjects (of Ada Lovelace, deleted subject, enrolled since 2026-11-28 16:30, "
        "enrolled before 2026-11-28 16:30, of a list of 1,000,000 faces) at 80.0"
    ) in summarise(LIMITED, NAMES)
    alone = replace(IDENTIFIED, among=records.AmongRecord((ADA, *([BOB] * 4))))
    assert "(of Ada Lovelace, deleted subject, deleted subject, 2 more subjects) at" in summarise(
        alone, NAMES
    )


def test_a_change_of_a_watch_is_told_with_what_was_before() -> None:
    none = {"keep_days": None, "zones": None}
    some = {"keep_days": "30", "zones": "0,0,0.5,1"}
    changed = records.UpdateWatchRecord("hall", 1, tuple(none), (ADA,), some, none, (ADA,))
    assert summarise(changed, NAMES) == (
        "hall: keep days 30, before none; zones 0,0,0.5,1, before anywhere in the picture"
    )
    back = replace(changed, values=none, former=some)
    assert summarise(back, NAMES) == (
        "hall: keep days none, before 30; anywhere in the picture, before 0,0,0.5,1"
    )
    same = records.UpdateWatchRecord("hall", 1, (), (ADA,), {}, {}, (ADA,))
    assert summarise(same, NAMES) == "hall: as it was"
    older = records.UpdateWatchRecord("hall", 1, ("alerts", "schedule"), (ADA,))
    assert summarise(older, NAMES) == "hall: 1 zone, schedule, waits for Ada Lovelace"


def test_rows_without_types_are_shown_as_they_are() -> None:
    assert summarise({"user": "Ada", "found": 1}, {}) == '{"user": "Ada", "found": 1}'
