"""A client that uses boto3 as programs do, and holds every answer against what it did before."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import boto3
from bench import serving
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    import threading

    from bench.serving import Access

_RETRIES = {"mode": "standard", "max_attempts": 10}
_PATIENCE = 60
_BUSY = "ThrottlingException"


class BotoClient:
    """A life of a collection after the other; `problems` are answers that must not be."""

    def __init__(self, access: Access, number: int) -> None:
        self.answers: Counter[str] = Counter()
        self.problems: list[str] = []
        self._number, self._lives = number, 0
        self._images = serving.variants(6, 1000 + number)
        self._client = boto3.session.Session().client(
            "rekognition",
            endpoint_url=access.address,
            region_name=serving.REGION,
            aws_access_key_id=access.key_id,
            aws_secret_access_key=access.secret,
            config=Config(retries=_RETRIES, read_timeout=_PATIENCE),
        )
        self._client.meta.events.register("after-call.rekognition", self._count)

    def work(self, stop: threading.Event) -> None:
        """Until it is told to stop; a collection that the server is too busy for is left behind."""
        while not stop.is_set():
            self._lives += 1
            try:
                self._live(f"boto3-{self._number}-{self._lives}")
            except (ClientError, BotoCoreError) as error:
                if not _is_busy(error):
                    self.problems.append(repr(error))

    def _count(self, parsed: dict[str, Any], **_: object) -> None:
        self.answers[parsed.get("Error", {}).get("Code", "OK")] += 1

    def _live(self, name: str) -> None:
        call = self._client
        call.create_collection(CollectionId=name)
        faces = {self._index(name, number): number for number in range(3)}
        call.create_user(CollectionId=name, UserId="someone")
        first, *others = faces
        told = call.associate_faces(CollectionId=name, UserId="someone", FaceIds=[first])
        self._expect(bool(told["AssociatedFaces"]), f"{first} has its user", name)
        found = call.search_users(CollectionId=name, FaceId=first, UserMatchThreshold=0)
        users = [match["User"]["UserId"] for match in found["UserMatches"]]
        self._expect("someone" in users, "its user is found", name)
        deleted = call.delete_faces(CollectionId=name, FaceIds=others)["DeletedFaces"]
        self._expect(set(deleted) == set(others), "all are deleted", name)
        for face in others:
            self._expect(face not in self._found(name, faces[face]), f"{face} is gone", name)
        left = {face["FaceId"] for face in call.list_faces(CollectionId=name)["Faces"]}
        self._expect(left == {first}, "one face is left", name)
        call.delete_collection(CollectionId=name)
        there = call.list_collections(MaxResults=4096)["CollectionIds"]
        self._expect(name not in there, "the collection is gone", name)

    def _index(self, name: str, number: int) -> str:
        """A face that is found at once."""
        image = {"Bytes": serving.fresh(self._images[number])}
        told = self._client.index_faces(CollectionId=name, Image=image, QualityFilter="NONE")
        face = str(told["FaceRecords"][0]["Face"]["FaceId"])
        self._expect(face in self._found(name, number), f"{face} is found", name)
        return face

    def _found(self, name: str, number: int) -> set[str]:
        found = self._client.search_faces_by_image(
            CollectionId=name,
            Image={"Bytes": self._images[number]},
            FaceMatchThreshold=0,
            MaxFaces=4096,
        )
        return {match["Face"]["FaceId"] for match in found["FaceMatches"]}

    def _expect(self, holds: bool, what: str, collection: str) -> None:
        if not holds:
            self.problems.append(f"{collection}: not so: {what}")


def _is_busy(error: Exception) -> bool:
    return isinstance(error, ClientError) and error.response["Error"]["Code"] == _BUSY
