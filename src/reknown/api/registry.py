"""Which operations are implemented, and what has to be known before each is run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reknown.api import shapes
from reknown.api.names import tagged_of_arn
from reknown.api.operations import (
    archive,
    celebrities,
    collections,
    faces,
    groups,
    images,
    jobs,
    policies,
    reviews,
    search,
    streams,
    tags,
    text,
    transfer,
    users,
    videos,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reknown.api.call import Call


@dataclass(frozen=True, slots=True)
class Handler:
    """`run` answers a request; `action` is what the ledger calls it.

    `images` is how many images are recognised in it, `changes` whether it changes what is
    stored, `by_name` whether a key has to name the operation literally to be allowed it, and
    `fetches` whether it asks a store of objects without recognising anything. `celebrities` says
    that it is about the gallery that the operator named for those.
    """

    run: Callable[[Call, Any], shapes.Shape]
    action: str
    images: int = 0
    changes: bool = False
    by_name: bool = False
    fetches: bool = False
    celebrities: bool = False


HANDLERS: Mapping[str, Handler] = {
    "DetectFaces": Handler(images.detect_faces, "detect", 1),
    "DetectText": Handler(text.detect_text, "read text", 1),
    "CompareFaces": Handler(images.compare_faces, "verify", 2),
    "CreateCollection": Handler(collections.create_collection, "create collection", changes=True),
    "DescribeCollection": Handler(collections.describe_collection, "describe collection"),
    "ListCollections": Handler(collections.list_collections, "list collections"),
    "DeleteCollection": Handler(collections.delete_collection, "delete collection", changes=True),
    "IndexFaces": Handler(faces.index_faces, "enrol", 1, changes=True),
    "ListFaces": Handler(faces.list_faces, "list faces"),
    "DeleteFaces": Handler(faces.delete_faces, "delete faces", changes=True),
    "SearchFaces": Handler(search.search_faces, "identify"),
    "SearchFacesByImage": Handler(search.search_faces_by_image, "identify", 1),
    "CreateUser": Handler(users.create_user, "create user", changes=True),
    "DeleteUser": Handler(users.delete_user, "delete user", changes=True),
    "ListUsers": Handler(users.list_users, "list users"),
    "AssociateFaces": Handler(users.associate_faces, "associate faces", changes=True),
    "DisassociateFaces": Handler(users.disassociate_faces, "disassociate faces", changes=True),
    "SearchUsers": Handler(search.search_users, "identify"),
    "SearchUsersByImage": Handler(search.search_users_by_image, "identify", 1),
    "TagResource": Handler(tags.tag_resource, "tag collection", changes=True),
    "UntagResource": Handler(tags.untag_resource, "tag collection", changes=True),
    "ListTagsForResource": Handler(tags.list_tags_for_resource, "list tags"),
    "StartFaceDetection": Handler(
        videos.start_face_detection, "start video job", changes=True, fetches=True
    ),
    "GetFaceDetection": Handler(videos.get_face_detection, "read video job"),
    "StartFaceSearch": Handler(
        videos.start_face_search, "start video job", changes=True, fetches=True
    ),
    "GetFaceSearch": Handler(videos.get_face_search, "read video job"),
    "StartPersonTracking": Handler(
        videos.start_person_tracking, "start video job", changes=True, fetches=True
    ),
    "GetPersonTracking": Handler(videos.get_person_tracking, "read video job"),
    "RecognizeCelebrities": Handler(
        celebrities.recognize_celebrities, "identify", 1, celebrities=True
    ),
    "GetCelebrityInfo": Handler(celebrities.get_celebrity_info, "read user", celebrities=True),
    "StartCelebrityRecognition": Handler(
        celebrities.start_celebrity_recognition,
        "start video job",
        changes=True,
        fetches=True,
        celebrities=True,
    ),
    "GetCelebrityRecognition": Handler(celebrities.get_celebrity_recognition, "read video job"),
    "StartTextDetection": Handler(
        text.start_text_detection, "start video job", changes=True, fetches=True
    ),
    "GetTextDetection": Handler(text.get_text_detection, "read video job"),
    "CreateStreamProcessor": Handler(streams.create_stream_processor, "create watch", changes=True),
    "DescribeStreamProcessor": Handler(streams.describe_stream_processor, "read watch"),
    "ListStreamProcessors": Handler(streams.list_stream_processors, "list watches"),
    "StartStreamProcessor": Handler(streams.start_stream_processor, "start watch", changes=True),
    "StopStreamProcessor": Handler(streams.stop_stream_processor, "stop watch", changes=True),
    "UpdateStreamProcessor": Handler(streams.update_stream_processor, "update watch", changes=True),
    "DeleteStreamProcessor": Handler(streams.delete_stream_processor, "delete watch", changes=True),
    "ReknownLookThroughCamera": Handler(
        streams.look_through_camera, "look through camera", by_name=True
    ),
    "ReknownSearchAllFacesByImage": Handler(search.search_all_faces_by_image, "identify", 1),
    "ReknownExportTemplates": Handler(transfer.export_templates, "export templates", by_name=True),
    "ReknownImportTemplates": Handler(
        transfer.import_templates, "import templates", changes=True, by_name=True
    ),
    "ReknownFindSightings": Handler(archive.find_sightings, "search sightings", 1),
    "ReknownListGroups": Handler(groups.list_groups, "list groups"),
    "ReknownReadGroup": Handler(groups.read_group, "read group"),
    "ReknownGroupSightings": Handler(groups.group_sightings, "group sightings", changes=True),
    "ReknownNameGroup": Handler(groups.name_group, "name group", changes=True),
    "ReknownUnnameGroup": Handler(groups.unname_group, "unname group", changes=True),
    "ReknownMergeGroups": Handler(groups.merge_groups, "merge groups", changes=True),
    "ReknownSplitGroup": Handler(groups.split_group, "split group", changes=True),
    "ReknownIgnoreGroup": Handler(groups.ignore_group, "ignore group", changes=True),
    "ReknownKeepApart": Handler(groups.keep_apart, "keep groups apart", changes=True),
    "ReknownProposeMerges": Handler(groups.propose_merges, "propose merges"),
    "ReknownListArchive": Handler(archive.list_archive, "list archive"),
    "ReknownDeleteFromArchive": Handler(
        archive.delete_from_archive, "delete from archive", changes=True
    ),
    "ReknownListJobs": Handler(jobs.list_jobs, "list jobs"),
    "ReknownStopJob": Handler(jobs.stop_job, "stop job", changes=True),
    "ReknownScanArchive": Handler(jobs.scan_archive, "scan archive", changes=True),
    "ReknownRenameUser": Handler(archive.rename_user, "rename user", changes=True),
    "ReknownMergeUsers": Handler(archive.merge_users, "merge users", changes=True),
    "ReknownMoveFaces": Handler(archive.move_faces, "move faces", changes=True),
    "ReknownListCases": Handler(reviews.list_cases, "list cases"),
    "ReknownReadCase": Handler(reviews.read_case, "read case"),
    "ReknownJudgeCandidate": Handler(reviews.judge_candidate, "judge candidate", changes=True),
    "ReknownDescribePolicy": Handler(policies.describe_policy, "read policy"),
    "ReknownPutPolicy": Handler(policies.put_policy, "set policy", changes=True, by_name=True),
    "ReknownRecordConsent": Handler(
        policies.record_consent, "give consent", changes=True, by_name=True
    ),
    "ReknownWithdrawConsent": Handler(
        policies.withdraw_consent, "withdraw consent", changes=True, by_name=True
    ),
    "ReknownListConsents": Handler(policies.list_consents, "list consents"),
    "ReknownGrantApproval": Handler(
        policies.grant_approval, "grant approval", changes=True, by_name=True
    ),
    "ReknownWithdrawApproval": Handler(
        policies.withdraw_approval, "withdraw approval", changes=True, by_name=True
    ),
    "ReknownListApprovals": Handler(policies.list_approvals, "list approvals"),
    "ReknownStopSearches": Handler(
        policies.stop_searches, "stop searches", changes=True, by_name=True
    ),
    "ReknownResumeSearches": Handler(
        policies.resume_searches, "resume searches", changes=True, by_name=True
    ),
}


_OF_WATCHES = (
    shapes.CreateStreamProcessorRequest
    | shapes.DeleteStreamProcessorRequest
    | shapes.DescribeStreamProcessorRequest
    | shapes.ReknownLookThroughCameraRequest
    | shapes.StartStreamProcessorRequest
    | shapes.StopStreamProcessorRequest
    | shapes.UpdateStreamProcessorRequest
)


def collection_of(request: shapes.Shape) -> str | None:
    """The collection that a request is about, if any; raises `InputError` for a bad ARN."""
    arn = getattr(request, "resource_arn", None)
    if isinstance(arn, str):
        return tagged_of_arn(arn).collection
    if isinstance(request, shapes.CreateStreamProcessorRequest):
        search = request.settings.face_search
        return None if search is None else search.collection_id
    name = getattr(request, "collection_id", None)
    return name if isinstance(name, str) else None


def watch_of(request: shapes.Shape) -> str | None:
    """The watch that a request is about, if any; raises `InputError` for a bad ARN."""
    arn = getattr(request, "resource_arn", None)
    if isinstance(arn, str):
        return tagged_of_arn(arn).stream_processor
    return request.name if isinstance(request, _OF_WATCHES) else None
