"""A camera -> packets of its video: the one place where live streams of strangers are demuxed.

Always in a process that can be killed (`child.py`). What FFmpeg may open is named for each kind;
credentials are put together here and nowhere before.
"""

from __future__ import annotations

import os
import ssl
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit

import av
import av.error
import av.logging
from av.stream import Discard

from reknown.biometrics.errors import InvalidVideoError, VideoTooLargeError
from reknown.video.decode import bounded_frames, open_video, video_stream
from reknown.video.live.cameras import CameraKind
from reknown.video.live.libsrt import SrtStream
from reknown.video.live.messages import Trouble, TroubleError
from reknown.video.live.web import Web, require_trusted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reknown.video.decode import VideoLimits
    from reknown.video.live.messages import Open

    Opened = Iterator[tuple[Any, Any]]

Had = TypeVar("Had")

_THREADS = 2
_LARGEST_PLAYLIST = 2**20
_LARGEST_SEGMENT = 512 * 2**20
_NEARLY = 0.9
_ENCRYPTED_PORT = 322
# Pictures as they come: nothing is collected first, and little is looked at to find out the format.
_AT_ONCE = {
    "fflags": "nobuffer",
    "flags": "low_delay",
    "analyzeduration": "2000000",
    "fpsprobesize": "0",
}
# What cameras send; sound is not decoded, but found out about.
_DECODERS = (
    "h264,hevc,mpeg4,mjpeg,mpeg2video,mpeg1video,vp8,vp9,libdav1d,av1,rawvideo,"
    "aac,pcm_alaw,pcm_mulaw,opus,libopus,mp3float,mp3,mp2float,mp2,ac3,g722,pcm_s16be,adpcm_g726"
)
_UNLIMITED = None
# What may be the matter with one part of a playlist, and not with the next.
_PASSED_OVER = frozenset(
    {Trouble.MISSING, Trouble.NO_ANSWER, Trouble.UNREACHABLE, Trouble.BROKE_OFF}
)


@contextmanager
def opened(
    order: Open, limits: VideoLimits, waits: Callable[[], None]
) -> Iterator[tuple[Any, Any]]:
    """The camera's container and its stream of video; raises `TroubleError`.

    While it is the camera that has to call, `waits` is told so.
    """
    av.logging.set_level(None)
    try:
        with _opening(order, limits, waits) as (container, stream):
            for other in container.streams:
                if other is not stream:
                    other.discard = Discard.all
            # frames at once would each be decoded later by as many as there are threads
            stream.thread_type = "SLICE"
            stream.codec_context.thread_count = _THREADS
            yield container, stream
    except VideoTooLargeError:
        raise TroubleError(Trouble.TOO_LARGE) from None
    except InvalidVideoError:
        raise TroubleError(Trouble.FORMAT) from None
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise TroubleError(trouble_of(error)) from None


def _opening(order: Open, limits: VideoLimits, waits: Callable[[], None]) -> Any:
    if order.srt is not None:
        return _srt(order, limits, waits)
    return _OPENERS[CameraKind(order.kind)](order, limits)


def trouble_of(error: Exception) -> Trouble:
    """What an error of FFmpeg's or of the system's means for a camera."""
    for kinds, trouble in (
        ((av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError), Trouble.REFUSED),
        ((av.error.HTTPNotFoundError,), Trouble.MISSING),
        ((TimeoutError, av.error.ExitError, av.error.TimeoutError), Trouble.NO_ANSWER),
        ((FileNotFoundError, PermissionError, av.error.FileNotFoundError), Trouble.NOT_THERE),
        ((av.error.InvalidDataError, ValueError), Trouble.NO_VIDEO),
        ((av.error.HTTPError,), Trouble.NO_ANSWER),
    ):
        if isinstance(error, kinds):
            return trouble
    return Trouble.UNREACHABLE


@contextmanager
def _rtsp(order: Open, limits: VideoLimits) -> Opened:
    parts = urlsplit(order.place)
    netloc = parts.netloc
    if order.user is not None:
        netloc = f"{quote(order.user, safe='')}:{quote(order.password or '', safe='')}@{netloc}"
    encrypted = parts.scheme == "rtsps"
    below = "tls,tcp" if encrypted else "tcp"
    options = {
        "rtsp_transport": "udp" if order.udp else "tcp",
        "protocol_whitelist": f"{below},udp,rtp" if order.udp else below,
        "timeout": str(round(order.silent * 1e6)),
    }
    if encrypted:
        options |= _trust(parts, order)
    address = urlunsplit(parts._replace(netloc=netloc))
    began = time.monotonic()
    try:
        with _demuxed(address, "rtsp", limits, options, timeout=order.silent) as found:
            yield found
    except av.error.InvalidDataError:
        # FFmpeg's word for a server that is silent, too
        if time.monotonic() - began < _NEARLY * order.silent:
            raise
        raise TroubleError(Trouble.NO_ANSWER) from None
    except av.error.ArgumentError:  # a redirect: to rtsp, which is none of what it may open
        raise TroubleError(Trouble.ELSEWHERE) from None


def _trust(parts: SplitResult, order: Open) -> dict[str, str]:
    """Has FFmpeg believe whom the system, or the operator, believes."""
    host = parts.hostname or ""
    # FFmpeg looks as well, and says no more than that something went wrong
    require_trusted(host, parts.port or _ENCRYPTED_PORT, order.authorities, order.silent)
    authorities = order.authorities or ssl.get_default_verify_paths().cafile
    options = {"tls_verify": "1", "verifyhost": host}
    return options | ({"ca_file": authorities} if authorities else {})


def _web(order: Open) -> Web:
    credentials = order.user, order.password
    return Web(order.place, *credentials, order.authorities, order.hosts, order.silent)


@contextmanager
def _fetched(order: Open, limits: VideoLimits) -> Opened:
    web = _web(order)
    form = "mpjpeg" if order.kind == CameraKind.MJPEG.value else "mpegts"
    with _saying(web), _demuxed(web.open(order.place), form, limits) as found:
        yield found


@contextmanager
def _srt(order: Open, limits: VideoLimits, waits: Callable[[], None]) -> Opened:
    with (
        closing(SrtStream(order, waits)) as stream,
        _saying(stream),
        _demuxed(stream, "mpegts", limits) as found,
    ):
        yield found


@contextmanager
def _playlist(order: Open, limits: VideoLimits) -> Opened:
    web = _web(order)
    _look_at_playlist(web, order.place)
    options = {"http_persistent": "0", "http_multiple": "0", "live_start_index": "-2"}

    def fetch(address: str, _flags: int, _options: dict[str, str]) -> object:
        return _Part(web, address)

    with _saying(web), _demuxed(order.place, "hls", limits, options, io_open=fetch) as found:
        yield found


class _Part:
    """As much of it as can be had: FFmpeg goes on with the next one, but where this raises."""

    def __init__(self, web: Web, address: str) -> None:
        self._web = web
        self._body = self._had(lambda: web.open(address, _LARGEST_SEGMENT))

    def read(self, size: int) -> bytes:
        """What has come, `size` bytes at most; nothing at the end, or where it fails."""
        body = self._body
        return self._had(lambda: body.read(size)) or b"" if body else b""

    def close(self) -> None:
        """Ends the connection."""
        if self._body is not None:
            self._body.close()

    def _had(self, fetch: Callable[[], Had]) -> Had | None:
        try:
            return fetch()
        except TroubleError as error:
            if error.trouble not in _PASSED_OVER:
                raise
            self._web.trouble = None
            return None


def _look_at_playlist(web: Web, place: str) -> None:
    """Says better than FFmpeg why it cannot be had, or what it names that is not the camera's."""
    body, text = web.open(place, _LARGEST_PLAYLIST), b""
    while data := body.read(_LARGEST_PLAYLIST):
        text += data
    body.close()
    for line in text.decode(errors="replace").splitlines():
        if line.strip() and not line.startswith("#"):
            web.require(urljoin(place, line.strip()))


@contextmanager
def _saying(source: Web | SrtStream) -> Iterator[None]:
    """What the fetching says is wrong, where FFmpeg knows less."""
    try:
        yield
    except (av.error.FFmpegError, OSError, ValueError):
        if source.trouble is None:
            raise
    if source.trouble is not None:
        raise TroubleError(source.trouble)


@contextmanager
def _device(order: Open, limits: VideoLimits) -> Opened:
    with _demuxed(order.place, "video4linux2", limits) as found:
        yield found


@contextmanager
def _file(order: Open, limits: VideoLimits) -> Opened:
    assert order.source is not None
    with os.fdopen(order.source, "rb") as file, open_video(file, limits) as video:
        yield video.container, video.stream


@contextmanager
def _fragments(order: Open, limits: VideoLimits) -> Opened:
    assert order.source is not None
    with (
        os.fdopen(order.source, "rb", buffering=0) as pipe,
        _demuxed(_Pipe(pipe), "matroska", limits) as found,
    ):
        yield found


class _Pipe:
    """What comes through it, which cannot be sought in."""

    def __init__(self, pipe: Any) -> None:
        self.read = pipe.read


@contextmanager
def _demuxed(
    place: object,
    form: str,
    limits: VideoLimits,
    options: dict[str, str] | None = None,
    *,
    timeout: float | None = _UNLIMITED,
    io_open: Callable[..., object] | None = None,
) -> Opened:
    bounds = bounded_frames(limits)
    told = _AT_ONCE | {"codec_whitelist": _DECODERS} | (options or {})
    with av.open(
        place,
        format=form,
        metadata_errors="replace",
        options=told | bounds,
        timeout=timeout,
        io_open=io_open,
    ) as container:
        stream = video_stream(container)
        stream.codec_context.options = bounds
        yield container, stream


_OPENERS: dict[CameraKind, Any] = {
    CameraKind.RTSP: _rtsp,
    CameraKind.HLS: _playlist,
    CameraKind.MPEGTS: _fetched,
    CameraKind.MJPEG: _fetched,
    CameraKind.DEVICE: _device,
    CameraKind.FILE: _file,
    CameraKind.KINESIS: _fragments,
}
