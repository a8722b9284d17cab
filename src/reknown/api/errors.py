"""From our errors to the codes that clients of Rekognition know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.awswire.errors import WireError
from reknown.biometrics import errors as ours
from reknown.biometrics.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

_RESEND_MS = 1000
# What Amazon calls the images of a comparison.
_IMAGES = {"probe": "source", "reference": "target", "": ""}
INTERNAL = "InternalServerError"
UNAVAILABLE = "ServiceUnavailableException"
_NOT_FOUND = "ResourceNotFoundException"
# Amazon's sentence, which programs look for.
_NO_OBJECT = (
    "Unable to get object metadata from S3. Check object key, region and/or access permissions."
)

# The first class that fits, so the special ones come first.
CODES: tuple[tuple[type[ours.ReknownError], str], ...] = (
    (ours.ImageTooLargeError, "ImageTooLargeException"),
    (ours.InvalidImageError, "InvalidImageFormatException"),
    (ours.ImageError, "InvalidParameterException"),
    (ours.VideoTooLargeError, "VideoTooLargeException"),
    (ours.VideoError, "InvalidParameterException"),
    (ours.NoFaceError, "InvalidParameterException"),
    (ours.SpaceMismatchError, "InvalidParameterException"),
    (ours.UncalibratedError, "InvalidParameterException"),
    (ours.NotFoundError, _NOT_FOUND),
    (ours.AlreadyExistsError, "InvalidParameterException"),
    (ours.BusyError, "ResourceInUseException"),
    (ours.QuotaError, "ServiceQuotaExceededException"),
    (ours.PageError, "InvalidPaginationTokenException"),
    (ours.ReplayError, "ThrottlingException"),
    (ours.TokenMismatchError, "IdempotentParameterMismatchException"),
    (ours.LimitError, "LimitExceededException"),
    (ours.AccessError, "AccessDeniedException"),
    (ours.InputError, "InvalidParameterException"),
    (ours.ObjectTooLargeError, "ImageTooLargeException"),
    (ours.ObjectStoreError, INTERNAL),
    (ours.ObjectError, "InvalidS3ObjectException"),
    (ours.DatabaseUnavailableError, UNAVAILABLE),
    # what only the operator can mend: broken models, broken databases
    (ours.ReknownError, INTERNAL),
)
# Where Amazon has another code for the same thing.
SPECIAL: Mapping[str, Mapping[type[ours.ReknownError], str]] = {
    "CreateCollection": {ours.AlreadyExistsError: "ResourceAlreadyExistsException"},
    "CreateStreamProcessor": {
        ours.AlreadyExistsError: "ResourceInUseException",
        # it declares no ResourceNotFoundException
        ours.CollectionNotFoundError: "InvalidParameterException",
    },
    "CreateUser": {ours.AlreadyExistsError: "ConflictException"},
    "ReknownRenameUser": {ours.AlreadyExistsError: "ConflictException"},
    # the collection is the operator's, so these declare no ResourceNotFoundException
    "RecognizeCelebrities": {ours.CollectionNotFoundError: "InvalidParameterException"},
    "StartCelebrityRecognition": {
        ours.CollectionNotFoundError: "InvalidParameterException",
        ours.ObjectTooLargeError: "VideoTooLargeException",
    },
    "StartFaceDetection": {ours.ObjectTooLargeError: "VideoTooLargeException"},
    "StartFaceSearch": {ours.ObjectTooLargeError: "VideoTooLargeException"},
    "StartPersonTracking": {ours.ObjectTooLargeError: "VideoTooLargeException"},
    "StartTextDetection": {ours.ObjectTooLargeError: "VideoTooLargeException"},
}


def wire_error(error: ours.ReknownError, operation: str, collection: str | None) -> WireError:
    """The error of an operation as the client gets to see it."""
    special = SPECIAL.get(operation, {}).get(type(error))
    code = special or next(code for kind, code in CODES if isinstance(error, kind))
    if code == INTERNAL:
        return internal_error()
    if code == UNAVAILABLE:
        return without_database()
    if isinstance(error, ours.ReplayError):
        # Clients of AWS sign again when they are throttled; who only copied the request cannot.
        return WireError(code, str(error), retry_after_ms=_RESEND_MS)
    return WireError(code, _message(error, code, operation, collection))


def internal_error() -> WireError:
    """What clients get to see of trouble that only the operator can mend.

    A new one each time: an exception keeps the frames that it was raised through, and with
    them the images of the request.
    """
    return WireError(INTERNAL, "Something failed on the server: its log tells more.", 500)


def without_database() -> WireError:
    """What a request gets while the database is out of reach: clients send it again."""
    return WireError(
        UNAVAILABLE, "The database cannot be used for the moment: send the request again.", 503
    )


def unavailable() -> WireError:
    """What a request gets that the server cannot finish before it stops: clients send it again."""
    return WireError(UNAVAILABLE, "The server is stopping: send the request again.", 503)


def _message(error: ours.ReknownError, code: str, operation: str, collection: str | None) -> str:
    if code == "ResourceAlreadyExistsException":
        return f"The collection id: {collection} already exists"
    if isinstance(error, ours.CollectionNotFoundError) and collection is not None:
        name = printable(collection)
        # callers are not told what the operator calls the gallery of celebrities
        hidden = code != _NOT_FOUND and "Celebrit" in operation
        which = "gallery of --celebrities" if hidden else f"collection id: {name}"
        return f"The {which} does not exist"
    if isinstance(error, ours.ObjectNotFoundError):
        lacking = f" Here {error}" if isinstance(error, ours.NoObjectStoreError) else ""
        return f"{_NO_OBJECT}{lacking}"
    if isinstance(error, ours.NoFaceError):
        return _without_face(error)
    if isinstance(error, ours.InvalidImageError):
        return f"Request has invalid image format: {error}"
    return str(error)


def _without_face(error: ours.NoFaceError) -> str:
    image = f"{_IMAGES[error.which]} image".lstrip()
    if error.unfit:
        return str(error).replace(f"{error.which} image".lstrip(), image)
    return f"There are no faces in the {image}. Should be at least 1."
