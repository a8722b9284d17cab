"""Kinesis video streams: fetched here by boto3, decoded by a process that has no network at all."""

from __future__ import annotations

import math
import os
import re
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reknown.awsclient import (
    CREDENTIAL_ERRORS,
    AwsClientError,
    Endpoint,
    Pace,
    Timeouts,
    guarded_client,
    received,
)
from reknown.biometrics.errors import ReknownError
from reknown.video.live.messages import Trouble, TroubleError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.video.live.cameras import Camera

# As a tag in the stream, after each fragment that is whole.
_TOKEN = re.compile(
    rb"AWS_KINESISVIDEO_CONTINUATION_TOKEN\x44\x87([\x81-\xff]|[\x40-\x7f].)", re.DOTALL
)
_WORD = re.compile(rb"[\x20-\x7e]{1,128}")
_LONGEST_TAG = 256
_REFUSALS = CREDENTIAL_ERRORS | {
    "AccessDeniedException",
    "ClientLimitExceededException",
    "NotAuthorizedException",
    "UnrecognizedClientException",
}
_MISSING = frozenset({"ResourceNotFoundException", "InvalidArgumentException"})


@dataclass(frozen=True, slots=True)
class FragmentMark:
    """The end of a fragment that was whole, and when it came, by the monotonic clock."""

    token: str
    at: float


def whole_tokens(data: bytes) -> Iterator[str]:
    """The tokens in it that are not cut off at its end."""
    for found in _TOKEN.finditer(data):
        # the first bit that is set says how many bytes the size has
        size = int.from_bytes(found[1], "big") & (0x7F if len(found[1]) == 1 else 0x3FFF)
        token = data[found.end() : found.end() + size]
        if len(token) == size and _WORD.fullmatch(token):
            yield token.decode()


class Fragments:
    """The media of one stream through a pipe, from now on or from where a connection was lost.

    `descriptor` is the pipe's end to read from; `trouble` says why nothing comes any more, and
    `mark` from where to go on.
    """

    def __init__(self, camera: Camera, mark: FragmentMark | None, silent: float) -> None:
        """Begins to fetch; raises `OSError` where there can be no pipe."""
        self._camera = camera
        self._silent = silent
        self._closed = Event()
        self.mark = mark
        self.trouble: Trouble | None = None
        self.descriptor, writing = os.pipe()
        Thread(target=self._pass_on, args=(writing,), daemon=True).start()

    def close(self) -> None:
        """Ends it; the thread follows with its next bytes, or when they do not come."""
        self._closed.set()
        os.close(self.descriptor)

    def _pass_on(self, writing: int) -> None:
        try:
            with os.fdopen(writing, "wb", buffering=0) as pipe, self._media() as raw:
                before = b""
                for chunk in received(raw, sys.maxsize, Pace(math.inf)):
                    if self._closed.is_set():
                        return
                    before = self._note(before + chunk)
                    left = memoryview(chunk)
                    while left:
                        left = left[pipe.write(left) :]
        except BrokenPipeError:  # nobody reads any more
            return
        except TroubleError as error:
            self.trouble = error.trouble
        except Exception as error:
            self.trouble = _trouble(error)

    def _note(self, data: bytes) -> bytes:
        """The last token in it, and what may be the beginning of another."""
        for token in whole_tokens(data):
            self.mark = FragmentMark(token, time.monotonic())
        return data[-_LONGEST_TAG:]

    def _media(self) -> Any:
        """The body of GetMedia."""
        camera = self._camera
        told = self._client("kinesisvideo", camera.place).get_data_endpoint(
            StreamARN=camera.arn, APIName="GET_MEDIA"
        )
        address = told["DataEndpoint"]
        _require_same(camera.place, address)
        selector = {"StartSelectorType": "NOW"}
        if self.mark is not None:
            selector = {
                "StartSelectorType": "CONTINUATION_TOKEN",
                "ContinuationToken": self.mark.token,
            }
        media = self._client("kinesis-video-media", address)
        return media.get_media(StreamARN=camera.arn, StartSelector=selector)["Payload"]

    def _client(self, service: str, address: str) -> Any:
        camera = self._camera
        endpoint = Endpoint(service, address, camera.region, camera.user, camera.password)
        timeouts = Timeouts(self._silent, self._silent, self._silent, attempts=1)
        return guarded_client(endpoint, timeouts)


def _require_same(endpoint: str, address: str) -> None:
    """Where the media are is said by the endpoint: it may name itself, or what is below it."""
    ours, theirs = urlsplit(endpoint), urlsplit(address)
    host = (theirs.hostname or "").lower()
    weaker = ours.scheme == "https" and theirs.scheme != "https"
    within = host == ours.hostname or host.endswith(f".{ours.hostname}")
    if weaker or not within:
        raise TroubleError(Trouble.ELSEWHERE)


def _trouble(error: Exception) -> Trouble:
    if isinstance(error, AwsClientError):
        return Trouble.ELSEWHERE
    if isinstance(error, ReknownError):  # no boto3, or credentials in halves
        return Trouble.REFUSED
    code = ""
    with suppress(AttributeError, KeyError, TypeError):
        code = error.response["Error"]["Code"]  # type: ignore[attr-defined]
    if code in _REFUSALS or type(error).__name__ == "NoCredentialsError":
        return Trouble.REFUSED
    if code in _MISSING:
        return Trouble.MISSING
    timed_out = "Timeout" in type(error).__name__ or isinstance(error, TimeoutError)
    return Trouble.NO_ANSWER if timed_out else Trouble.UNREACHABLE
