"""Every operation of the Rekognition protocol.

Generated from rekognition/2016-06-27 of botocore 1.44.5 and our extensions
(api/models). Do not edit: change the model or the generator and run
`.venv/bin/python tools/generate_wire.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from reknown.api import shapes

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Operation:
    """What the model says of an operation.

    `request` and `response` are None for those that are not implemented here; `errors`
    are the names that a client's generated code knows.
    """

    name: str
    request: type[shapes.Shape] | None
    response: type[shapes.Shape] | None
    errors: frozenset[str]


_EVERY = frozenset(
    [
        "AccessDeniedException",
        "InternalServerError",
        "InvalidParameterException",
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
    ]
)

_ALL = (
    Operation(
        "AssociateFaces",
        shapes.AssociateFacesRequest,
        shapes.AssociateFacesResponse,
        _EVERY
        | {
            "ConflictException",
            "IdempotentParameterMismatchException",
            "ResourceNotFoundException",
            "ServiceQuotaExceededException",
        },
    ),
    Operation(
        "CompareFaces",
        shapes.CompareFacesRequest,
        shapes.CompareFacesResponse,
        _EVERY
        | {"ImageTooLargeException", "InvalidImageFormatException", "InvalidS3ObjectException"},
    ),
    Operation(
        "CopyProjectVersion",
        None,
        None,
        _EVERY
        | {
            "LimitExceededException",
            "ResourceInUseException",
            "ResourceNotFoundException",
            "ServiceQuotaExceededException",
        },
    ),
    Operation(
        "CreateCollection",
        shapes.CreateCollectionRequest,
        shapes.CreateCollectionResponse,
        _EVERY | {"ResourceAlreadyExistsException", "ServiceQuotaExceededException"},
    ),
    Operation(
        "CreateDataset",
        None,
        None,
        _EVERY
        | {
            "InvalidS3ObjectException",
            "LimitExceededException",
            "ResourceAlreadyExistsException",
            "ResourceNotFoundException",
        },
    ),
    Operation("CreateFaceLivenessSession", None, None, _EVERY),
    Operation(
        "CreateProject", None, None, _EVERY | {"LimitExceededException", "ResourceInUseException"}
    ),
    Operation(
        "CreateProjectVersion",
        None,
        None,
        _EVERY
        | {
            "LimitExceededException",
            "ResourceInUseException",
            "ResourceNotFoundException",
            "ServiceQuotaExceededException",
        },
    ),
    Operation(
        "CreateStreamProcessor",
        shapes.CreateStreamProcessorRequest,
        shapes.CreateStreamProcessorResponse,
        _EVERY
        | {"LimitExceededException", "ResourceInUseException", "ServiceQuotaExceededException"},
    ),
    Operation(
        "CreateUser",
        shapes.CreateUserRequest,
        shapes.CreateUserResponse,
        _EVERY
        | {
            "ConflictException",
            "IdempotentParameterMismatchException",
            "ResourceNotFoundException",
            "ServiceQuotaExceededException",
        },
    ),
    Operation(
        "DeleteCollection",
        shapes.DeleteCollectionRequest,
        shapes.DeleteCollectionResponse,
        _EVERY | {"ResourceNotFoundException"},
    ),
    Operation(
        "DeleteDataset",
        None,
        None,
        _EVERY | {"LimitExceededException", "ResourceInUseException", "ResourceNotFoundException"},
    ),
    Operation(
        "DeleteFaces",
        shapes.DeleteFacesRequest,
        shapes.DeleteFacesResponse,
        _EVERY | {"ResourceNotFoundException"},
    ),
    Operation(
        "DeleteProject",
        None,
        None,
        _EVERY | {"ResourceInUseException", "ResourceNotFoundException"},
    ),
    Operation(
        "DeleteProjectPolicy",
        None,
        None,
        _EVERY | {"InvalidPolicyRevisionIdException", "ResourceNotFoundException"},
    ),
    Operation(
        "DeleteProjectVersion",
        None,
        None,
        _EVERY | {"ResourceInUseException", "ResourceNotFoundException"},
    ),
    Operation(
        "DeleteStreamProcessor",
        shapes.DeleteStreamProcessorRequest,
        shapes.DeleteStreamProcessorResponse,
        _EVERY | {"ResourceInUseException", "ResourceNotFoundException"},
    ),
    Operation(
        "DeleteUser",
        shapes.DeleteUserRequest,
        shapes.DeleteUserResponse,
        _EVERY
        | {
            "ConflictException",
            "IdempotentParameterMismatchException",
            "ResourceNotFoundException",
        },
    ),
    Operation(
        "DescribeCollection",
        shapes.DescribeCollectionRequest,
        shapes.DescribeCollectionResponse,
        _EVERY | {"ResourceNotFoundException"},
    ),
    Operation("DescribeDataset", None, None, _EVERY | {"ResourceNotFoundException"}),
    Operation(
        "DescribeProjectVersions",
        None,
        None,
        _EVERY | {"InvalidPaginationTokenException", "ResourceNotFoundException"},
    ),
    Operation("DescribeProjects", None, None, _EVERY | {"InvalidPaginationTokenException"}),
    Operation(
        "DescribeStreamProcessor",
        shapes.DescribeStreamProcessorRequest,
        shapes.DescribeStreamProcessorResponse,
        _EVERY | {"ResourceNotFoundException"},
    ),
    Operation(
        "DetectCustomLabels",
        None,
        None,
        _EVERY
        | {
            "ImageTooLargeException",
            "InvalidImageFormatException",
            "InvalidS3ObjectException",
            "LimitExceededException",
            "ResourceNotFoundException",
            "ResourceNotReadyException",
        },
    ),
    Operation(
        "DetectFaces",
        shapes.DetectFacesRequest,
        shapes.DetectFacesResponse,
        _EVERY
        | {"ImageTooLargeException", "InvalidImageFormatException", "InvalidS3ObjectException"},
    ),
    Operation(
        "DetectLabels",
        None,
        None,
        _EVERY
        | {"ImageTooLargeException", "InvalidImageFormatException", "InvalidS3ObjectException"},
    ),
    Operation(
        "DetectModerationLabels",
        None,
        None,
        _EVERY
        | {
            "HumanLoopQuotaExceededException",
            "ImageTooLargeException",
            "InvalidImageFormatException",
            "InvalidS3ObjectException",
            "ResourceNotFoundException",
            "ResourceNotReadyException",
        },
    ),
    Operation(
        "DetectProtectiveEquipment",
        None,
        None,
        _EVERY
        | {"ImageTooLargeException", "InvalidImageFormatException", "InvalidS3ObjectException"},
    ),
    Operation(
        "DetectText",
        shapes.DetectTextRequest,
        shapes.DetectTextResponse,
        _EVERY
        | {"ImageTooLargeException", "InvalidImageFormatException", "InvalidS3ObjectException"},
    ),
    Operation(
        "DisassociateFaces",
        shapes.DisassociateFacesRequest,
        shapes.DisassociateFacesResponse,
        _EVERY
        | {
            "ConflictException",
            "IdempotentParameterMismatchException",
            "ResourceNotFoundException",
        },
    ),
    Operation(
        "DistributeDatasetEntries",
        None,
        None,
        _EVERY | {"ResourceNotFoundException", "ResourceNotReadyException"},
    ),
    Operation(
        "GetCelebrityInfo",
        shapes.GetCelebrityInfoRequest,
        shapes.GetCelebrityInfoResponse,
        _EVERY | {"ResourceNotFoundException"},
    ),
    Operation(
        "GetCelebrityRecognition",
        shapes.GetCelebrityRecognitionRequest,
        shapes.GetCelebrityRecognitionResponse,
        _EVERY | {"InvalidPaginationTokenException", "ResourceNotFoundException"},
    ),
    Operation(
        "GetContentModeration",
        None,
        None,
        _EVERY | {"InvalidPaginationTokenException", "ResourceNotFoundException"},
    ),
    Operation(
        "GetFaceDetection",
        shapes.GetFaceDetectionRequest,
        shapes.GetFaceDetectionResponse,
        _EVERY | {"InvalidPaginationTokenException", "ResourceNotFoundException"},
    ),
    Operation("GetFaceLivenessSessionResults", None, None, _EVERY | {"SessionNotFoundException"}),
    Operation(
        "GetFaceSearch",
        shapes.GetFaceSearchRequest,
        shapes.GetFaceSearchResponse,
        _EVERY | {"InvalidPaginationTokenException", "ResourceNotFoundException"},
    ),
    Operation(
        "GetLabelDetection",
        None,
        None,
        _EVERY | {"InvalidPaginationTokenException", "ResourceNotFoundException"},
    ),
    Operation("GetMediaAnalysisJob", None, None, _EVERY | {"ResourceNotFoundException"}),
    Operation(
        "GetPersonTracking",
        shapes.GetPersonTrackingRequest,
        shapes.GetPersonTrackingResponse,
        _EVERY | {"InvalidPaginationTokenException", "ResourceNotFoundException"},
    ),
    Operation(
        "GetSegmentDetection",
        None,
        None,
        _EVERY | {"InvalidPaginationTokenException", "ResourceNotFoundException"},
    ),
    Operation(
        "GetTextDetection",
        shapes.GetTextDetectionRequest,
        shapes.GetTextDetectionResponse,
        _EVERY | {"InvalidPaginationTokenException", "ResourceNotFoundException"},
    ),
    Operation(
        "IndexFaces",
        shapes.IndexFacesRequest,
        shapes.IndexFacesResponse,
        _EVERY
        | {
            "ImageTooLargeException",
            "InvalidImageFormatException",
            "InvalidS3ObjectException",
            "ResourceNotFoundException",
            "ServiceQuotaExceededException",
        },
    ),
    Operation(
        "ListCollections",
        shapes.ListCollectionsRequest,
        shapes.ListCollectionsResponse,
        _EVERY | {"InvalidPaginationTokenException", "ResourceNotFoundException"},
    ),
    Operation(
        "ListDatasetEntries",
        None,
        None,
        _EVERY
        | {
            "InvalidPaginationTokenException",
            "ResourceInUseException",
            "ResourceNotFoundException",
            "ResourceNotReadyException",
        },
    ),
    Operation(
        "ListDatasetLabels",
        None,
        None,
        _EVERY
        | {
            "InvalidPaginationTokenException",
            "ResourceInUseException",
            "ResourceNotFoundException",
            "ResourceNotReadyException",
        },
    ),
    Operation(
        "ListFaces",
        shapes.ListFacesRequest,
        shapes.ListFacesResponse,
        _EVERY | {"InvalidPaginationTokenException", "ResourceNotFoundException"},
    ),
    Operation("ListMediaAnalysisJobs", None, None, _EVERY | {"InvalidPaginationTokenException"}),
    Operation(
        "ListProjectPolicies",
        None,
        None,
        _EVERY | {"InvalidPaginationTokenException", "ResourceNotFoundException"},
    ),
    Operation(
        "ListStreamProcessors",
        shapes.ListStreamProcessorsRequest,
        shapes.ListStreamProcessorsResponse,
        _EVERY | {"InvalidPaginationTokenException"},
    ),
    Operation(
        "ListTagsForResource",
        shapes.ListTagsForResourceRequest,
        shapes.ListTagsForResourceResponse,
        _EVERY | {"ResourceNotFoundException"},
    ),
    Operation(
        "ListUsers",
        shapes.ListUsersRequest,
        shapes.ListUsersResponse,
        _EVERY | {"InvalidPaginationTokenException", "ResourceNotFoundException"},
    ),
    Operation(
        "PutProjectPolicy",
        None,
        None,
        _EVERY
        | {
            "InvalidPolicyRevisionIdException",
            "LimitExceededException",
            "MalformedPolicyDocumentException",
            "ResourceAlreadyExistsException",
            "ResourceNotFoundException",
            "ServiceQuotaExceededException",
        },
    ),
    Operation(
        "RecognizeCelebrities",
        shapes.RecognizeCelebritiesRequest,
        shapes.RecognizeCelebritiesResponse,
        _EVERY
        | {"ImageTooLargeException", "InvalidImageFormatException", "InvalidS3ObjectException"},
    ),
    Operation(
        "ReknownDeleteFromArchive",
        shapes.ReknownDeleteFromArchiveRequest,
        shapes.ReknownDeleteFromArchiveResponse,
        _EVERY | {"ResourceNotFoundException"},
    ),
    Operation(
        "ReknownDescribePolicy",
        shapes.ReknownDescribePolicyRequest,
        shapes.ReknownDescribePolicyResponse,
        _EVERY | {"ResourceNotFoundException"},
    ),
    Operation(
        "ReknownExportTemplates",
        shapes.ReknownExportTemplatesRequest,
        shapes.ReknownExportTemplatesResponse,
        _EVERY | {"InvalidPaginationTokenException", "ResourceNotFoundException"},
    ),
    Operation(
        "ReknownFindSightings",
        shapes.ReknownFindSightingsRequest,
        shapes.ReknownFindSightingsResponse,
        _EVERY
        | {
            "ImageTooLargeException",
            "InvalidImageFormatException",
            "InvalidS3ObjectException",
            "ResourceNotFoundException",
        },
    ),
    Operation(
        "ReknownGrantApproval",
        shapes.ReknownGrantApprovalRequest,
        shapes.ReknownGrantApprovalResponse,
        _EVERY | {"ResourceNotFoundException"},
    ),
    Operation(
        "ReknownGroupSightings",
        shapes.ReknownGroupSightingsRequest,
        shapes.ReknownGroupSightingsResponse,
        _EVERY | {"ResourceNotFoundException"},
    ),
    Operation(
        "ReknownIgnoreGroup",
        shapes.ReknownIgnoreGroupRequest,
        shapes.ReknownIgnoreGroupResponse,
        _EVERY | {"ResourceNotFoundException"},
    ),
    Operation(
        "ReknownImportTemplates",
        shapes.ReknownImportTemplatesRequest,
        shapes.ReknownImportTemplatesResponse,
        _EVERY | {"ResourceNotFoundException", "ServiceQuotaExceededException"},
    ),
    Operation(
        "ReknownJudgeCandidate",
        shapes.ReknownJudgeCandidateRequest,
        shapes.ReknownJudgeCandidateResponse,
        _EVERY | {"ResourceNotFoundException"},
    ),
    Operation(
        "ReknownKeepApart",
        shapes.ReknownKeepApartRequest,
        shapes.ReknownKeepApartResponse,
        _EVERY | {"ResourceNotFoundException"},
    ),
    Operation(
        "ReknownListApprovals",
        shapes.ReknownListApprovalsRequest,
        shapes.ReknownListApprovalsResponse,
        _EVERY | {"InvalidPaginationTokenException", "ResourceNotFoundException"},
    ),
    Operation(
        "ReknownListArchive",
        shapes.ReknownListArchiveRequest,
        shapes.ReknownListArchiveResponse,
        _EVERY | {"InvalidPaginationTokenException", "ResourceNotFoundException"},
    ),
    Operation(
        "ReknownListCases",
        shapes.ReknownListCasesRequest,
        shapes.ReknownListCasesResponse,
        _EVERY | {"InvalidPaginationTokenException", "ResourceNotFoundException"},
    ),
    Operation(
        "ReknownListConsents",
        shapes.ReknownListConsentsRequest,
        shapes.ReknownListConsentsResponse,
        _EVERY | {"InvalidPaginationTokenException", "ResourceNotFoundException"},
    ),
    Operation(
        "ReknownListGroups",
        shapes.ReknownListGroupsRequest,
        shapes.ReknownListGroupsResponse,
        _EVERY | {"InvalidPaginationTokenException", "ResourceNotFoundException"},
    ),
    Operation(
        "ReknownListJobs",
        shapes.ReknownListJobsRequest,
        shapes.ReknownListJobsResponse,
        _EVERY | {"InvalidPaginationTokenException", "ResourceNotFoundException"},
    ),
    Operation(
        "ReknownLookThroughCamera",
        shapes.ReknownLookThroughCameraRequest,
        shapes.ReknownLookThroughCameraResponse,
        _EVERY | {"LimitExceededException", "ResourceNotFoundException"},
    ),
    Operation(
        "ReknownMergeGroups",
        shapes.ReknownMergeGroupsRequest,
        shapes.ReknownMergeGroupsResponse,
        _EVERY | {"ResourceNotFoundException"},
    ),
    Operation(
        "ReknownMergeUsers",
        shapes.ReknownMergeUsersRequest,
        shapes.ReknownMergeUsersResponse,
        _EVERY | {"ResourceNotFoundException"},
    ),
    Operation(
        "ReknownMoveFaces",
        shapes.ReknownMoveFacesRequest,
        shapes.ReknownMoveFacesResponse,
        _EVERY | {"ResourceNotFoundException", "ServiceQuotaExceededException"},
    ),
    Operation(
        "ReknownNameGroup",
        shapes.ReknownNameGroupRequest,
        shapes.ReknownNameGroupResponse,
        _EVERY | {"ResourceNotFoundException", "ServiceQuotaExceededException"},
    ),
    Operation(
        "ReknownProposeMerges",
        shapes.ReknownProposeMergesRequest,
        shapes.ReknownProposeMergesResponse,
        _EVERY | {"ResourceNotFoundException"},
    ),
    Operation(
        "ReknownPutPolicy",
        shapes.ReknownPutPolicyRequest,
        shapes.ReknownPutPolicyResponse,
        _EVERY | {"ResourceNotFoundException"},
    ),
    Operation(
        "ReknownReadCase",
        shapes.ReknownReadCaseRequest,
        shapes.ReknownReadCaseResponse,
        _EVERY | {"ResourceNotFoundException"},
    ),
    Operation(
        "ReknownReadGroup",
        shapes.ReknownReadGroupRequest,
        shapes.ReknownReadGroupResponse,
        _EVERY | {"InvalidPaginationTokenException", "ResourceNotFoundException"},
    ),
    Operation(
        "ReknownRecordConsent",
        shapes.ReknownRecordConsentRequest,
        shapes.ReknownRecordConsentResponse,
        _EVERY | {"ResourceNotFoundException", "ServiceQuotaExceededException"},
    ),
    Operation(
        "ReknownRenameUser",
        shapes.ReknownRenameUserRequest,
        shapes.ReknownRenameUserResponse,
        _EVERY | {"ConflictException", "ResourceNotFoundException"},
    ),
    Operation(
        "ReknownResumeSearches",
        shapes.ReknownResumeSearchesRequest,
        shapes.ReknownResumeSearchesResponse,
        _EVERY | {"ResourceNotFoundException"},
    ),
    Operation(
        "ReknownScanArchive",
        shapes.ReknownScanArchiveRequest,
        shapes.ReknownScanArchiveResponse,
        _EVERY | {"ResourceNotFoundException"},
    ),
    Operation(
        "ReknownSearchAllFacesByImage",
        shapes.ReknownSearchAllFacesByImageRequest,
        shapes.ReknownSearchAllFacesByImageResponse,
        _EVERY
        | {
            "ImageTooLargeException",
            "InvalidImageFormatException",
            "InvalidS3ObjectException",
            "ResourceNotFoundException",
        },
    ),
    Operation(
        "ReknownSplitGroup",
        shapes.ReknownSplitGroupRequest,
        shapes.ReknownSplitGroupResponse,
        _EVERY | {"ResourceNotFoundException"},
    ),
    Operation(
        "ReknownStopJob",
        shapes.ReknownStopJobRequest,
        shapes.ReknownStopJobResponse,
        _EVERY | {"ResourceNotFoundException"},
    ),
    Operation(
        "ReknownStopSearches",
        shapes.ReknownStopSearchesRequest,
        shapes.ReknownStopSearchesResponse,
        _EVERY | {"ResourceNotFoundException"},
    ),
    Operation(
        "ReknownUnnameGroup",
        shapes.ReknownUnnameGroupRequest,
        shapes.ReknownUnnameGroupResponse,
        _EVERY | {"ResourceNotFoundException"},
    ),
    Operation(
        "ReknownWithdrawApproval",
        shapes.ReknownWithdrawApprovalRequest,
        shapes.ReknownWithdrawApprovalResponse,
        _EVERY | {"ResourceNotFoundException"},
    ),
    Operation(
        "ReknownWithdrawConsent",
        shapes.ReknownWithdrawConsentRequest,
        shapes.ReknownWithdrawConsentResponse,
        _EVERY | {"ResourceNotFoundException"},
    ),
    Operation(
        "SearchFaces",
        shapes.SearchFacesRequest,
        shapes.SearchFacesResponse,
        _EVERY | {"ResourceNotFoundException"},
    ),
    Operation(
        "SearchFacesByImage",
        shapes.SearchFacesByImageRequest,
        shapes.SearchFacesByImageResponse,
        _EVERY
        | {
            "ImageTooLargeException",
            "InvalidImageFormatException",
            "InvalidS3ObjectException",
            "ResourceNotFoundException",
        },
    ),
    Operation(
        "SearchUsers",
        shapes.SearchUsersRequest,
        shapes.SearchUsersResponse,
        _EVERY | {"ResourceNotFoundException"},
    ),
    Operation(
        "SearchUsersByImage",
        shapes.SearchUsersByImageRequest,
        shapes.SearchUsersByImageResponse,
        _EVERY
        | {
            "ImageTooLargeException",
            "InvalidImageFormatException",
            "InvalidS3ObjectException",
            "ResourceNotFoundException",
        },
    ),
    Operation(
        "StartCelebrityRecognition",
        shapes.StartCelebrityRecognitionRequest,
        shapes.StartCelebrityRecognitionResponse,
        _EVERY
        | {
            "IdempotentParameterMismatchException",
            "InvalidS3ObjectException",
            "LimitExceededException",
            "VideoTooLargeException",
        },
    ),
    Operation(
        "StartContentModeration",
        None,
        None,
        _EVERY
        | {
            "IdempotentParameterMismatchException",
            "InvalidS3ObjectException",
            "LimitExceededException",
            "VideoTooLargeException",
        },
    ),
    Operation(
        "StartFaceDetection",
        shapes.StartFaceDetectionRequest,
        shapes.StartFaceDetectionResponse,
        _EVERY
        | {
            "IdempotentParameterMismatchException",
            "InvalidS3ObjectException",
            "LimitExceededException",
            "VideoTooLargeException",
        },
    ),
    Operation(
        "StartFaceSearch",
        shapes.StartFaceSearchRequest,
        shapes.StartFaceSearchResponse,
        _EVERY
        | {
            "IdempotentParameterMismatchException",
            "InvalidS3ObjectException",
            "LimitExceededException",
            "ResourceNotFoundException",
            "VideoTooLargeException",
        },
    ),
    Operation(
        "StartLabelDetection",
        None,
        None,
        _EVERY
        | {
            "IdempotentParameterMismatchException",
            "InvalidS3ObjectException",
            "LimitExceededException",
            "VideoTooLargeException",
        },
    ),
    Operation(
        "StartMediaAnalysisJob",
        None,
        None,
        _EVERY
        | {
            "IdempotentParameterMismatchException",
            "InvalidManifestException",
            "InvalidS3ObjectException",
            "LimitExceededException",
            "ResourceNotFoundException",
            "ResourceNotReadyException",
        },
    ),
    Operation(
        "StartPersonTracking",
        shapes.StartPersonTrackingRequest,
        shapes.StartPersonTrackingResponse,
        _EVERY
        | {
            "IdempotentParameterMismatchException",
            "InvalidS3ObjectException",
            "LimitExceededException",
            "VideoTooLargeException",
        },
    ),
    Operation(
        "StartProjectVersion",
        None,
        None,
        _EVERY | {"LimitExceededException", "ResourceInUseException", "ResourceNotFoundException"},
    ),
    Operation(
        "StartSegmentDetection",
        None,
        None,
        _EVERY
        | {
            "IdempotentParameterMismatchException",
            "InvalidS3ObjectException",
            "LimitExceededException",
            "VideoTooLargeException",
        },
    ),
    Operation(
        "StartStreamProcessor",
        shapes.StartStreamProcessorRequest,
        shapes.StartStreamProcessorResponse,
        _EVERY | {"ResourceInUseException", "ResourceNotFoundException"},
    ),
    Operation(
        "StartTextDetection",
        shapes.StartTextDetectionRequest,
        shapes.StartTextDetectionResponse,
        _EVERY
        | {
            "IdempotentParameterMismatchException",
            "InvalidS3ObjectException",
            "LimitExceededException",
            "VideoTooLargeException",
        },
    ),
    Operation(
        "StopProjectVersion",
        None,
        None,
        _EVERY | {"ResourceInUseException", "ResourceNotFoundException"},
    ),
    Operation(
        "StopStreamProcessor",
        shapes.StopStreamProcessorRequest,
        shapes.StopStreamProcessorResponse,
        _EVERY | {"ResourceInUseException", "ResourceNotFoundException"},
    ),
    Operation(
        "TagResource",
        shapes.TagResourceRequest,
        shapes.TagResourceResponse,
        _EVERY | {"ResourceNotFoundException", "ServiceQuotaExceededException"},
    ),
    Operation(
        "UntagResource",
        shapes.UntagResourceRequest,
        shapes.UntagResourceResponse,
        _EVERY | {"ResourceNotFoundException"},
    ),
    Operation(
        "UpdateDatasetEntries",
        None,
        None,
        _EVERY | {"LimitExceededException", "ResourceInUseException", "ResourceNotFoundException"},
    ),
    Operation(
        "UpdateStreamProcessor",
        shapes.UpdateStreamProcessorRequest,
        shapes.UpdateStreamProcessorResponse,
        _EVERY | {"ResourceInUseException", "ResourceNotFoundException"},
    ),
)

OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {operation.name: operation for operation in _ALL}
)
