"""What can go wrong when a stored picture or video is fetched.

ObjectError
├── ObjectNotFoundError         not there, or not for this caller: never said which
│   └── NoObjectStoreError      this server was started without any place to read from
├── ObjectTooLargeError         more bytes than asked for
└── ObjectStoreError            the store is unreachable or broken: the operator's problem
"""

from __future__ import annotations

from reknown.biometrics.errors import ReknownError


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
            "this server reads no stored pictures or videos: send the bytes of a picture, "
            "or start the server with --buckets or --s3-endpoint"
        )


class ObjectTooLargeError(ObjectError):
    """The object has more bytes than asked for."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"the object has more than {max_bytes:,} bytes")


class ObjectStoreError(ObjectError):
    """The store is unreachable or broken; the message names no host and no credentials."""
