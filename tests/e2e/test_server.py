"""`reknown serve` as its users run it: real processes, real signals, real stores."""

from __future__ import annotations

import base64
import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, SSLError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from moto.server import ThreadedMotoServer

import callers
import clients
import processes
from processes import wait_for
from servers import REKNOWN, Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(not REKNOWN.exists(), reason="reknown is not installed here")


def _wait_until_ready(server: Server) -> None:
    netloc = urlsplit(server.address).netloc
    for _ in range(1000):
        with closing(http.client.HTTPConnection(netloc, timeout=10)) as connection:
            connection.request("GET", "/ready")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.02)
    raise TimeoutError(server.log)


def _serve(*words: object) -> subprocess.CompletedProcess[str]:
    """For a server that ends by itself."""
    command = [str(REKNOWN), "serve", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _ended(server: Server) -> str:
    """What a server printed after its first key, until it ended."""
    server.process.terminate()
    assert server.process.stdout is not None
    return server.process.stdout.read()


def test_it_starts_and_shows_its_first_key_once(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(data) as first:
        _wait_until_ready(first)
        key = first.key_id, first.secret
        assert first.secret not in _ended(first)
    with serving(data, key=key) as second:
        _wait_until_ready(second)
        with closing(second.client()) as client:
            assert client.list_collections()["CollectionIds"] == []
        said = _ended(second)
    assert "SECRET" not in said
    assert first.secret not in "".join(first.log + second.log)


def test_the_environment_is_printed_without_a_server(tmp_path: Path) -> None:
    port = _free_port()
    first, second = (_serve("--data", tmp_path, "--port", port, "--print-env") for _ in range(2))
    assert (first.returncode, first.stderr) == (0, "")
    settings = dict(
        word.split("=", 1)
        for line in first.stdout.partition("\n\n")[0].splitlines()
        for word in line.removeprefix("export ").split()
    )
    assert settings["AWS_ENDPOINT_URL_REKOGNITION"] == f"http://127.0.0.1:{port}"
    assert f"AWS_ACCESS_KEY_ID={settings['AWS_ACCESS_KEY_ID']}\n" in second.stdout
    assert settings["AWS_SECRET_ACCESS_KEY"] not in second.stdout


def test_a_port_in_use_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = _serve("--data", tmp_path, "--port", port)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"reknown: cannot listen on 127.0.0.1 port {port}: ")
    assert "choose another --port" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        ("--mqtt", "127.0.0.1", "the address of the MQTT broker"),
        ("--events-webhook", "https://home.example/", "REKNOWN_WEBHOOK_SECRET"),
        ("--events-topic", "arn:aws:sns:us-east-1:000000000000:seen", "needs --sns-endpoint"),
    ],
)
def test_a_way_out_of_events_that_is_wrong_ends_it_before_it_says_that_it_listens(
    tmp_path: Path, option: str, value: str, complaint: str
) -> None:
    done = _serve("--data", tmp_path, "--port", _free_port(), option, value)
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr
    command = [str(REKNOWN), "keys", "list", "--data", str(tmp_path), "--json"]
    keys = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (keys.returncode, keys.stdout) == (0, "")


@processes.needs_proc
def test_the_configuration_file_is_its_and_its_workers(tmp_path: Path) -> None:
    (tmp_path / "buckets").mkdir()
    file = tmp_path / "reknown.toml"
    file.write_text('[server]\nhost = "::1"\n[objects]\nbuckets = "buckets"\n')
    with serving(tmp_path / "data", "--config", file) as server:
        assert server.address.startswith("http://[::1]:")
        worker = processes.child_of(server.process.pid, " worker --parent ")
        variables = Path(f"/proc/{worker}/environ").read_text().split("\0")
        assert f"REKNOWN_OBJECTS__BUCKETS={tmp_path / 'buckets'}" in variables
        assert f"REKNOWN_DATA={tmp_path / 'data'}" in variables


@contextmanager
def _interruptible() -> Iterator[None]:
    # A shell's background jobs ignore Ctrl-C and hand that down, unless it is handled here.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_when_the_answers_are_out(
    tmp_path: Path, kind: signal.Signals, eileen: bytes
) -> None:
    codes: list[int] = []
    with _interruptible(), serving(tmp_path / "data", "--workers", 1) as server:
        _wait_until_ready(server)

        def detect() -> None:
            image = {"Bytes": base64.b64encode(eileen).decode()}
            codes.append(callers.sign(server, "DetectFaces", {"Image": image}).send().status)

        threads = [threading.Thread(target=detect) for _ in range(8)]
        for thread in threads:
            thread.start()
        while not codes:
            time.sleep(0.001)
        server.process.send_signal(kind)
        for thread in threads:
            thread.join()
        assert server.process.wait(timeout=30) in {0, -kind, 128 + kind}
    assert codes == [200] * 8
    assert "Traceback" not in "".join(server.log)


class _Writer(threading.Thread):
    """Writes until it is stopped and remembers what was acknowledged; outlives the server."""

    def __init__(self, server: Server, number: int, image: bytes) -> None:
        super().__init__(daemon=True)  # a failed test must not wait for it
        self._server = server
        self._number = number
        self._image = image
        self.stopped = threading.Event()
        self.faces: set[str] = set()
        self.deleted: set[str] = set()
        self.users: set[str] = set()
        self.requests: list[str] = []

    def run(self) -> None:
        client = callers.distinct(self._server.client(**callers.NO_RETRIES))
        with closing(client):
            while not self.stopped.is_set():
                try:
                    self._write(client)
                except (BotoCoreError, ClientError):
                    time.sleep(0.05)

    def _write(self, client: Any) -> None:
        note = uuid4().bytes
        comment = b"\xff\xfe" + (len(note) + 2).to_bytes(2, "big") + note
        image = self._image[:2] + comment + self._image[2:]
        answer = client.index_faces(CollectionId="people", Image={"Bytes": image})
        made = {record["Face"]["FaceId"] for record in answer["FaceRecords"]}
        assert len(made) == 1
        self.faces |= made
        self._note(answer)
        user = f"user-{self._number}-{len(self.requests)}"
        self._note(client.create_user(CollectionId="people", UserId=user))
        self.users.add(user)
        if len(self.requests) % 3 == 0:
            gone = self.faces.pop()
            answer = client.delete_faces(CollectionId="people", FaceIds=[gone])
            assert answer["DeletedFaces"] == [gone]
            self.deleted.add(gone)
            self._note(answer)

    def _note(self, answer: dict[str, Any]) -> None:
        self.requests.append(answer["ResponseMetadata"]["RequestId"])


def _told(ledger: list[dict[str, Any]]) -> tuple[set[str], set[str]]:
    """The faces and users that there have to be if the ledger is right."""
    faces: set[str] = set()
    users: set[str] = set()
    for row in ledger:
        if row["operation"] == "enrol":
            faces |= set(row["record"]["faces"])
        elif row["operation"] == "delete faces":
            faces -= set(row["record"]["faces"])
        elif row["operation"] == "create user":
            users.update(row["names"].values())
    return faces, users


def test_killed_under_load_nothing_acknowledged_is_lost(tmp_path: Path, eileen: bytes) -> None:
    data, port = tmp_path / "data", _free_port()
    writers: list[_Writer] = []
    key = None
    for kill in range(4):
        with serving(data, "--port", port, key=key) as server:
            key = server.key_id, server.secret
            _wait_until_ready(server)
            if not writers:
                with closing(server.client()) as client:
                    client.create_collection(CollectionId="people")
                writers = [_Writer(server, number, eileen) for number in range(2)]
                for writer in writers:
                    writer.start()
            if kill < 3:
                before = sum(len(writer.requests) for writer in writers)
                while sum(len(writer.requests) for writer in writers) < before + 10 + 7 * kill:
                    time.sleep(0.003)
                server.process.kill()
                server.process.wait()
                continue
            for writer in writers:
                writer.stopped.set()
            for writer in writers:
                writer.join()
            with closing(server.client()) as client:
                _check(client, callers.ledger(server), writers)


def _check(client: Any, ledger: list[dict[str, Any]], writers: list[_Writer]) -> None:
    pages = client.get_paginator("list_faces").paginate(CollectionId="people")
    faces = {face["FaceId"] for page in pages for face in page["Faces"]}
    listed = client.get_paginator("list_users").paginate(CollectionId="people")
    users = {user["UserId"] for page in listed for user in page["Users"]}
    rows = [row["request_id"] for row in ledger if row["request_id"]]
    assert len(set(rows)) == len(rows)
    for writer in writers:
        # what was to be deleted when the server died is in neither
        assert writer.faces <= faces
        assert not writer.deleted & faces
        assert writer.users <= users
        assert set(writer.requests) <= set(rows)
    assert _told(ledger) == (faces, users)


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """One for this machine, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "reknown test")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, secret


def _over_https(server: Server, trusted: Path | None) -> Any:
    return boto3.client(
        "rekognition",
        endpoint_url=server.address,
        region_name="us-east-1",
        aws_access_key_id=server.key_id,
        aws_secret_access_key=server.secret,
        verify=trusted and str(trusted),
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_https_serves_clients_that_trust_the_certificate(
    tmp_path: Path, certificate: tuple[Path, Path], eileen: bytes
) -> None:
    files = "--tls-certificate", certificate[0], "--tls-key", certificate[1]
    with serving(tmp_path / "data", *files) as server:
        assert server.address.startswith("https://127.0.0.1:")
        with closing(_over_https(server, certificate[0])) as client:
            assert len(client.detect_faces(Image={"Bytes": eileen})["FaceDetails"]) == 1
        with closing(_over_https(server, None)) as client, pytest.raises(SSLError):
            client.list_collections()
        _check_programs(server, tmp_path, certificate[0])


# what each client reads the certificates from: docs/how-to/aws-sdks.md
_TRUST = {
    "boto3": "AWS_CA_BUNDLE",
    "aws-cli-1": "AWS_CA_BUNDLE",
    "aws-cli-2": "AWS_CA_BUNDLE",
    "curl": "CURL_CA_BUNDLE",
    "javascript-2": "NODE_EXTRA_CA_CERTS",
    "javascript-3": "NODE_EXTRA_CA_CERTS",
    "go-1": "AWS_CA_BUNDLE",
    "go-2": "SSL_CERT_FILE",
    "ruby": "AWS_CA_BUNDLE",
}


def _check_programs(server: Server, home: Path, trusted: Path) -> None:
    """Every client that is here."""
    for sdk, variable in _TRUST.items():
        program = clients.driver(sdk, home)
        if not program.missing:
            environment = server.environment() | {variable: str(trusted)}
            with clients.running(program, environment, home) as client:
                assert client("ListCollections", {}).status == 200, sdk


def _stored(name: str, bucket: str = "photos") -> dict[str, Any]:
    return {"S3Object": {"Bucket": bucket, "Name": name}}


def _check_stored_images(client: Any) -> None:
    """`photos` may be read and holds an image; `private` holds it too and may not be read."""
    found = client.detect_faces(Image=_stored("2024/eileen.jpg"))
    assert len(found["FaceDetails"]) == 1
    messages = set()
    for image in (
        _stored("2024/absent.jpg"),
        _stored("2024/eileen.jpg", "private"),
        _stored("2024/eileen.jpg", "no-such-bucket"),
    ):
        with pytest.raises(client.exceptions.InvalidS3ObjectException) as caught:
            client.detect_faces(Image=image)
        messages.add(caught.value.response["Error"]["Message"])
    assert len(messages) == 1


def test_images_come_from_a_folder_of_buckets(tmp_path: Path, eileen: bytes) -> None:
    root = tmp_path / "buckets"
    for bucket in ("photos", "private"):
        (root / bucket / "2024").mkdir(parents=True)
        (root / bucket / "2024" / "eileen.jpg").write_bytes(eileen)
    options = "--buckets", root, "--allow-bucket", "photos"
    with (
        serving(tmp_path / "data", *options) as server,
        closing(server.client(**callers.NO_RETRIES)) as client,
    ):
        _check_stored_images(client)


@pytest.fixture
def store(eileen: bytes) -> Iterator[str]:
    """A server that speaks S3, with an image in each of two buckets."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    session = boto3.session.Session("store-key", "store-secret", region_name="us-east-1")
    with closing(session.client("s3", endpoint_url=address)) as client:
        for bucket in ("photos", "private"):
            client.create_bucket(Bucket=bucket)
            client.put_object(Bucket=bucket, Key="2024/eileen.jpg", Body=eileen)
    yield address
    server.stop()


def test_images_come_from_a_store_that_speaks_s3(tmp_path: Path, store: str) -> None:
    options = "--s3-endpoint", store, "--allow-bucket", "photos"
    with (
        serving(
            tmp_path / "data",
            *options,
            AWS_ACCESS_KEY_ID="store-key",
            AWS_SECRET_ACCESS_KEY="store-secret",
            AWS_CONFIG_FILE=os.devnull,
            AWS_SHARED_CREDENTIALS_FILE=os.devnull,
            AWS_EC2_METADATA_DISABLED="true",
        ) as server,
        closing(server.client(**callers.NO_RETRIES)) as client,
    ):
        _check_stored_images(client)
        wait_for(lambda: len(server.log) >= 4)  # they are written just after the answers
        lines = [json.loads(line) for line in server.log]
    assert [line["code"] for line in lines] == ["OK", *["InvalidS3ObjectException"] * 3]
