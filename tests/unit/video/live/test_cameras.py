from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reknown.biometrics.errors import InputError
from reknown.video.live.cameras import Camera, CameraKind, load_cameras
from reknown.video.live.srt import SrtSettings

if TYPE_CHECKING:
    from pathlib import Path

ARN = "arn:aws:kinesisvideo:eu-west-1:123456789012:stream/dock/1700000000000"


def loaded(folder: Path, text: str, mode: int = 0o600) -> dict[str, Camera]:
    path = folder / "cameras.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return dict(load_cameras(path))


def one(folder: Path, *lines: str) -> Camera:
    (camera,) = loaded(folder, "\n".join(("[cameras.yard]", *lines))).values()
    return camera


def complaint(folder: Path, *lines: str) -> str:
    with pytest.raises(InputError) as caught:
        one(folder, *lines)
    return str(caught.value)


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("rtsp://10.0.0.7/stream1", CameraKind.RTSP),
        ("rtsps://cam.example.com:322/a?b=c", CameraKind.RTSP),
        ("https://cam.example.com/live/index.m3u8", CameraKind.HLS),
        ("http://cam.example.com/live.ts", CameraKind.MPEGTS),
        ("http://[fe80::1]:8080/video.mjpg", CameraKind.MJPEG),
    ],
)
def test_an_address_says_how_it_is_read(tmp_path: Path, address: str, kind: CameraKind) -> None:
    camera = one(tmp_path, f'address = "{address}"')
    assert (camera.name, camera.kind, camera.place) == ("yard", kind, address)


def test_where_the_address_does_not_say_it_the_table_does(tmp_path: Path) -> None:
    line = 'address = "http://10.0.0.7/cgi-bin/video"'
    assert one(tmp_path, line, 'kind = "mjpeg"').kind is CameraKind.MJPEG
    assert 'give kind = "hls", "mpegts" or "mjpeg"' in complaint(tmp_path, line)
    assert "kind is hls, mpegts or mjpeg" in complaint(tmp_path, line, 'kind = "jpeg"')
    said = complaint(tmp_path, 'address = "rtsp://h/"', 'kind = "hls"')
    assert "not for rtsp://" in said


def test_devices_films_and_kinesis_video_streams_are_cameras(tmp_path: Path) -> None:
    assert one(tmp_path, 'device = "/dev/video0"').kind is CameraKind.DEVICE
    film = one(tmp_path, 'file = "films/gate.mp4"', "turn = 180")
    assert (film.kind, film.place, film.turn) == (
        CameraKind.FILE,
        str(tmp_path / "films" / "gate.mp4"),
        180,
    )
    stream = one(
        tmp_path,
        f'arn = "{ARN}"',
        'endpoint = "https://kvs.example.com"',
        'access_key_id = "AKIA"',
        'secret_access_key = "much"',
    )
    assert (stream.kind, stream.place, stream.user, stream.password, stream.arn) == (
        CameraKind.KINESIS,
        "https://kvs.example.com",
        "AKIA",
        "much",
        ARN,
    )


def test_an_arn_may_stand_for_a_camera_that_is_none_of_amazons(tmp_path: Path) -> None:
    camera = one(tmp_path, f'arn = "{ARN}"', 'address = "rtsp://10.0.0.7/1"')
    assert (camera.kind, camera.arn) == (CameraKind.RTSP, ARN)


@pytest.mark.parametrize(
    "lines",
    [
        ('address = "rtsp://10.0.0.7/1"', 'user = "me"', 'password = "p@ss/wörd"'),
        ('address = "rtsp://me:p%40ss%2Fw%C3%B6rd@10.0.0.7/1"',),
    ],
)
def test_neither_address_nor_password_is_in_what_is_printed(
    tmp_path: Path, lines: tuple[str, ...]
) -> None:
    camera = one(tmp_path, *lines)
    assert (camera.place, camera.user, camera.password) == (
        "rtsp://10.0.0.7/1",
        "me",
        "p@ss/wörd",
    )
    assert "10.0.0.7" not in repr(camera)
    assert "p@ss" not in repr(camera)
    assert "'me'" not in repr(camera)


@pytest.mark.parametrize(
    "lines",
    [
        (
            'address = "srt://10.0.0.7:9000"',
            'passphrase = "a+b % c#d?ef"',
            'stream_id = "#!::r=yard,m=request"',
            "latency = 250",
        ),
        (
            'address = "srt://10.0.0.7:9000/?passphrase=a+b%20%25%20c%23d%3Fef&mode=caller'
            '&latency=250&streamid=#!::r=yard,m=request"',
        ),
    ],
    ids=["in the table", "in the address"],
)
def test_what_opens_a_camera_over_srt_is_not_in_its_place(
    tmp_path: Path, lines: tuple[str, ...]
) -> None:
    camera = one(tmp_path, *lines)
    assert (camera.kind, camera.place) == (CameraKind.SRT, "srt://10.0.0.7:9000")
    assert camera.srt == SrtSettings("a+b % c#d?ef", "#!::r=yard,m=request", 250)
    for secret in ("10.0.0.7", "a+b", "yard,"):
        assert secret not in repr(camera)


def test_a_camera_that_calls_needs_a_passphrase(tmp_path: Path) -> None:
    camera = one(
        tmp_path, 'address = "srt://10.0.0.1:9000?mode=listener"', 'passphrase = "0123456789"'
    )
    assert camera.srt == SrtSettings("0123456789", listens=True)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ((), "it has no address"),
        (('adress = "rtsp://s3cret/"',), "adress is unknown here: did you mean address?"),
        (('address = "rtsp://s3cret/"', "port = 5"), "port is unknown here"),
        (("address = 5",), "address: Expected str"),
        (('address = "s3cret"',), "address is not an address like"),
        (('address = "rtsp://s3cret:99999/"',), "address is not an address like"),
        (('address = "rtsp://s3cret/ x"',), "address is not an address like"),
        (('address = "file:///s3cret"',), "address is not an address like"),
        (('address = "ftp://s3cret/"',), "address begins with rtsp://"),
        (('address = "srt://s3cret"',), "an address over SRT is like srt://host:9000"),
        (('address = "srt://me@s3cret:9000"',), "an address over SRT is like"),
        (('address = "srt://h:9000"', 'user = "s3cret"'), "srt:// has passphrase"),
        (('address = "srt://h:9000"', 'passphrase = "s3cret"'), "passphrase has 10 to 79 bytes"),
        (('address = "srt://h:9000?passphrase=s3cret"',), "passphrase has 10 to 79 bytes"),
        (
            ('address = "srt://h:9000?passphrase=s3cret12345"', 'passphrase = "s3cret12345"'),
            "passphrase is in the address, too: give it once",
        ),
        (('address = "srt://h:9000?pass=s3cret"',), "the address has more behind"),
        (('address = "srt://h:9000?latency=200000"',), "latency is 0 to 8000 milliseconds"),
        (('address = "srt://h:9000"', "latency = -1"), "latency is 0 to 8000 milliseconds"),
        (('address = "srt://h:9000?mode=s3cret"',), "mode is caller or listener"),
        (('address = "srt://h:9000"', 'mode = "s3cret"'), "mode is caller or listener"),
        (('address = "srt://h:9000"', 'mode = "listener"'), "give a passphrase"),
        (
            ('address = "srt://h:9000?mode=listener&passphrase=s3cret12345&streamid=s3"',),
            "stream_id is for callers",
        ),
        (('address = "rtsp://h/"', 'passphrase = "s3cret"'), "passphrase is for srt://"),
        (('file = "x"', 'mode = "listener"'), "mode is for an address"),
        (('address = "rtsp://h/"', 'device = "/dev/video0"'), "give one of them"),
        (('address = "rtsp://a:s3cret@h/"', 'user = "a"'), "give them once"),
        (('address = "rtsp://me:2024#s3cret@h/"',), "it has an @ behind its host: give a password"),
        (('address = "rtsp://me:20/s3cret@h/"',), "write an @ of the path as %40"),
        (('address = "http://me:20?s3@h/a"', 'kind = "hls"'), "it has an @ behind its host"),
        (('address = "rtsp://h/"', 'password = "s3cret"'), "password needs a user"),
        (('address = "rtsp://h/"', 'user = "s3\\ncret"'), "user has control characters"),
        (('address = "http://h/a.ts"', 'transport = "udp"'), "transport is for rtsp://"),
        (('address = "rtsp://h/"', 'transport = "tls"'), "transport is tcp or udp"),
        (('address = "rtsp://h/"', "turn = 45"), "turn is 0, 90, 180 or 270"),
        (('address = "rtsp://h/"', 'hosts = ["s3cret"]'), "hosts are for HLS"),
        (('address = "rtsp://h/"', 'endpoint = "http://s3cret"'), "endpoint is for an arn"),
        (('device = "/etc/s3cret"',), "such as /dev/video0"),
        (('device = "/dev/video0"', 'password = "s3cret"'), "password is for an address"),
        (('file = ""',), "file is the path of a film"),
        ((f'arn = "{ARN}"',), "needs endpoint"),
        ((f'arn = "{ARN}"', 'endpoint = "rtsp://s3cret"'), "endpoint is an address like https"),
        ((f'arn = "{ARN}"', 'endpoint = "http://a:1#s3cret@h"'), "endpoint is an address like"),
        ((f'arn = "{ARN}"', 'endpoint = "http://h"', 'access_key_id = "s3cret"'), "give both"),
        (('arn = "arn:s3cret"',), "arn is that of a Kinesis video stream"),
    ],
)
def test_what_is_wrong_is_said_without_what_may_be_secret(
    tmp_path: Path, lines: tuple[str, ...], said: str
) -> None:
    message = complaint(tmp_path, *lines)
    assert said in message
    assert message.startswith(f"{tmp_path}/cameras.toml: cameras.yard: ")
    assert "s3" not in message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "write a table [cameras.NAME]"),
        ("cameras = 5", "write a table [cameras.NAME]"),
        ("cameras.yard = 5", "write a table of settings"),
        ("[camera.yard]", "camera is unknown here"),
        ('[cameras."a b"]\nfile = "x"', "a camera's name has 1 to 128 letters"),
        ("[cameras.yard", "is not valid TOML"),
        (
            f'[cameras.a]\nfile = "x"\narn = "{ARN}"\n[cameras.b]\nfile = "y"\narn = "{ARN}"',
            "cameras.b: a has the same arn",
        ),
    ],
)
def test_a_file_that_names_no_cameras_says_so(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        loaded(tmp_path, text)
    assert said in str(caught.value)


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o620])
def test_a_file_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(InputError, match="any user or changed by its group: run chmod o=,g-w"):
        loaded(tmp_path, '[cameras.yard]\nfile = "x"', mode)


def test_a_file_that_is_none_or_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not a file"):
        load_cameras(tmp_path)
    with pytest.raises(InputError, match="cannot read"):
        load_cameras(tmp_path / "nothing.toml")
