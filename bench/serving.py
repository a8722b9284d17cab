"""Real servers and a client light enough to load one: what the server benchmarks share."""

from __future__ import annotations

import base64
import http.client
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

import numpy as np
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from PIL import Image, ImageEnhance, ImageOps

from reknown.cli.demo_images import EILEEN, GRACE, group_image, jpeg

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

REKNOWN = Path(sys.executable).with_name("reknown")
REGION = "us-east-1"
_HEADERS = {"content-type": "application/x-amz-json-1.1"}
_ALL = ("*", "ReknownExportTemplates", "ReknownImportTemplates")


@dataclass(frozen=True, slots=True)
class Access:
    """Where the server is and the key for it; may be handed to other processes."""

    address: str
    key_id: str
    secret: str


@dataclass(slots=True)
class Server:
    """A running `reknown serve`; standard output and error go to files in `folder`."""

    process: subprocess.Popen[bytes]
    data: Path
    address: str
    started: float
    ready_seconds: float

    @property
    def log(self) -> Path:
        return self.data / "server.log"

    def rss_mib(self) -> float:
        """What the process holds in memory; raises `OSError` when it is gone."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        for line in status.splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        raise ProcessLookupError(self.process.pid)

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=90)


def start(data: Path, port: int, *options: object) -> Server:
    """Starts a server on that port and waits until it is ready."""
    data.mkdir(parents=True, exist_ok=True)
    command = [str(REKNOWN), "serve", "--data", str(data), "--port", str(port)]
    started = time.monotonic()
    with (data / "server.out").open("ab") as out, (data / "server.log").open("ab") as log:
        process = subprocess.Popen([*command, *map(str, options)], stdout=out, stderr=log)
    server = Server(process, data, f"http://127.0.0.1:{port}", started, 0.0)
    while not is_ready(server.address):
        if process.poll() is not None:
            raise RuntimeError((data / "server.log").read_text(encoding="utf-8")[-2000:])
        if time.monotonic() - started > 120:
            process.kill()
            raise TimeoutError("the server is not ready after two minutes")
        time.sleep(0.01)
    server.ready_seconds = time.monotonic() - started
    return server


@contextmanager
def running(data: Path, *options: object) -> Iterator[Server]:
    """A server on a free port, stopped afterwards."""
    server = start(data, free_port(), *options)
    try:
        yield server
    finally:
        server.stop()


def is_ready(address: str) -> bool:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=5)
    try:
        connection.request("GET", "/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make_key(data: Path, address: str) -> Access:
    """A key with all rights, the extensions named."""
    options = [word for right in _ALL for word in ("--operation", right)]
    command = [str(REKNOWN), "keys", "create", "--json", "--data", str(data), *options]
    made = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return Access(address, made["access_key_id"], made["secret_access_key"])


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: `code` is empty for success, `body` None for what is no JSON object."""

    status: int
    code: str
    request_id: str
    body: dict[str, Any] | None


@dataclass(slots=True)
class RawClient:
    """Signs with botocore and keeps one connection open; for one thread."""

    access: Access
    timeout: float = 60.0
    _signer: Any = None
    _connection: http.client.HTTPConnection | None = field(default=None)

    def signed(self, operation: str, body: bytes) -> dict[str, str]:
        """The headers of a request. One of them is unlike all others: signatures count seconds."""
        if self._signer is None:
            keys = Credentials(self.access.key_id, self.access.secret)
            self._signer = SigV4Auth(keys, "rekognition", REGION)
        own = {"x-amz-target": f"RekognitionService.{operation}", "x-bench": uuid4().hex}
        request = AWSRequest("POST", self.access.address + "/", _HEADERS | own, body)
        self._signer.add_auth(request)
        return dict(request.headers.items())

    def send(self, headers: dict[str, str], body: bytes) -> Reply:
        """Sends what has been signed; raises `OSError` or `HTTPException` without an answer."""
        if self._connection is None:
            netloc = urlsplit(self.access.address).netloc
            self._connection = http.client.HTTPConnection(netloc, timeout=self.timeout)
        try:
            self._connection.request("POST", "/", body, headers)
            answer = self._connection.getresponse()
            content = answer.read()
        except BaseException:
            self.close()
            raise
        if answer.will_close:
            self.close()
        request_id = answer.headers.get("x-amzn-requestid", "")
        code = answer.headers.get("x-amzn-errortype", "")
        return Reply(answer.status, code, request_id, _object(content))

    def call(self, operation: str, body: bytes | dict[str, Any]) -> Reply:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.send(self.signed(operation, data), data)

    def must(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer to what has to succeed."""
        reply = self.call(operation, body)
        if reply.status != 200 or reply.body is None:
            raise RuntimeError(f"{operation}: {reply}")
        return reply.body

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(content)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def portraits(sides: tuple[int, ...], quality: int = 90) -> dict[str, bytes]:
    """JPEGs of the two portraits by name and side."""
    made = {}
    for portrait in (EILEEN, GRACE):
        crop = portrait.crop()
        for side in sides:
            image = crop.resize((side, side), Image.Resampling.LANCZOS)
            made[f"{portrait.name} {side}"] = jpeg(image, quality)
    return made


def variants(count: int, seed: int, side: int = 240) -> list[bytes]:
    """Different JPEGs of the two people in turn."""
    chance = np.random.default_rng(seed)
    crops = [portrait.crop() for portrait in (EILEEN, GRACE)]
    made = []
    for number in range(count):
        image = crops[number % 2].resize((side, side), Image.Resampling.BILINEAR)
        image = image.rotate(float(chance.uniform(-8, 8)), Image.Resampling.BICUBIC)
        if chance.random() < 0.5:
            image = ImageOps.mirror(image)
        left, top = (int(n) for n in chance.integers(0, 12, 2))
        image = image.crop((left, top, left + side - 12, top + side - 12))
        image = ImageEnhance.Brightness(image).enhance(float(chance.uniform(0.85, 1.15)))
        made.append(jpeg(image, 85))
    return made


def fresh(image: bytes) -> bytes:
    """The same image as another file: a comment is added behind the JPEG's first marker."""
    note = uuid4().bytes
    return image[:2] + b"\xff\xfe" + (len(note) + 2).to_bytes(2, "big") + note + image[2:]


def in_base64(image: bytes) -> str:
    return base64.b64encode(image).decode()


def strangers(count: int, dimension: int, seed: int) -> NDArray[np.float32]:
    """Unit vectors that do not resemble each other, (count, dimension)."""
    drawn = np.random.default_rng(seed).standard_normal((count, dimension), np.float32)
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)


def template_space(client: RawClient) -> dict[str, Any]:
    """The space of the server's pack, by way of a collection with one face."""
    name = f"space-{uuid4()}"
    client.must("CreateCollection", {"CollectionId": name})
    image = in_base64(portraits((300,))[f"{GRACE.name} 300"])
    client.must("IndexFaces", {"CollectionId": name, "Image": {"Bytes": image}})
    space = client.must("ReknownExportTemplates", {"CollectionId": name})["TemplateSpace"]
    client.must("DeleteCollection", {"CollectionId": name})
    return dict(space)


def import_strangers(
    client: RawClient, collection: str, space: dict[str, Any], count: int, seed: int
) -> list[str]:
    """Synthetic faces in a new collection; their ids."""
    client.must("CreateCollection", {"CollectionId": collection})
    faces = templates(strangers(count, space["Dimension"], seed))
    for first in range(0, count, 1000):
        part = faces[first : first + 1000]
        body = {"CollectionId": collection, "TemplateSpace": space, "Templates": part}
        client.must("ReknownImportTemplates", body)
    return [str(face["FaceId"]) for face in faces]


def templates(vectors: NDArray[np.float32]) -> list[dict[str, Any]]:
    """Templates to import, each of an image of its own."""
    return [
        {
            "FaceId": str(uuid4()),
            "Vector": in_base64(vector.astype("<f4").tobytes()),
            "BoundingBox": {"Left": 0.1, "Top": 0.2, "Width": 0.3, "Height": 0.4},
            "Confidence": 99.0,
            "Quality": 50,
            "ImageSha256": uuid4().hex * 2,
            "ImageWidth": 640,
            "ImageHeight": 480,
        }
        for vector in vectors
    ]


def arn(collection: str) -> str:
    return f"arn:aws:rekognition:{REGION}:000000000000:collection/{collection}"


def group() -> bytes:
    """A JPEG of both people in all variants of the demo."""
    return jpeg(group_image()[0].reduce(2), 85)


def say(text: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stderr.flush()


def machine() -> dict[str, object]:
    """What the figures depend on most."""
    return {"cores": os.cpu_count(), "load_average": os.getloadavg()[0]}


class Sampler(threading.Thread):
    """Memory of a server every second."""

    def __init__(self, server: Server) -> None:
        super().__init__(daemon=True)
        self._server = server
        self._stop_asked = threading.Event()
        self.samples: list[tuple[float, float]] = []

    def run(self) -> None:
        started = time.monotonic()
        while not self._stop_asked.wait(1.0):
            try:
                self.samples.append((time.monotonic() - started, self._server.rss_mib()))
            except OSError:
                return

    def stop(self) -> None:
        self._stop_asked.set()
        self.join()
