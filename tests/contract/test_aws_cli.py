"""The real AWS command line, version 1, as a user would type it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from servers import Server

_AWS = Path(sys.executable).with_name("aws")
# 254 in version 2
_REFUSED = 255

pytestmark = pytest.mark.skipif(not _AWS.exists(), reason=f"there is no {_AWS}: make .venv/dev")


class CommandLine:
    """`aws rekognition` in a home of its own, where images are too."""

    def __init__(self, server: Server, home: Path) -> None:
        self._environment = server.environment() | {"HOME": str(home)}
        self._home = home

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Whatever comes of it."""
        return subprocess.run(
            [str(_AWS), "rekognition", *words],
            env=self._environment,
            cwd=self._home,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def __call__(self, *words: str) -> Any:
        """The answer."""
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def refused(self, *words: str) -> str:
        """What it says about the error that the server answered with."""
        done = self.run(*words)
        assert (done.returncode, done.stdout) == (_REFUSED, "")
        return done.stderr


@pytest.fixture
def aws(server: Server, tmp_path: Path, eileen: bytes, pair: bytes) -> CommandLine:
    (tmp_path / "eileen.jpg").write_bytes(eileen)
    (tmp_path / "pair.jpg").write_bytes(pair)
    return CommandLine(server, tmp_path)


@pytest.fixture
def faces(server: Server, name: str, pair: bytes) -> list[str]:
    """Eileen's and Grace's face in a collection with the test's name."""
    client = server.client()
    client.create_collection(CollectionId=name)
    records = client.index_faces(CollectionId=name, Image={"Bytes": pair})["FaceRecords"]
    return [record["Face"]["FaceId"] for record in records]


def test_images_are_read_from_files(aws: CommandLine) -> None:
    boxes = aws(
        "detect-faces", "--image-bytes", "fileb://pair.jpg", "--query", "FaceDetails[].BoundingBox"
    )
    assert len(boxes) == 2
    assert all(set(box) == {"Left", "Top", "Width", "Height"} for box in boxes)
    compared = aws(
        "compare-faces",
        "--source-image-bytes",
        "fileb://eileen.jpg",
        "--target-image-bytes",
        "fileb://pair.jpg",
    )
    assert [len(compared[part]) for part in ("FaceMatches", "UnmatchedFaces")] == [1, 1]


def test_a_face_is_indexed_and_found(aws: CommandLine, name: str) -> None:
    collection = ("--collection-id", name)
    created = aws("create-collection", *collection)
    indexed = aws(
        "index-faces",
        *collection,
        *("--image-bytes", "fileb://eileen.jpg"),
        *("--external-image-id", "eileen"),
    )
    found = aws("search-faces-by-image", *collection, "--image-bytes", "fileb://pair.jpg")
    assert found["FaceMatches"][0]["Face"] == indexed["FaceRecords"][0]["Face"]
    done = aws.run("tag-resource", "--resource-arn", created["CollectionArn"], "--tags", "a=b")
    assert done.returncode == 0, done.stderr


def test_lists_are_continued_where_they_were_cut(
    aws: CommandLine, name: str, faces: list[str]
) -> None:
    command = ("list-faces", "--collection-id", name, "--page-size", "2", "--max-items", "1")
    first = aws(*command)
    second = aws(*command, "--starting-token", first["NextToken"])
    assert {face["FaceId"] for page in (first, second) for face in page["Faces"]} == set(faces)
    assert "NextToken" not in second


def test_users_are_made_of_faces_and_found(aws: CommandLine, name: str, faces: list[str]) -> None:
    user = ("--collection-id", name, "--user-id", "eileen")
    assert aws.run("create-user", *user).returncode == 0
    associated = aws("associate-faces", *user, "--face-ids", faces[0])
    assert associated["AssociatedFaces"] == [{"FaceId": faces[0]}]
    found = aws("search-users", "--collection-id", name, "--face-id", faces[0])
    assert [match["User"]["UserId"] for match in found["UserMatches"]] == ["eileen"]


def test_errors_are_told_apart_and_explained(aws: CommandLine, name: str) -> None:
    missing = aws.refused("describe-collection", "--collection-id", name)
    assert "(ResourceNotFoundException) when calling the DescribeCollection operation" in missing
    assert f"The collection id: {name} does not exist" in missing
    hostile = "../x' OR 1=1 --"
    refused = aws.refused("create-collection", "--collection-id", hostile)
    assert "(ValidationException) when calling the CreateCollection operation" in refused
    assert f"Value '{hostile}' at 'collectionId' failed to satisfy constraint" in refused


def test_extensions_are_commands(aws: CommandLine, name: str, faces: list[str]) -> None:
    found = aws(
        "reknown-search-all-faces-by-image",
        *("--collection-id", name),
        *("--image-bytes", "fileb://pair.jpg"),
        *("--query", "SearchedFaces[].FaceMatches[].Face.FaceId"),
    )
    assert sorted(found) == sorted(faces)
