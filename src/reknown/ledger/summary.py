"""A record in a line for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import singledispatch
from typing import TYPE_CHECKING, Any

from reknown.ledger import records

if TYPE_CHECKING:
    from collections.abc import Sequence, Sized

    from reknown.ledger.codec import Entry
    from reknown.ledger.records.administration import KeyRecord
    from reknown.ledger.records.galleries import UpgradeRecord

_MOST_FACES = 5
_MOST_CANDIDATES = 3
_SHORT = 8

Names = Mapping[str, str]


def summarise(record: Entry | Mapping[str, Any], names: Names) -> str:
    """What the record says; subjects without one of the `names` by id are deleted ones."""
    return _text(record, names)


@singledispatch
def _text(record: object, _names: Names) -> str:
    """Of a record whose operation says everything."""
    return "" if isinstance(record, records.Record) else json.dumps(record)


@_text.register(records.IdentifyRecord)
def _identify(record: records.IdentifyRecord, names: Names) -> str:
    shown = [_candidates(row, names) for row in record.candidates[:_MOST_FACES]]
    found = "; ".join([*shown, *_more(record.candidates, _MOST_FACES, "face")]) or "no face"
    where = _count(record.gallery_size, record.searched.removesuffix("s"))
    if record.among:
        where += _limits(record.among, names)
    return f"{_probe(record.probe, names)} among {where} {_threshold(record.threshold)}: {found}"


@_text.register(records.SearchSightingsRecord)
def _search_sightings(record: records.SearchSightingsRecord, names: Names) -> str:
    hits = [(hit.sighting_id, (hit.score, hit.similarity)) for hit in record.candidates]
    where = _count(record.sightings_searched, "sighting")
    among = f"{_probe(record.probe, names)} among {where} {_threshold(record.threshold)}"
    return f"{among}: {_seen(hits, 'sighting')}"


@_text.register(records.SearchTracksRecord)
def _search_tracks(record: records.SearchTracksRecord, names: Names) -> str:
    hits = [(hit.track_id, (hit.score, hit.similarity)) for hit in record.candidates]
    where = _count(record.tracks_searched, "track")
    among = f"{_probe(record.probe, names)} among {where} {_threshold(record.threshold)}"
    return f"{among}: {_seen(hits, 'track')}"


def _seen(hits: Sequence[tuple[str, tuple[float, float | None]]], what: str) -> str:
    shown = [f"{what} {_short(name)} {_likeness(*score)}" for name, score in hits]
    more = _more(hits, _MOST_CANDIDATES, what)
    return ", ".join([*shown[:_MOST_CANDIDATES], *more]) or "none"


@_text.register(records.VerifyRecord)
def _verify(record: records.VerifyRecord, _names: Names) -> str:
    pair = f"image {_short(record.probe_sha256)} with image {_short(record.reference_sha256)}"
    best = ""
    if record.best_score is not None:
        best = f", best {_likeness(record.best_score, record.best_similarity)}"
    result = f"{record.accepted} of {_count(record.compared, 'face')} matched"
    return f"{pair} {_threshold(record.threshold)}: {result}{best}"


@_text.register(records.DetectRecord)
def _detect(record: records.DetectRecord, _names: Names) -> str:
    found = _count(record.faces, "face" if record.kind == "image" else "track")
    return f"{found} in {record.kind} {_short(record.sha256)}"


@_text.register(records.ReadTextRecord)
def _read_text(record: records.ReadTextRecord, _names: Names) -> str:
    return f"{_count(record.words, 'word')} in {record.kind} {_short(record.sha256)}"


@_text.register(records.EnrolRecord)
def _enrol(record: records.EnrolRecord, names: Names) -> str:
    owner = "" if record.subject_id is None else f" for {_name(record.subject_id, names)}"
    refused = f", {record.refused} refused" if record.refused else ""
    return f"{_faces(record.faces)} of image {_short(record.image_sha256)}{owner}{refused}"


@_text.register(records.WriteNamesRecord)
def _write_names(record: records.WriteNamesRecord, names: Names) -> str:
    shown = [_candidate(hit, names) for hit in record.written[:_MOST_FACES]]
    written = ", ".join([*shown, *_more(record.written, _MOST_FACES, "name")])
    replaced = f", {record.replaced} over another name" if record.replaced else ""
    return f"beside image {_short(record.image_sha256)}: {written}{replaced}"


@_text.register(records.CreateCollectionRecord)
def _create_collection(record: records.CreateCollectionRecord, _names: Names) -> str:
    return " ".join([f"with pack {record.space.pack}", *_tags(record.tags)])


@_text.register(records.TagCollectionRecord)
def _tag_collection(record: records.TagCollectionRecord, _names: Names) -> str:
    return " ".join([*_tags(record.set), *(f"-{key}" for key in record.removed)])


@_text.register(records.ListCollectionsRecord)
@_text.register(records.ListUsersRecord)
@_text.register(records.ListFacesRecord)
@_text.register(records.ListGroupsRecord)
@_text.register(records.ListSightingsRecord)
@_text.register(records.ListTracksRecord)
@_text.register(records.ListCasesRecord)
@_text.register(records.ListReviewersRecord)
def _listed(record: records.ListFacesRecord, _names: Names) -> str:
    return f"{record.listed} shown"


@_text.register(records.CreateUserRecord)
def _create_user(record: records.CreateUserRecord, names: Names) -> str:
    return _name(record.subject_id, names) + _again(repeated=record.repeated)


@_text.register(records.DeleteUserRecord)
def _delete_user(record: records.DeleteUserRecord, names: Names) -> str:
    faces = f" with {_faces(record.faces)}" if record.faces else ""
    return _name(record.subject_id, names) + faces + _again(repeated=record.repeated)


@_text.register(records.EraseRecord)
def _erase(record: records.EraseRecord, names: Names) -> str:
    who = "" if record.subject_id is None else f"{_name(record.subject_id, names)} with "
    keys = f"{len(record.keys):,} key{'' if len(record.keys) == 1 else 's'}"
    return f"{who}{_faces(record.faces)} and {record.sightings:,} sightings, {keys} destroyed"


@_text.register(records.ReadUserRecord)
@_text.register(records.RenameUserRecord)
def _read_user(record: records.ReadUserRecord, names: Names) -> str:
    return _name(record.subject_id, names)


@_text.register(records.DescribeUserRecord)
def _describe_user(record: records.DescribeUserRecord, names: Names) -> str:
    return f"{_name(record.subject_id, names)} with {_count(record.urls, 'address', 'es')}"


@_text.register(records.AssociateFacesRecord)
@_text.register(records.DisassociateFacesRecord)
def _move_faces(
    record: records.AssociateFacesRecord | records.DisassociateFacesRecord, names: Names
) -> str:
    way = "to" if isinstance(record, records.AssociateFacesRecord) else "from"
    refused = f", {len(record.refused)} refused" if record.refused else ""
    moved = f"{_faces(record.faces)} {way} {_name(record.subject_id, names)}{refused}"
    return moved + _again(repeated=record.repeated)


@_text.register(records.MergeUsersRecord)
def _merge_users(record: records.MergeUsersRecord, names: Names) -> str:
    moved = f"{_faces(record.faces)} and {_count(len(record.groups), 'group')}"
    return f"{moved} of {_name(record.merged, names)} to {_name(record.subject_id, names)}"


@_text.register(records.MoveFacesRecord)
def _give_faces(record: records.MoveFacesRecord, names: Names) -> str:
    who = "nobody" if record.subject_id is None else _name(record.subject_id, names)
    return f"{_faces(record.faces)} to {who}"


@_text.register(records.ShowFaceRecord)
def _show_face(record: records.ShowFaceRecord, _names: Names) -> str:
    return f"face {_short(record.face_id)}{'' if record.found else ', no image found'}"


@_text.register(records.FollowImagesRecord)
def _follow(record: records.FollowImagesRecord, _names: Names) -> str:
    return _count(record.images, "image")


@_text.register(records.DeleteFacesRecord)
@_text.register(records.ExportTemplatesRecord)
def _some_faces(record: records.DeleteFacesRecord, _names: Names) -> str:
    return _faces(record.faces)


@_text.register(records.ImportTemplatesRecord)
def _import(record: records.ImportTemplatesRecord, _names: Names) -> str:
    return f"{_faces(record.faces)}, {record.known} known"


@_text.register(records.ExportManyTemplatesRecord)
def _export_many(record: records.ExportManyTemplatesRecord, _names: Names) -> str:
    return _many(record.faces)


@_text.register(records.ImportManyTemplatesRecord)
def _import_many(record: records.ImportManyTemplatesRecord, _names: Names) -> str:
    return f"{_many(record.faces)}, {record.known} known"


@_text.register(records.KeepSightingsRecord)
def _keep_sightings(record: records.KeepSightingsRecord, _names: Names) -> str:
    kept = f"{_count(len(record.sightings), 'face')} of {_count(len(record.media), 'file')}"
    replaced = f" in place of {record.replaced}" if record.replaced else ""
    until = "" if record.expires_at is None else f" until {record.expires_at:%Y-%m-%d}"
    return f"{kept}{replaced}{until}"


@_text.register(records.DeleteSightingsRecord)
@_text.register(records.PurgeSightingsRecord)
def _gone_sightings(record: records.DeleteSightingsRecord, _names: Names) -> str:
    return _count(len(record.sightings), "sighting")


@_text.register(records.GroupSightingsRecord)
def _group(record: records.GroupSightingsRecord, _names: Names) -> str:
    what = f"{_count(record.fresh, 'new sighting')} of {record.sightings:,}"
    return f"{what} {_threshold(record.threshold)}: {record.made} made, {record.merged} merged"


@_text.register(records.ReadGroupRecord)
def _read_group(record: records.ReadGroupRecord, _names: Names) -> str:
    return f"group {record.group}: {_count(record.listed, 'sighting')}"


@_text.register(records.NameGroupRecord)
def _name_group(record: records.NameGroupRecord, names: Names) -> str:
    who = _name(record.subject_id, names)
    return f"group {record.group} is {who} with {_faces(record.faces)}"


@_text.register(records.IgnoreGroupRecord)
def _ignore_group(record: records.IgnoreGroupRecord, _names: Names) -> str:
    return f"group {record.group}{'' if record.ignored else ' no more'}"


@_text.register(records.MergeGroupsRecord)
def _merge_groups(record: records.MergeGroupsRecord, _names: Names) -> str:
    return f"group {record.group} into {record.into}"


@_text.register(records.SplitGroupRecord)
def _split_group(record: records.SplitGroupRecord, _names: Names) -> str:
    return f"{_count(len(record.sightings), 'sighting')} from group {record.group} to {record.made}"


@_text.register(records.KeepGroupsApartRecord)
def _keep_apart(record: records.KeepGroupsApartRecord, _names: Names) -> str:
    return f"groups {record.group} and {record.other}"


@_text.register(records.OpenCaseRecord)
def _open_case(record: records.OpenCaseRecord, _names: Names) -> str:
    case = f"case {_short(record.case)} of search {record.search}"
    if not record.candidates:
        return f"{case}: nobody found"
    who = _count(record.reviewers, "reviewer")
    return f"{case}: {_count(record.candidates, 'candidate')} for {who}"


@_text.register(records.ReadCaseRecord)
def _read_case(record: records.ReadCaseRecord, _names: Names) -> str:
    return f"case {_short(record.case)}, {'with' if record.scores else 'without'} scores"


@_text.register(records.JudgeCandidateRecord)
def _judge(record: records.JudgeCandidateRecord, _names: Names) -> str:
    last = ", the last one" if record.last else ""
    return f"candidate {record.candidate} of case {_short(record.case)}{last}"


@_text.register(records.DisputeCaseRecord)
def _dispute(record: records.DisputeCaseRecord, _names: Names) -> str:
    return f"case {_short(record.case)}: {_count(record.disputed, 'candidate')} disputed"


@_text.register(records.DecideCaseRecord)
def _decide(record: records.DecideCaseRecord, names: Names) -> str:
    judged = [candidate for candidate in record.candidates if candidate.opinion is not None]
    shown = [_judged(candidate, names) for candidate in judged[:_MOST_CANDIDATES]]
    said = ", ".join([*shown, *_more(judged, _MOST_CANDIDATES, "candidate")])
    return f"case {_short(record.case)} is {record.outcome}: {said or 'all candidates deleted'}"


def _judged(candidate: records.JudgedCandidateRecord, names: Names) -> str:
    who = f"face {_short(candidate.face_id or '')}"
    if candidate.subject_id is not None:
        who = _name(candidate.subject_id, names)
    return f"{who} {candidate.opinion}"


@_text.register(records.AppealCaseRecord)
def _appeal(record: records.AppealCaseRecord, _names: Names) -> str:
    return f"case {_short(record.case)}, round {record.round}: {record.ground}"


@_text.register(records.DiscloseCaseRecord)
def _disclose(record: records.DiscloseCaseRecord, _names: Names) -> str:
    return f"case {_short(record.case)}, packet {_short(record.sha256)}"


@_text.register(records.PurgeCasesRecord)
def _purge_cases(record: records.PurgeCasesRecord, _names: Names) -> str:
    return _count(len(record.cases), "case")


@_text.register(records.ReadReviewRatesRecord)
def _rates(record: records.ReadReviewRatesRecord, _names: Names) -> str:
    return _count(record.months, "month")


@_text.register(records.AddReviewerRecord)
@_text.register(records.RenewReviewerRecord)
def _reviewer(record: records.AddReviewerRecord, _names: Names) -> str:
    where = " ".join(record.collections)
    return f"{record.reviewer} until {record.trained_until:%Y-%m-%d} for {where}"


@_text.register(records.RemoveReviewerRecord)
def _no_reviewer(record: records.RemoveReviewerRecord, _names: Names) -> str:
    return record.reviewer


@_text.register(records.ForgetFilesRecord)
def _forget(record: records.ForgetFilesRecord, _names: Names) -> str:
    return f"{_count(record.files, 'file')}, {_count(len(record.sightings), 'sighting')}"


@_text.register(records.KeepTracksRecord)
def _keep(record: records.KeepTracksRecord, _names: Names) -> str:
    kept = f"{_count(len(record.tracks), 'track')} of video {_short(record.video_sha256)}"
    replaced = f" in place of {record.replaced}" if record.replaced else ""
    return f"{kept}{replaced} until {record.expires_at:%Y-%m-%d}"


@_text.register(records.DeleteTracksRecord)
@_text.register(records.PurgeTracksRecord)
def _gone_tracks(record: records.DeleteTracksRecord, _names: Names) -> str:
    return _count(len(record.tracks), "track")


@_text.register(records.PrepareUpgradeRecord)
@_text.register(records.FinishUpgradeRecord)
@_text.register(records.DiscardUpgradeRecord)
def _upgrade(record: UpgradeRecord, _names: Names) -> str:
    return f"from {record.former.pack} to {record.target.pack}"


@_text.register(records.SwitchUpgradeRecord)
@_text.register(records.UndoUpgradeRecord)
def _switch(record: records.SwitchUpgradeRecord | records.UndoUpgradeRecord, _names: Names) -> str:
    way = record.former.pack, record.target.pack
    start, end = reversed(way) if isinstance(record, records.UndoUpgradeRecord) else way
    deleted = f", {record.deleted} deleted" if record.deleted else ""
    return f"from {start} to {end}: {_count(record.faces, 'face')}{deleted}"


@_text.register(records.CreateKeyRecord)
@_text.register(records.RevokeKeyRecord)
def _key(record: KeyRecord, _names: Names) -> str:
    rights = f"{' '.join(record.operations)} on {' '.join(record.collections)}"
    return f"{record.key} ({record.name}): {rights}"


@_text.register(records.RotateKeyRecord)
def _rotate(record: records.RotateKeyRecord, names: Names) -> str:
    return f"{_key(record, names)}, in place of {record.replaced}"


@_text.register(records.AdoptMasterKeyRecord)
def _adopt(record: records.AdoptMasterKeyRecord, _names: Names) -> str:
    return f"fingerprint {_short(record.fingerprint)}"


@_text.register(records.MigrateRecord)
def _migrate(record: records.MigrateRecord, _names: Names) -> str:
    return f"{record.rows:,} rows of {record.source}, with the digest {_short(record.sha256)}"


@_text.register(records.BackUpRecord)
@_text.register(records.RestoreRecord)
def _backup(record: records.BackUpRecord | records.RestoreRecord, _names: Names) -> str:
    key = "with" if record.master_key else "without"
    moment = f"{record.taken_at:%Y-%m-%d %H:%M:%S} UTC"
    return f"database {_short(record.sha256)} as of {moment}, {key} master key"


@_text.register(records.StartVideoJobRecord)
def _start(record: records.StartVideoJobRecord, _names: Names) -> str:
    return f"{record.task}, job {_short(record.job)}" + _again(repeated=record.repeated)


@_text.register(records.ReadVideoJobRecord)
def _read(record: records.ReadVideoJobRecord, _names: Names) -> str:
    return f"job {_short(record.job)}"


@_text.register(records.ExpireRecordsRecord)
def _expired_records(record: records.ExpireRecordsRecord, _names: Names) -> str:
    return f"{_count(record.records, 'record')} before index {record.until:,} of the log"


@_text.register(records.DeleteExpiredJobsRecord)
def _expired(record: records.DeleteExpiredJobsRecord, _names: Names) -> str:
    return _count(record.jobs, "job")


@_text.register(records.SetPolicyRecord)
def _set_policy(record: records.SetPolicyRecord, _names: Names) -> str:
    rules = record.policy
    purposes = ", ".join(rules.purposes) or "any purpose"
    marks = [name for name in ("governed", "suspended", "consent_required") if getattr(rules, name)]
    return "; ".join([purposes, *marks])


@_text.register(records.RefuseSearchRecord)
def _refused_search(record: records.RefuseSearchRecord, _names: Names) -> str:
    return record.reason


@_text.register(records.GiveConsentRecord)
def _give_consent(record: records.GiveConsentRecord, names: Names) -> str:
    text = _short(record.text_sha256)
    return f"number {record.consent} of {_name(record.subject_id, names)} to the text {text}"


@_text.register(records.WithdrawConsentRecord)
def _withdraw_consent(record: records.WithdrawConsentRecord, names: Names) -> str:
    return f"{_count(len(record.consents), 'consent')} of {_name(record.subject_id, names)}"


@_text.register(records.ListConsentsRecord)
def _list_consents(record: records.ListConsentsRecord, _names: Names) -> str:
    return _count(record.count, "consent")


@_text.register(records.PurgeFacesRecord)
def _purge_faces(record: records.PurgeFacesRecord, _names: Names) -> str:
    return f"{_faces(record.faces)} after {_count(record.days, 'day')}"


@_text.register(records.StopSearchesRecord)
def _stop_searches(record: records.StopSearchesRecord, _names: Names) -> str:
    return record.reason


@_text.register(records.Refusal)
def _refusal(record: records.Refusal, _names: Names) -> str:
    return f"refused {record.operation}: {record.error}"


@_text.register(records.Failure)
def _failure(record: records.Failure, _names: Names) -> str:
    return f"job {_short(record.job)} failed: {record.error}"


def _candidates(row: Sequence[records.CandidateRecord], names: Names) -> str:
    shown = [_candidate(hit, names) for hit in row[:_MOST_CANDIDATES]]
    return ", ".join([*shown, *_more(row, _MOST_CANDIDATES, "candidate")]) or "nobody"


def _candidate(hit: records.CandidateRecord, names: Names) -> str:
    who = f"face {_short(hit.face_id)}"
    if hit.subject_id is not None:
        who = _name(hit.subject_id, names)
    return f"{who} {_likeness(hit.score, hit.similarity)}"


def _probe(probe: records.ProbeRecord, names: Names) -> str:
    if probe.kind == "user":
        return _name(probe.subject_id, names)
    return f"{probe.kind} {_short(probe.sha256 or probe.face_id or '')}"


def _limits(among: records.AmongRecord, names: Names) -> str:
    said: list[str] = []
    if among.subject_ids is not None:
        shown = [_name(subject, names) for subject in among.subject_ids[:_MOST_CANDIDATES]]
        said.append(
            f"of {', '.join([*shown, *_more(among.subject_ids, _MOST_CANDIDATES, 'subject')])}"
        )
    if among.enrolled_since is not None:
        said.append(f"enrolled since {among.enrolled_since:%Y-%m-%d %H:%M}")
    if among.enrolled_until is not None:
        said.append(f"enrolled before {among.enrolled_until:%Y-%m-%d %H:%M}")
    if among.faces is not None:
        said.append(f"of a list of {_count(among.faces.count, 'face')}")
    return f" ({', '.join(said)})"


def _threshold(threshold: records.ThresholdRecord) -> str:
    return f"at {_likeness(threshold.score, threshold.similarity)} or above"


def _likeness(score: float, similarity: float | None) -> str:
    return f"score {score:.3f}" if similarity is None else f"{similarity:.1f}"


def _name(subject_id: str | None, names: Names) -> str:
    return names.get(subject_id or "", "deleted subject")


def _tags(tags: Mapping[str, str]) -> list[str]:
    return [f"{key}={value}" for key, value in sorted(tags.items())]


def _faces(faces: Sized) -> str:
    return _count(len(faces), "face")


def _many(faces: records.ManyFacesRecord) -> str:
    ends = f" from {_short(faces.first)} to {_short(faces.last or '')}" if faces.first else ""
    return _count(faces.count, "face") + ends


def _count(number: int, what: str, plural: str = "s") -> str:
    return f"{number} {what}{'' if number == 1 else plural}"


def _more(items: Sized, shown: int, what: str) -> list[str]:
    left = len(items) - shown
    return [f"{_count(left, f'more {what}')}"] if left > 0 else []


def _again(*, repeated: bool) -> str:
    return ", answered again" if repeated else ""


def _short(name: str) -> str:
    return name[:_SHORT]
