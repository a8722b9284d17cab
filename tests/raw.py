"""Requests that no SDK would send: any bytes, properly signed."""

from __future__ import annotations

import http.client
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

if TYPE_CHECKING:
    from collections.abc import Mapping

    from servers import Server

MOST_ECHOED = 110
# A path of this machine, SQL, or Python must not be told to strangers.
_INSIDES = re.compile(
    r"Traceback|File \\?\"|/work/|/tmp/|/home/|/root/|site-packages|\.py\b|sqlalchemy|sqlite|"
    r"\bSELECT\b|\bINSERT\b|reknown\.db|0x[0-9a-f]{8}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def code(self) -> str:
        """The error's code, empty for success."""
        return "" if self.status == 200 else str(json.loads(self.body)["__type"])

    @property
    def message(self) -> str:
        """What the error says."""
        return str(json.loads(self.body)["Message"])


def signed(
    server: Server,
    operation: str,
    body: bytes,
    path: str = "/",
    key: tuple[str, str] | None = None,
) -> dict[str, str]:
    """The headers of a request that nobody has sent before."""
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": f"RekognitionService.{operation}",
        "x-test": str(uuid4()),
    }
    request = AWSRequest("POST", server.address + path, headers, body)
    credentials = Credentials(*(key or (server.key_id, server.secret)))
    SigV4Auth(credentials, "rekognition", "eu-west-1").add_auth(request)
    return dict(request.headers.items())


def head(server: Server, headers: Mapping[str, str], start: str = "POST / HTTP/1.1") -> bytes:
    """The head of a request as it goes over the wire."""
    place = urlsplit(server.address).netloc
    lines = [start, f"host: {place}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


class Caller:
    """Calls one server over one connection."""

    def __init__(self, server: Server, key: tuple[str, str] | None = None) -> None:
        self._server, self._key = server, key
        self._connection = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=60)

    def __call__(self, operation: str, body: bytes) -> Reply:
        headers = signed(self._server, operation, body, key=self._key)
        self._connection.request("POST", "/", body, headers)
        answer = self._connection.getresponse()
        got = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, got, answer.read())

    def ask(self, operation: str, parameters: Mapping[str, Any]) -> Reply:
        """With parameters as JSON."""
        return self(operation, json.dumps(parameters).encode())

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()


def check(reply: Reply, *sent: str) -> None:
    """Whether the answer is one that AWS's clients understand and that gives nothing away.

    `sent` are texts of the request that must not come back at length.
    """
    assert reply.headers["content-type"] == "application/x-amz-json-1.1"
    assert re.fullmatch(r"[0-9a-f-]{36}", reply.headers["x-amzn-requestid"])
    content = json.loads(reply.body)
    if reply.status == 200:
        return
    assert 400 <= reply.status < 500, reply
    assert reply.headers["x-amzn-errortype"] == content["__type"]
    assert content["Message"]
    assert not _INSIDES.search(content["Message"]), content
    assert all(character.isprintable() for character in content["Message"]), content
    for text in sent:
        if len(text) > MOST_ECHOED:
            assert text[:MOST_ECHOED] not in content["Message"], content


def get(server: Server, path: str, timeout: float = 10) -> Reply:
    """Asks without a signature."""
    connection = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=timeout)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        got = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, got, answer.read())
    finally:
        connection.close()
