"""The cameras that the operator has named in a file of their own, with what they ask for.

Nobody else can name an address: a watch, a caller of the API and the database know a camera by its
name or its ARN alone.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

import msgspec

from reknown.biometrics.errors import InputError
from reknown.storage.small_files import read_private_text
from reknown.structs import resolved
from reknown.video.live.srt import SrtSettings, srt_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

_LARGEST = 1_000_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_ARN = re.compile(r"arn:aws[a-z-]*:kinesisvideo:[a-z0-9-]*:\d{12}:stream/[A-Za-z0-9_.-]{1,256}/\d+")
_DEVICE = re.compile(r"/dev/(video\d+|v4l/by-(id|path)/[A-Za-z0-9:._-]+)")
_HOST = re.compile(r"[A-Za-z0-9.:_-]+")
_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`")
_SECRET_SIZE = 1024
# of what a watch calls a camera by
_LONGEST = 256


class CameraKind(Enum):
    """How a camera is read."""

    RTSP = "rtsp"
    HLS = "hls"
    MPEGTS = "mpegts"
    MJPEG = "mjpeg"
    SRT = "srt"
    DEVICE = "device"
    FILE = "file"
    KINESIS = "kinesis"


IN_PIECES = frozenset({CameraKind.HLS, CameraKind.KINESIS})
"""Some seconds are filmed first, and sent at once then."""

_RTSP = frozenset({"rtsp", "rtsps"})
_WEB = {"hls": CameraKind.HLS, "mpegts": CameraKind.MPEGTS, "mjpeg": CameraKind.MJPEG}
_SUFFIXES = {
    ".m3u8": CameraKind.HLS,
    ".ts": CameraKind.MPEGTS,
    ".mjpg": CameraKind.MJPEG,
    ".mjpeg": CameraKind.MJPEG,
}


@dataclass(frozen=True, slots=True)
class Camera:
    """One of them; neither its address nor what opens it is in its `repr`.

    `place` is an address without credentials, the path of a device or a file, or the endpoint of a
    Kinesis video stream, whose user and password are an access key. With `arn` it is what a caller
    of the API means by that Kinesis video stream. `udp` is for RTSP. `turn` is by how many degrees
    clockwise its picture is turned. An encrypted connection is believed if `authorities`, a PEM
    file, has signed for it, by default those that the system trusts. An HLS playlist may name
    `hosts` beside the camera's own. `srt` is for SRT.
    """

    name: str
    kind: CameraKind
    place: str = field(repr=False)
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    arn: str | None = None
    udp: bool = False
    turn: int = 0
    authorities: Path | None = None
    hosts: tuple[str, ...] = ()
    region: str = "us-east-1"
    srt: SrtSettings | None = None


class CameraEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A camera as its table in the file says it."""

    address: str | None = None
    device: str | None = None
    file: str | None = None
    arn: str | None = None
    endpoint: str | None = None
    region: str = "us-east-1"
    kind: Literal["hls", "mpegts", "mjpeg"] | None = None
    user: str | None = None
    password: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = None
    transport: Literal["tcp", "udp"] = "tcp"
    turn: Literal[0, 90, 180, 270] = 0
    authorities: str | None = None
    hosts: tuple[str, ...] = ()
    passphrase: str | None = None
    stream_id: str | None = None
    latency: int | None = None
    mode: Literal["caller", "listener"] | None = None


_FIELDS = CameraEntry.__struct_fields__
_NOTHING = CameraEntry()
_OF_KINESIS = ("endpoint", "region", "access_key_id", "secret_access_key")
_OF_SRT = ("passphrase", "stream_id", "latency", "mode")
_OF_ADDRESS = ("user", "password", "kind", "transport", "authorities", "hosts")


def require_camera(wanted: str) -> None:
    """Raises `InputError` for what is neither a camera's name nor an ARN that may stand for one.

    The error does not repeat it: it may be an address with a password.
    """
    known = _NAME.fullmatch(wanted) or _ARN.fullmatch(wanted)
    if not known or len(wanted) > _LONGEST:
        raise InputError(
            "a camera is meant by its name in the cameras file, or by the ARN of a Kinesis video "
            "stream, arn:aws:kinesisvideo:<region>:<account>:stream/<name>/<number>, with "
            f"{_LONGEST} characters at most: write its address and its password into that file, "
            "and nowhere else"
        )


def load_cameras(path: Path) -> Mapping[str, Camera]:
    """The cameras in the file, by name.

    Raises `InputError` that names the file, the camera and what to write instead; never a value,
    which might be a secret.
    """
    text = read_private_text(path, _LARGEST)
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not valid TOML: {error}") from None
    try:
        return _cameras(document, path.parent)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _cameras(document: dict[str, Any], folder: Path) -> dict[str, Camera]:
    tables = document.pop("cameras", None)
    if document:
        raise InputError(f"{next(iter(document))} is unknown here: write [cameras.NAME]")
    if not isinstance(tables, dict) or not tables:
        raise InputError("it has no camera: write a table [cameras.NAME] for each")
    cameras = {}
    named: dict[str, str] = {}
    for name, table in tables.items():
        if not _NAME.fullmatch(name):
            raise InputError(
                "a camera's name has 1 to 128 letters, digits, dots, dashes and underscores, and "
                f"begins with a letter or a digit: not {name[:130]!r}"
            )
        try:
            camera = _camera(name, _entry(table), folder)
        except InputError as error:
            raise InputError(f"cameras.{name}: {error}") from None
        if camera.arn is not None:
            other = named.setdefault(camera.arn, name)
            if other != name:
                raise InputError(f"cameras.{name}: {other} has the same arn: give each its own")
        cameras[name] = camera
    return cameras


def _entry(table: object) -> CameraEntry:
    try:
        return msgspec.convert(table, resolved(CameraEntry))
    except msgspec.ValidationError as error:
        raise InputError(_complaint(str(error))) from None


def _complaint(message: str) -> str:
    """What msgspec says, in words that help; it names types and fields, and no more of values."""
    if found := _UNKNOWN.match(message):
        close = get_close_matches(found[1], _FIELDS, n=1)
        return f"{found[1]} is unknown here: " + (
            f"did you mean {close[0]}?" if close else f"there are {', '.join(_FIELDS)}"
        )
    what, _, place = message.partition(" - at `$.")
    where = place.rstrip("`")
    for name, choices in (
        ("kind", "hls, mpegts or mjpeg"),
        ("transport", "tcp or udp"),
        ("turn", "0, 90, 180 or 270"),
        ("mode", "caller or listener"),
    ):
        if where == name:
            return f"{name} is {choices}"
    what = what.replace("`", "")
    return f"{where}: {what}" if where else f"write a table of settings: {what}"


def _camera(name: str, entry: CameraEntry, folder: Path) -> Camera:
    given = [each for each in ("address", "device", "file") if getattr(entry, each) is not None]
    if len(given) > 1:
        raise InputError(f"it has {' and '.join(given)}: give one of them")
    if entry.arn is not None and not _ARN.fullmatch(entry.arn):
        raise InputError("arn is that of a Kinesis video stream: arn:aws:kinesisvideo:...")
    if given:
        _forbid(entry, _OF_KINESIS, "an arn without an address, device or file")
        return _MAKERS[given[0]](name, entry, folder)
    if entry.arn is None:
        raise InputError("it has no address: give address, device, file, or arn with endpoint")
    return _kinesis(name, entry)


def _forbid(entry: CameraEntry, names: tuple[str, ...], purpose: str) -> None:
    for each in names:
        if getattr(entry, each) != getattr(_NOTHING, each):
            raise InputError(f"{each} is for {purpose}")


def _device(name: str, entry: CameraEntry, _: Path) -> Camera:
    _forbid(entry, _OF_ADDRESS + _OF_SRT, "an address")
    assert entry.device is not None
    if not _DEVICE.fullmatch(entry.device):
        raise InputError("device is a camera of this machine, such as /dev/video0")
    return Camera(name, CameraKind.DEVICE, entry.device, arn=entry.arn, turn=entry.turn)


def _file(name: str, entry: CameraEntry, folder: Path) -> Camera:
    _forbid(entry, _OF_ADDRESS + _OF_SRT, "an address")
    if not entry.file or "\0" in entry.file:
        raise InputError("file is the path of a film")
    place = str(folder.absolute() / entry.file)
    return Camera(name, CameraKind.FILE, place, arn=entry.arn, turn=entry.turn)


def _kinesis(name: str, entry: CameraEntry) -> Camera:
    _forbid(entry, _OF_SRT, "an address")
    _forbid(entry, _OF_ADDRESS, "an address; an arn has access_key_id and secret_access_key")
    if entry.endpoint is None:
        raise InputError(
            "an arn without an address needs endpoint: that of Kinesis Video Streams, or of a "
            "server that speaks like it; or give the address that it stands for"
        )
    endpoint = _parts(entry.endpoint, "endpoint")
    if endpoint.scheme not in {"http", "https"} or endpoint.query or "@" in entry.endpoint:
        raise InputError("endpoint is an address like https://host:9000")
    if (entry.access_key_id is None) != (entry.secret_access_key is None):
        raise InputError("give both access_key_id and secret_access_key, or neither")
    return Camera(
        name,
        CameraKind.KINESIS,
        entry.endpoint,
        entry.access_key_id,
        entry.secret_access_key,
        arn=entry.arn,
        turn=entry.turn,
        region=entry.region,
    )


def _at_address(name: str, entry: CameraEntry, folder: Path) -> Camera:
    assert entry.address is not None
    parts = _parts(entry.address, "address")
    if parts.scheme == "srt":
        return _over_srt(name, parts, entry)
    _forbid(entry, _OF_SRT, "srt://")
    kind = _kind(parts, entry)
    if entry.transport == "udp" and kind is not CameraKind.RTSP:
        raise InputError("transport is for rtsp:// and rtsps://")
    if entry.hosts and kind is not CameraKind.HLS:
        raise InputError("hosts are for HLS, whose playlists may name them")
    if not all(map(_HOST.fullmatch, entry.hosts)):
        raise InputError("hosts are names or addresses of machines, such as cdn.example.com")
    user, password = _credentials(parts, entry)
    netloc = parts.netloc.rpartition("@")[2]
    return Camera(
        name,
        kind,
        urlunsplit(parts._replace(netloc=netloc, fragment="")),
        user,
        password,
        arn=entry.arn,
        udp=entry.transport == "udp",
        turn=entry.turn,
        authorities=folder.absolute() / entry.authorities if entry.authorities else None,
        hosts=tuple(host.lower() for host in entry.hosts),
    )


def _over_srt(name: str, parts: SplitResult, entry: CameraEntry) -> Camera:
    _forbid(entry, _OF_ADDRESS, "rtsp:// and http://; srt:// has passphrase, stream_id and mode")
    srt = srt_settings(parts, entry.passphrase, entry.stream_id, entry.latency, entry.mode)
    place = f"srt://{parts.netloc}"
    return Camera(name, CameraKind.SRT, place, arn=entry.arn, turn=entry.turn, srt=srt)


def _kind(parts: SplitResult, entry: CameraEntry) -> CameraKind:
    if parts.scheme in _RTSP:
        if entry.kind is not None:
            raise InputError(f"kind is for http:// and https://, not for {parts.scheme}://")
        return CameraKind.RTSP
    if parts.scheme not in {"http", "https"}:
        raise InputError("address begins with rtsp://, rtsps://, srt://, http:// or https://")
    kind = _WEB.get(entry.kind or "") or _SUFFIXES.get(PurePosixPath(parts.path).suffix.lower())
    if kind is None:
        raise InputError(
            'the address does not tell what it sends: give kind = "hls", "mpegts" or "mjpeg"'
        )
    return kind


def _credentials(parts: SplitResult, entry: CameraEntry) -> tuple[str | None, str | None]:
    """Those of the table, or those that were pasted with the address."""
    user, password = entry.user, entry.password
    if "@" in f"{parts.path}?{parts.query}#{parts.fragment}":
        raise InputError(
            "it has an @ behind its host: give a password with #, / or ? in it as password, beside "
            "the address, and write an @ of the path as %40"
        )
    if "@" in parts.netloc:
        if user is not None or password is not None:
            raise InputError("user and password are in the address, too: give them once")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
    for name, value in (("user", user), ("password", password)):
        if value is not None and (len(value) > _SECRET_SIZE or not value.isprintable()):
            raise InputError(f"{name} has control characters, or more than {_SECRET_SIZE}")
    if password and not user:
        raise InputError("password needs a user")
    return user or None, password or None


def _parts(address: str, name: str) -> SplitResult:
    wrong = InputError(f"{name} is not an address like rtsp://host/path or https://host:9000/path")
    if _CONTROL.search(address):
        raise wrong
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise wrong from None
    if not parts.hostname or not _HOST.fullmatch(parts.hostname):
        raise wrong
    return parts


_MAKERS = {"address": _at_address, "device": _device, "file": _file}
