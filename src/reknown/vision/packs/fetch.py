"""Fetches the files of a pack over HTTPS."""

from __future__ import annotations

import errno
import hashlib
import http.client
import os
import re
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING
from urllib.error import HTTPError

from reknown.biometrics.errors import DownloadError
from reknown.vision.packs.cache import exclusive
from reknown.vision.packs.licences import accept, require_accepted
from reknown.vision.packs.onnx_guard import check_onnx
from reknown.vision.packs.part import URL_PATTERN
from reknown.vision.packs.sources import FileState, read_source, state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from reknown.vision.packs.cache import ModelCache
    from reknown.vision.packs.manifest import PackDeclaration
    from reknown.vision.packs.part import PackFile

    Progress = Callable[[PackFile, int], None]

_CHUNK = 1 << 18
_WORTH_ANOTHER_TRY = frozenset({408, 416, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Seconds to wait for each answer, attempts for each file, seconds between those."""

    timeout: float = 30.0
    attempts: int = 3
    pause: float = 1.0


def pull(
    manifest: PackDeclaration,
    cache: ModelCache,
    *,
    accept_licence: bool = False,
    progress: Progress = lambda _file, _bytes: None,
    retries: RetryPolicy = RetryPolicy(),
) -> None:
    """Fetches what is missing or damaged; `progress` hears of each file's bytes so far.

    An interrupted file is continued by the next call. Raises `LicenceNotAcceptedError`,
    `DownloadError`, or `ModelNotFoundError` and `ModelFileError` for files in packages.
    """
    if accept_licence and manifest.non_commercial:
        accept(manifest, cache)
    require_accepted(manifest, cache)
    for file in manifest.files().values():
        if not file.in_package:
            with exclusive(cache.download(file).parent):
                if state(file, cache) is not FileState.READY:
                    _Download(file, cache.download(file), progress, retries).run()
        data = read_source(file, cache, manifest.name)
        if file.suffix == ".onnx":
            check_onnx(data)


class _InterruptedError(Exception):
    """The network failed in a way that another attempt may mend."""


class _Download:
    """One file on its way into the cache, by way of a `.part` file beside its place."""

    def __init__(
        self, file: PackFile, target: Path, progress: Progress, retries: RetryPolicy
    ) -> None:
        self._file = file
        self._target = target
        self._part = target.with_suffix(".part")
        self._progress = progress
        self._retries = retries
        self._opener = urllib.request.build_opener(_SafeRedirects)

    def run(self) -> None:
        reason = ""
        for attempt in range(self._retries.attempts):
            time.sleep(self._retries.pause * attempt)
            try:
                continued = self._fetch()
            except _InterruptedError as error:
                reason = f"{error}; run the command again to continue"
                continue
            if self._install():
                return
            reason = f"its SHA-256 is not {self._file.sha256}"
            if not continued:  # else the server's file may have changed: start over
                break
        raise self._error(reason)

    def _fetch(self) -> bool:
        """Completes the part file; whether it began with bytes of an earlier attempt."""
        try:
            have = self._part.stat().st_size if self._part.exists() else 0
            if have < self._file.size:
                have = self._transfer(have)
        except OSError as error:
            with suppress(OSError):
                self._part.unlink()
            full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            reason = "no space left on the disk" if full else str(error.strerror)
            raise self._error(f"cannot write {self._part}: {reason}") from error
        return have > 0

    def _transfer(self, have: int) -> int:
        """Returns the offset that the server agreed to start at."""
        with self._request(have) as response:
            start = self._start(response, have)
            with self._part.open("ab" if start else "wb") as out:
                at = start
                for chunk in _chunks(response, self._file.size - start):
                    out.write(chunk)
                    at += len(chunk)
                    self._progress(self._file, at)
                out.flush()
                os.fsync(out.fileno())
        if at < self._file.size:
            raise _InterruptedError(f"the connection ended at {at:,} of {self._file.size:,} bytes")
        return start

    def _request(self, have: int) -> http.client.HTTPResponse:
        headers = {"User-Agent": "reknown", "Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
        # The manifest allows no scheme but https (and http to this machine).
        request = urllib.request.Request(self._file.source, headers=headers)  # noqa: S310
        try:
            response = self._opener.open(request, timeout=self._retries.timeout)
        except HTTPError as error:
            with error:
                if error.code not in _WORTH_ANOTHER_TRY:
                    raise self._error(f"the server answers {error.code}") from error
                if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                    self._part.unlink(missing_ok=True)
                raise _InterruptedError(f"the server answers {error.code}") from error
        except (OSError, http.client.HTTPException) as error:
            raise _InterruptedError(str(error)) from error
        assert isinstance(response, http.client.HTTPResponse)
        return response

    def _start(self, response: http.client.HTTPResponse, have: int) -> int:
        """Where the answer's bytes belong: behind those at hand, or at the beginning."""
        if response.status == http.HTTPStatus.PARTIAL_CONTENT:
            expected = f"bytes {have}-{self._file.size - 1}/{self._file.size}"
            if response.headers["Content-Range"] != expected:
                self._part.unlink(missing_ok=True)
                raise _InterruptedError("the server continues another file")
            return have
        length = response.headers["Content-Length"]
        if response.status != http.HTTPStatus.OK or length not in (None, str(self._file.size)):
            raise self._error(f"{self._file.size:,} bytes expected, the server offers {length}")
        return 0

    def _install(self) -> bool:
        """Moves the part file to its place if it is the file wanted, else removes it."""
        if hashlib.sha256(self._part.read_bytes()).hexdigest() != self._file.sha256:
            self._part.unlink()
            return False
        self._part.replace(self._target)
        return True

    def _error(self, reason: str) -> DownloadError:
        return DownloadError(f"{self._file.source}: {reason}")


def _chunks(response: http.client.HTTPResponse, wanted: int) -> Iterator[bytes]:
    """Up to `wanted` bytes, never more; ends early where the connection does."""
    while wanted:
        try:
            chunk = response.read(min(_CHUNK, wanted))
        except (OSError, http.client.HTTPException) as error:
            raise _InterruptedError(str(error)) from error
        if not chunk:
            return
        wanted -= len(chunk)
        yield chunk


class _SafeRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Follows to where a manifest may point, and from https to nothing less."""
        downgrade = req.full_url.startswith("https:") and not newurl.startswith("https:")
        fp.close()  # the library would read all of this page, which may have no end
        if downgrade or not re.fullmatch(URL_PATTERN, newurl):
            raise DownloadError(f"{req.full_url}: redirected to {newurl}, which is refused")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
