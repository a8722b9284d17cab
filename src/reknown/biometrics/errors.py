"""Every error that Reknown raises on purpose, as one tree.

ReknownError
├── ImageError                  the image cannot be used
│   ├── ImageTooLargeError      more bytes or pixels than the limits allow
│   ├── ImageTooSmallError      a side below the limit
│   └── InvalidImageError       not an image that can be decoded
├── DecoderError                no process can be started that decodes images
├── ClusterError                machines that images are sent to cannot be reached, or do no work
├── VideoError                  the video cannot be used
│   ├── VideoTooLargeError      more bytes, pixels, frames or hours than the limits allow
│   ├── InvalidVideoError       not a film whose frames can be decoded
│   └── VideoWorkError          analysing it took too much time or memory, or crashed
├── NoFaceError                 the operation needs a face and there is none
├── ModelError
│   ├── ModelFileError          a model file is damaged or not what it claims to be
│   ├── ModelNotFoundError      no pack of that name, or its files are not installed
│   ├── LicenceNotAcceptedError the pack's licence asks to be accepted first
│   └── DownloadError           a file could not be fetched
├── SpaceMismatchError          templates of different spaces were compared
├── UncalibratedError           a similarity was asked of a space without calibration
├── GalleryError
│   ├── NotFoundError           no such face or user
│   │   └── CollectionNotFoundError  no such collection
│   ├── AlreadyExistsError      the name is taken
│   ├── QuotaError              a gallery or a subject holds as much as it may
│   ├── BusyError               a watch is started, or is not: it cannot take this step now
│   │   └── TakenOverError      the name of the watch was lost to another one
│   ├── UpgradeError            a collection cannot take this step to another model pack now
│   ├── PageError               this is not where a page ended
│   └── DatabaseError           the database cannot be opened or is of another version
│       └── DatabaseUnavailableError  its server cannot be used for now: later it may
├── RequestError
│   ├── ReplayError             the same signed request was received before
│   ├── TokenMismatchError      a request token stands for another request
│   ├── LimitError              as much is under way for the caller, or used, as may be
│   └── AccessError             the caller may not do this, or is not known
│       └── PolicyError         the collection's rules do not allow it, whoever asks
├── ObjectError                 a stored object cannot be used
│   ├── ObjectNotFoundError     not there, or not for this caller: never said which
│   │   └── NoObjectStoreError  this server was started without any place to read from
│   ├── ObjectTooLargeError     more bytes than asked for
│   └── ObjectStoreError        the store is unreachable or broken: the operator's problem
├── NotifyError                 a notice was not delivered as far as is known: try again later
│   └── RefusedNotifyError      trying again later will not help either
└── InputError                  an argument or an input file makes no sense
"""


class ReknownError(Exception):
    """Base of all errors that a caller can act on; the message says what to do."""


class ImageError(ReknownError):
    """The image cannot be used."""


class ImageTooLargeError(ImageError):
    """More bytes, pixels or a longer side than the limits allow."""


class ImageTooSmallError(ImageError):
    """A side is shorter than the limit."""


class InvalidImageError(ImageError):
    """Not an image that can be decoded."""


class DecoderError(ReknownError):
    """No process can be started that decodes images: the operator's problem."""


class ClusterError(ReknownError):
    """Machines that images are sent to cannot be reached, or do not do the work."""


class VideoError(ReknownError):
    """The video cannot be used."""


class VideoTooLargeError(VideoError):
    """More bytes, pixels, frames or hours than the limits allow."""


class InvalidVideoError(VideoError):
    """Not a film whose frames can be decoded."""


class VideoWorkError(VideoError):
    """The process that analysed it ran out of time or memory, or crashed."""


class NoFaceError(ReknownError):
    """The operation needs a face and the image shows none, or none that is fit.

    `which` names the image where there are two; `unfit` is how many faces were refused.
    """

    def __init__(self, message: str, which: str = "", unfit: int = 0) -> None:
        super().__init__(message)
        self.which = which
        self.unfit = unfit


class ModelError(ReknownError):
    """Something is wrong with a model pack."""


class ModelFileError(ModelError):
    """A model file is damaged or is not what it claims to be."""


class ModelNotFoundError(ModelError):
    """No pack of that name, or its files are not on this machine."""


class LicenceNotAcceptedError(ModelError):
    """The pack may only be used after its licence has been accepted."""


class DownloadError(ModelError):
    """A model file could not be fetched."""


class SpaceMismatchError(ReknownError):
    """Templates of different template spaces cannot be compared."""


class UncalibratedError(ReknownError):
    """The template space has no measured table from score to false match rate."""


class GalleryError(ReknownError):
    """Something is wrong with the stored gallery."""


class NotFoundError(GalleryError):
    """No such collection, face or user."""


class CollectionNotFoundError(NotFoundError):
    """No such collection."""


class AlreadyExistsError(GalleryError):
    """The name is taken."""


class QuotaError(GalleryError):
    """A gallery or a subject holds as much as it may."""


class BusyError(GalleryError):
    """A watch cannot take this step in the state that it is in."""


class TakenOverError(BusyError):
    """The name of the watch was lost, perhaps to another one: nothing more is told here."""


class UpgradeError(GalleryError):
    """The collection cannot take this step on its way to another model pack now."""


class PageError(GalleryError):
    """The token is not where a page of this list ended."""


class DatabaseError(GalleryError):
    """The database cannot be opened, or belongs to another version."""


class DatabaseUnavailableError(DatabaseError):
    """The database's server was lost, or cannot be used for now: the same may succeed later.

    `lost` says that a connection that had worked was lost: another one may be had at once. What
    was being committed then may have been or not.
    """

    def __init__(self, message: str, *, lost: bool = False) -> None:
        super().__init__(message)
        self.lost = lost


class RequestError(ReknownError):
    """Something is wrong with the request itself."""


class ReplayError(RequestError):
    """The same signed request was received before."""


class TokenMismatchError(RequestError):
    """A request token stands for another request."""


class LimitError(RequestError):
    """As much is under way for the caller as may be, or its quota is used up: wait for an end."""


class AccessError(RequestError):
    """The caller may not do this, or is not known."""


class PolicyError(AccessError):
    """The collection's rules do not allow it; `reason` is a code for programs.

    `recorded` says that the ledger has this refusal already.
    """

    def __init__(self, message: str, collection: str, reason: str) -> None:
        super().__init__(message)
        self.collection = collection
        self.reason = reason
        self.recorded = False


class InputError(ReknownError):
    """An argument or an input file makes no sense."""


class ObjectError(ReknownError):
    """The stored object cannot be used."""


class ObjectNotFoundError(ObjectError):
    """No such bucket, object or version, or no access to it.

    The message is the same for all of these and repeats no name, so that it does not tell
    a caller what exists.
    """

    def __init__(
        self, message: str = "no such object or no access to it: check bucket, name and version"
    ) -> None:
        super().__init__(message)


class NoObjectStoreError(ObjectNotFoundError):
    """The server was started without any place to read objects from."""

    def __init__(self) -> None:
        super().__init__(
            "this server reads no stored images or videos: send the bytes of an image, "
            "or start the server with --buckets or --s3-endpoint"
        )


class ObjectTooLargeError(ObjectError):
    """The object has more bytes than asked for."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"the object has more than {max_bytes:,} bytes")


class ObjectRefusedError(ObjectError):
    """The place does not take this object, however often it is written."""


class ObjectStoreError(ObjectError):
    """The store is unreachable or broken; the message names no host and no credentials."""


class NotifyError(ReknownError):
    """The notification was not delivered as far as is known; it may be later.

    The message is for the operator and holds no secret.
    """


class RefusedNotifyError(NotifyError):
    """The notification will not be delivered, however often it is sent."""
