"""What a client of an AWS service gets to see when a call fails."""

from __future__ import annotations

import msgspec


class WireError(Exception):
    """A failure with the code that AWS's clients know it by.

    `status` is the HTTP status; `retry_after_ms` asks the client to wait so many
    milliseconds before it tries again.
    """

    def __init__(
        self, code: str, message: str, status: int = 400, retry_after_ms: int | None = None
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.retry_after_ms = retry_after_ms


def error_body(error: WireError, request_id: str) -> bytes:
    """The JSON of an error; boto3 reads `__type`, others `Code`, people the request id."""
    return msgspec.json.encode(
        {
            "__type": error.code,
            "Code": error.code,
            "Message": error.message,
            "Logref": request_id,
        }
    )
