"""Kinesis video streams: fetched here by boto3, decoded by a process that has no network at all."""

from __future__ import annotations

import math
import os
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from reknown.awsclient import (
    AnswerBody,
    AwsClientError,
    Endpoint,
    Pace,
    SlowAnswerError,
    Timeouts,
    guarded_client,
    is_of_credentials,
    received,
)
from reknown.biometrics.errors import ReknownError
from reknown.video.live.fragments import FragmentLog
from reknown.video.live.messages import Trouble, TroubleError

if TYPE_CHECKING:
    from reknown.video.live.cameras import Camera

_REFUSALS = frozenset(
    {"AccessDeniedException", "ClientLimitExceededException", "NotAuthorizedException"}
)
_MISSING = frozenset({"ResourceNotFoundException", "InvalidArgumentException"})


@dataclass(frozen=True, slots=True)
class FragmentMark:
    """The end of a fragment that was whole, and when it came, by the monotonic clock."""

    token: str
    at: float


class Fragments:
    """The media of one stream through a pipe, from now on or from where a connection was lost.

    `descriptor` is the pipe's end to read from; `trouble` says why nothing comes any more, `mark`
    from where to go on, and `log` of what fragment a frame is.
    """

    def __init__(self, camera: Camera, mark: FragmentMark | None, silent: float) -> None:
        """Begins to fetch; raises `OSError` where there can be no pipe."""
        self._camera = camera
        self._silent = silent
        self._closed = Event()
        self._media: AnswerBody | None = None
        self.mark = mark
        self.log = FragmentLog()
        self.trouble: Trouble | None = None
        self.descriptor, writing = os.pipe()
        name = f"fragments of {camera.name}"
        Thread(target=self._pass_on, args=(writing,), name=name, daemon=True).start()

    def close(self) -> None:
        """Ends it; the thread follows at once, or when it was `silent` before there were media."""
        self._closed.set()
        if self._media is not None:
            self._media.deadline.cut()
        os.close(self.descriptor)

    def _pass_on(self, writing: int) -> None:
        try:
            with os.fdopen(writing, "wb", buffering=0) as pipe, self._opened() as media:
                self._media = media
                if self._closed.is_set():
                    return
                for chunk in received(media, sys.maxsize, Pace(math.inf)):
                    self._note(chunk)  # before a frame of it can be decoded
                    left = memoryview(chunk)
                    while left:
                        left = left[pipe.write(left) :]
        except BrokenPipeError:  # nobody reads any more
            return
        except TroubleError as error:
            self.trouble = error.trouble
        except Exception as error:
            self.trouble = _trouble(error)

    def _note(self, data: bytes) -> None:
        before = self.log.token
        self.log.note(data)
        token = self.log.token
        if token is not None and token != before:
            self.mark = FragmentMark(token, time.monotonic())

    def _opened(self) -> Any:
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
    if isinstance(error, SlowAnswerError):
        return Trouble.NO_ANSWER
    if isinstance(error, AwsClientError):
        return Trouble.ELSEWHERE
    if isinstance(error, ReknownError):  # no boto3, or credentials in halves
        return Trouble.REFUSED
    code = ""
    with suppress(AttributeError, KeyError, TypeError):
        code = error.response["Error"]["Code"]  # type: ignore[attr-defined]
    refused = code in _REFUSALS or is_of_credentials(code)
    if refused or type(error).__name__ == "NoCredentialsError":
        return Trouble.REFUSED
    if code in _MISSING:
        return Trouble.MISSING
    timed_out = "Timeout" in type(error).__name__ or isinstance(error, TimeoutError)
    return Trouble.NO_ANSWER if timed_out else Trouble.UNREACHABLE
