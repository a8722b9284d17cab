"""Every error that can occur is one that the operation's clients know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reknown.api.catalogue import OPERATIONS
from reknown.api.errors import CODES, SPECIAL, wire_error
from reknown.api.registry import HANDLERS
from reknown.biometrics import errors as ours

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reknown.api import shapes

_EVERYWHERE = frozenset(HANDLERS)
_IMAGES = frozenset(name for name, handler in HANDLERS.items() if handler.images)
_CHANGES = frozenset(name for name, handler in HANDLERS.items() if handler.changes)


def _with(*members: str) -> frozenset[str]:
    """The operations whose request has one of these members."""
    return frozenset(
        name for name in HANDLERS if any(hasattr(_request(name), member) for member in members)
    )


def _request(name: str) -> type[shapes.Shape]:
    request = OPERATIONS[name].request
    assert request is not None
    return request


_STREAMS = frozenset(name for name in HANDLERS if "StreamProcessor" in name)
_STARTS = frozenset(name for name in HANDLERS if name.startswith("Start")) - _STREAMS
_STORED = _IMAGES | _STARTS
_IN_COLLECTIONS = _with("collection_id", "resource_arn") - {"CreateCollection"}
_SEARCHES = frozenset(name for name in HANDLERS if "Search" in name) - {"GetFaceSearch"}
_CELEBRITIES = frozenset({"RecognizeCelebrities", "StartCelebrityRecognition"})
# Each leaf of the error trees, the code that it becomes and the operations that raise it.
_LEAVES: Mapping[type[ours.ReknownError], tuple[str, frozenset[str]]] = {
    ours.ImageTooLargeError: ("ImageTooLargeException", _IMAGES),
    ours.ImageTooSmallError: ("InvalidParameterException", _IMAGES),
    ours.InvalidImageError: ("InvalidImageFormatException", _IMAGES),
    ours.VideoTooLargeError: ("VideoTooLargeException", _STARTS),
    # of these the job tells, not the request
    ours.InvalidVideoError: ("InvalidParameterException", _STARTS),
    ours.VideoWorkError: ("InvalidParameterException", _STARTS),
    ours.NoFaceError: (
        "InvalidParameterException",
        frozenset({"CompareFaces", "SearchFacesByImage"}),
    ),
    ours.BusyError: (
        "ResourceInUseException",
        _STREAMS
        - {f"{verb}StreamProcessor" for verb in ("Describe", "Create")}
        - {"ListStreamProcessors"},
    ),
    # no operation takes a collection to another pack
    ours.UpgradeError: ("InternalServerError", _EVERYWHERE),
    ours.DecoderError: ("InternalServerError", _EVERYWHERE),
    ours.ModelFileError: ("InternalServerError", _EVERYWHERE),
    ours.ModelNotFoundError: ("InternalServerError", _EVERYWHERE),
    ours.LicenceNotAcceptedError: ("InternalServerError", _EVERYWHERE),
    ours.DownloadError: ("InternalServerError", _EVERYWHERE),
    ours.SpaceMismatchError: ("InvalidParameterException", _EVERYWHERE),
    ours.UncalibratedError: (
        "InvalidParameterException",
        _SEARCHES
        | _CELEBRITIES
        | {"CompareFaces", "AssociateFaces", "StartStreamProcessor"}
        | {"ReknownGroupSightings", "ReknownProposeMerges"},
    ),
    ours.CollectionNotFoundError: (
        "ResourceNotFoundException",
        _IN_COLLECTIONS | {"GetCelebrityInfo"},
    ),
    ours.NotFoundError: (
        "ResourceNotFoundException",
        _with("user_id", "job_id")
        | {"GetCelebrityInfo"}
        | (_STREAMS - {"CreateStreamProcessor", "ListStreamProcessors"})
        | {"ReknownLookThroughCamera"},
    ),
    ours.AlreadyExistsError: ("InvalidParameterException", frozenset({"ReknownImportTemplates"})),
    ours.QuotaError: (
        "ServiceQuotaExceededException",
        frozenset(
            {
                "AssociateFaces",
                "CreateStreamProcessor",
                "IndexFaces",
                "TagResource",
                "ReknownImportTemplates",
            }
        ),
    ),
    ours.PageError: ("InvalidPaginationTokenException", _with("next_token")),
    ours.DatabaseError: ("InternalServerError", _EVERYWHERE),
    ours.UpgradeError: ("InternalServerError", _EVERYWHERE),  # of the command line alone
    ours.ClusterError: ("InternalServerError", _EVERYWHERE),  # likewise
    ours.ReplayError: ("ThrottlingException", _CHANGES),
    ours.TokenMismatchError: (
        "IdempotentParameterMismatchException",
        _with("client_request_token"),
    ),
    ours.LimitError: (
        "LimitExceededException",
        _STARTS | {"CreateStreamProcessor", "ReknownLookThroughCamera"},
    ),
    ours.PolicyError: (
        "AccessDeniedException",
        _SEARCHES
        | _CELEBRITIES
        | {"AssociateFaces", "CreateCollection", "IndexFaces", "StartStreamProcessor"}
        | {"ReknownGroupSightings", "ReknownProposeMerges"},
    ),
    ours.AccessError: ("AccessDeniedException", _EVERYWHERE),
    ours.InputError: ("InvalidParameterException", _EVERYWHERE),
    ours.NoObjectStoreError: ("InvalidS3ObjectException", _STORED),
    ours.ObjectNotFoundError: ("InvalidS3ObjectException", _STORED),
    ours.ObjectTooLargeError: ("ImageTooLargeException", _IMAGES),
    ours.ObjectStoreError: ("InternalServerError", _STORED),
}
_SPECIAL: dict[tuple[str, type[ours.ReknownError]], str] = {
    ("CreateCollection", ours.AlreadyExistsError): "ResourceAlreadyExistsException",
    ("CreateStreamProcessor", ours.AlreadyExistsError): "ResourceInUseException",
    ("CreateStreamProcessor", ours.CollectionNotFoundError): "InvalidParameterException",
    ("CreateUser", ours.AlreadyExistsError): "ConflictException",
    ("ReknownRenameUser", ours.AlreadyExistsError): "ConflictException",
    **{(name, ours.CollectionNotFoundError): "InvalidParameterException" for name in _CELEBRITIES},
    **{(name, ours.ObjectTooLargeError): "VideoTooLargeException" for name in _STARTS},
}
# What no Amazon service declares: the protocol's own, and what concerns the signature.
_UNMODELLED = {
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "NotImplementedException",
    "RequestEntityTooLargeException",
    "RequestTimeoutException",
    "SerializationException",
    "UnknownOperationException",
    "UnrecognizedClientException",
    "ValidationException",
}


def _make(kind: type[ours.ReknownError]) -> ours.ReknownError:
    if kind is ours.ObjectTooLargeError:
        return ours.ObjectTooLargeError(1)
    if kind is ours.NoObjectStoreError:
        return ours.NoObjectStoreError()
    if kind is ours.PolicyError:
        return ours.PolicyError("what happened", "friends", "PurposeMissing")
    return kind("what happened")


def _leaves(kind: type[ours.ReknownError]) -> Iterator[type[ours.ReknownError]]:
    below = kind.__subclasses__()
    if not below:
        yield kind
    for one in below:
        yield from _leaves(one)


def test_every_error_is_mapped_on_purpose() -> None:
    leaves = {kind for kind in _leaves(ours.ReknownError) if kind.__module__ == ours.__name__}
    # whoever sends notices catches it, and no request waits for that
    leaves -= {ours.RefusedNotifyError}
    # a record of a watch is put into a bucket, which no request waits for
    leaves -= {ours.ObjectRefusedError}
    # it ends a watch, which no request waits for
    leaves -= {ours.TakenOverError}
    # any request may get it, without any operation declaring it
    leaves -= {ours.DatabaseUnavailableError}
    # these have a leaf below them and are raised themselves as well
    parents = {
        ours.AccessError,
        ours.BusyError,
        ours.DatabaseError,
        ours.InputError,
        ours.NotFoundError,
        ours.ObjectNotFoundError,
    }
    assert set(_LEAVES) - leaves == parents
    assert leaves <= set(_LEAVES)


@pytest.mark.parametrize("kind", _LEAVES, ids=lambda kind: kind.__name__)
def test_an_error_becomes_what_the_operation_declares(kind: type[ours.ReknownError]) -> None:
    code, operations = _LEAVES[kind]
    assert operations
    for operation in operations:
        translated = wire_error(_make(kind), operation, "friends")
        assert translated.code == code
        assert translated.code in OPERATIONS[operation].errors, operation
        assert translated.status == (500 if code == "InternalServerError" else 400)


def test_some_operations_have_a_code_of_their_own() -> None:
    stated = {(name, kind): code for name, one in SPECIAL.items() for kind, code in one.items()}
    assert stated == _SPECIAL
    for (operation, kind), code in _SPECIAL.items():
        assert wire_error(_make(kind), operation, "friends").code == code
        assert code in OPERATIONS[operation].errors


def test_the_first_rule_that_fits_is_the_one_that_counts() -> None:
    kinds = [kind for kind, _ in CODES]
    for number, kind in enumerate(kinds):
        assert not any(issubclass(kind, earlier) for earlier in kinds[:number]), kind


def test_what_is_not_declared_anywhere_is_on_purpose() -> None:
    declared = frozenset[str]().union(*(operation.errors for operation in OPERATIONS.values()))
    assert not _UNMODELLED & declared
    assert {code for _, code in CODES} - declared == {"ServiceUnavailableException"}


def test_the_servers_own_trouble_is_not_told() -> None:
    error = wire_error(ours.DatabaseError("/srv/secret: the disk is full"), "ListFaces", None)
    assert "secret" not in error.message


def test_a_missing_collection_is_the_same_error_everywhere(
    client: Any, name: str, eileen: bytes
) -> None:
    face = "01234567-89ab-4def-8123-456789abcdef"
    image = {"Image": {"Bytes": eileen}}
    calls: dict[str, dict[str, Any]] = {
        "delete_collection": {},
        "describe_collection": {},
        "index_faces": image,
        "list_faces": {},
        "delete_faces": {"FaceIds": [face]},
        "search_faces": {"FaceId": face},
        "search_faces_by_image": image,
        "create_user": {"UserId": "ada"},
        "delete_user": {"UserId": "ada"},
        "list_users": {},
        "associate_faces": {"UserId": "ada", "FaceIds": [face]},
        "disassociate_faces": {"UserId": "ada", "FaceIds": [face]},
        "search_users": {"UserId": "ada"},
        "search_users_by_image": image,
        "reknown_search_all_faces_by_image": image,
        "start_face_search": {"Video": {"S3Object": {"Bucket": "bucket", "Name": "name"}}},
        "reknown_export_templates": {},
        "reknown_import_templates": {
            "TemplateSpace": {"Pack": "p", "Fingerprint": "ab" * 32, "Dimension": 4},
            "Templates": [],
        },
        "reknown_find_sightings": {"UserId": "ada"},
        "reknown_list_groups": {},
        "reknown_name_group": {"Number": 1, "UserId": "ada"},
        "reknown_read_group": {"Number": 1},
        "reknown_group_sightings": {},
        "reknown_unname_group": {"Number": 1},
        "reknown_merge_groups": {"Number": 1, "IntoNumber": 2},
        "reknown_split_group": {"Number": 1, "SightingIds": [face]},
        "reknown_ignore_group": {"Number": 1},
        "reknown_keep_apart": {"Number": 1, "OtherNumber": 2},
        "reknown_propose_merges": {},
        "reknown_list_jobs": {},
        "reknown_list_archive": {},
        "reknown_delete_from_archive": {"Digests": ["ab" * 32]},
        "reknown_rename_user": {"UserId": "ada", "NewUserId": "bob"},
        "reknown_merge_users": {"UserId": "ada", "IntoUserId": "bob"},
        "reknown_move_faces": {"FaceIds": [face]},
        "reknown_list_cases": {},
        "reknown_read_case": {"CaseId": face},
        "reknown_judge_candidate": {
            "CaseId": face,
            "Number": 1,
            "Opinion": "same",
            "Grounds": ["ears"],
        },
        "reknown_describe_policy": {},
        "reknown_put_policy": {"Policy": ""},
        "reknown_record_consent": {"UserId": "ada", "Text": b"yes", "Basis": "signed"},
        "reknown_withdraw_consent": {"UserId": "ada"},
        "reknown_list_consents": {},
        "reknown_stop_searches": {"Reason": "a drill"},
        "reknown_grant_approval": {"Searcher": "cli:ada", "Reason": "a drill"},
        "reknown_withdraw_approval": {"ApprovalId": face},
        "reknown_list_approvals": {},
    }
    # what makes a collection, what takes back a stop that outlived one, and what needs --uploads
    assert len(calls) == len(_with("collection_id")) - 3
    for operation, request in calls.items():
        with pytest.raises(client.exceptions.ResourceNotFoundException) as missing:
            getattr(client, operation)(CollectionId=name, **request)
        text = missing.value.response["Error"]["Message"]
        assert text == f"The collection id: {name} does not exist"


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"no image", "InvalidImageFormatException"),
        (None, "InvalidS3ObjectException"),
        (b"", "ValidationException"),
        (b"x" * 5_242_881, "ValidationException"),
    ],
)
def test_a_bad_image_is_the_same_error_everywhere(
    client: Any, collection: str, data: bytes | None, error: str
) -> None:
    stored_image = {"S3Object": {"Bucket": "bucket", "Name": "name"}}
    image = stored_image if data is None else {"Bytes": data}
    calls: dict[str, dict[str, Any]] = {
        "detect_faces": {"Image": image},
        "compare_faces": {"SourceImage": image, "TargetImage": image},
        "index_faces": {"CollectionId": collection, "Image": image},
        "search_faces_by_image": {"CollectionId": collection, "Image": image},
        "search_users_by_image": {"CollectionId": collection, "Image": image},
        "reknown_search_all_faces_by_image": {"CollectionId": collection, "Image": image},
    }
    for operation, request in calls.items():
        with pytest.raises(client.exceptions.ClientError) as refused:
            getattr(client, operation)(**request)
        assert refused.value.response["Error"]["Code"] == error
        if error != "ValidationException":
            assert isinstance(refused.value, getattr(client.exceptions, error))


def test_an_error_keeps_nothing_of_the_requests_before() -> None:
    # an exception holds the frames that it passed, with all that was in them
    made = [wire_error(ours.DatabaseError("full"), "ListFaces", None) for _ in range(2)]
    assert made[0] is not made[1]
