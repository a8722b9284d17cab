"""Ways to call a server in tests."""

from __future__ import annotations

import http.client
import json
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from unittest import mock
from urllib.parse import urlsplit
from uuid import uuid4

import numpy as np
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import portraits
from reknown.biometrics.policy import Policy
from reknown.gallery.policies import set_policy
from reknown.storage.database import close_database, open_database

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from contextlib import AbstractContextManager
    from datetime import timedelta

    from numpy.typing import NDArray

    from servers import Server

CELEBRITIES = "celebrities"
"""The gallery that the server of all contract tests knows them from, once a test makes it."""
NO_RETRIES: dict[str, Any] = {"retries": {"total_max_attempts": 1}}


def distinct(client: Any) -> Any:
    """The client, signing so that no two of its requests are copies of each other.

    Signatures count seconds: what is called twice within one has to be told apart.
    """

    def mark(request: AWSRequest, **_: Any) -> None:
        del request.headers["x-test"]
        request.headers["x-test"] = str(uuid4())

    client.meta.events.register("before-sign.rekognition", mark)
    return client


def key(server: Server, *options: str) -> tuple[str, str]:
    """A new access key of the server and its secret."""
    made = json.loads(server.reknown("keys", "create", "--json", *options))
    return made["access_key_id"], made["secret_access_key"]


def ledger(server: Server) -> list[dict[str, Any]]:
    """All rows, oldest first."""
    return [json.loads(line) for line in server.reknown("ledger", "--json").splitlines()]


def templates(
    vectors: Iterable[NDArray[np.float32]], user: str | None = None
) -> list[dict[str, Any]]:
    """Templates to import, of an image each."""
    made: list[dict[str, Any]] = [
        {
            "FaceId": str(uuid4()),
            "Vector": vector.astype("<f4").tobytes(),
            "BoundingBox": {"Left": 0.1, "Top": 0.2, "Width": 0.3, "Height": 0.4},
            "Confidence": 99.0,
            "Quality": 50,
            "ImageSha256": uuid4().hex * 2,
            "ImageWidth": 640,
            "ImageHeight": 480,
        }
        for vector in vectors
    ]
    return [face if user is None else {**face, "UserId": user} for face in made]


def strangers(count: int, dimension: int, seed: int = 0) -> NDArray[np.float32]:
    """Unit vectors that do not resemble each other, (count, dimension)."""
    drawn = np.random.default_rng(seed).normal(size=(count, dimension))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), np.float32)


def lookalike(vector: NDArray[np.float32], score: float) -> NDArray[np.float32]:
    """A unit vector whose product with this one is the score."""
    other = strangers(1, len(vector), seed=7)[0].astype(np.float64)
    other -= (other @ vector) * vector
    other /= np.linalg.norm(other)
    return np.asarray(score * vector + np.sqrt(1 - score**2) * other, np.float32)


@dataclass(frozen=True, slots=True)
class Celebrity:
    """One of them: an own face, the id, and what is told."""

    face: str
    id: str
    urls: list[str]


def celebrity(server: Server, client: Any) -> Celebrity:
    """Grace, of whom something is told; Eileen's face is there without a name."""
    gallery = {"CollectionId": CELEBRITIES}
    client.create_collection(**gallery)
    client.create_user(**gallery, UserId="grace")
    records = client.index_faces(**gallery, Image={"Bytes": portraits.pair()})["FaceRecords"]
    face = records[1]["Face"]["FaceId"]
    client.associate_faces(**gallery, UserId="grace", FaceIds=[face])
    urls = ["www.example.org/grace", "https://example.org/hopper"]
    words = [word for url in urls for word in ("--url", url)]
    options = ("--collection", CELEBRITIES, "--known-gender", "female", "--json")
    told = json.loads(server.reknown("users", "describe", "grace", *words, *options))
    assert told["profile"] == {"urls": urls, "known_gender": "female"}
    return Celebrity(face, told["subject_id"].replace("-", ""), urls)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for a request that no SDK made."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def code(self) -> str:
        """The error's code, empty for success."""
        return str(self.body.get("__type", ""))


@dataclass(frozen=True, slots=True)
class Signed:
    """A request as it goes over the wire; may be sent any number of times."""

    address: str
    headers: dict[str, str]
    body: bytes

    def send(self, **changed: str) -> Answer:
        """Sends these very bytes; `changed` headers after signing, with _ for -."""
        headers = self.headers | {name.replace("_", "-"): value for name, value in changed.items()}
        return self.send_body(self.body, headers)

    def send_body(self, body: bytes, headers: dict[str, str] | None = None) -> Answer:
        """Sends another body under the same signature."""
        connection = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=60)
        try:
            connection.request("POST", "/", body, headers or self.headers)
            answer = connection.getresponse()
            content = json.loads(answer.read() or b"{}")
            got = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, got, content)
        finally:
            connection.close()


def sign(
    server: Server | str,
    operation: str,
    body: dict[str, Any] | bytes,
    key: tuple[str, str] | None = None,
    late: timedelta | None = None,
    content_type: str | None = "application/x-amz-json-1.1",
    payload: str | None = None,
) -> Signed:
    """A request signed by botocore, `late` by a clock that is wrong by so much.

    `payload` is what it says of its body instead of the hash.

    An address needs a key too. botocore signs a content type that it finds.
    """
    if isinstance(server, str):
        address = server
    else:
        address, key = server.address, key or (server.key_id, server.secret)
    assert key
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"x-amz-target": f"RekognitionService.{operation}", "x-test": str(uuid4())}
    if content_type is not None:
        headers["content-type"] = content_type
    if payload is not None:
        headers["X-Amz-Content-SHA256"] = payload
    request = AWSRequest("POST", address + "/", headers, data)
    signer = SigV4Auth(Credentials(*key), "rekognition", "eu-west-1")
    # threads that sign at once would leave each other's clock behind
    with nullcontext() if late is None else _clock_off_by(late):
        signer.add_auth(request)
    return Signed(address, dict(request.headers.items()), data)


def _clock_off_by(late: timedelta) -> AbstractContextManager[object]:
    moment = datetime.now(UTC).replace(tzinfo=None) + late
    return mock.patch("botocore.auth.get_current_datetime", return_value=moment)


def without_pose(detail: dict[str, Any]) -> dict[str, Any]:
    """A face that is searched for has the pose of a mesh, one only detected that of five points."""
    return {name: value for name, value in detail.items() if name != "Pose"}


@contextmanager
def reviewed(server: Server, collection: str, reviewers: int = 2) -> Iterator[None]:
    """Candidates in a collection are judged by so many people meanwhile."""
    try:
        _set_policy(server, collection, Policy(reviewers=reviewers, review_seeds=0))
        yield
    finally:
        _set_policy(server, collection, Policy())


def _set_policy(server: Server, collection: str, policy: Policy) -> None:
    database = open_database(server.data)
    try:
        with database.begin() as connection:
            set_policy(connection, collection, policy)
    finally:
        close_database(database)
