"""Programs as Amazon's guide and samples write them, unchanged but for where they send requests.

They are our own, made after what the public ones call and read.
"""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

import callers
from reknown.configuration import STRUCTS
from servers import Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

_SAMPLES = Path(__file__).with_name("samples")
_NEUTRAL = any(
    field.name == "unmeasured_attributes"
    for struct in STRUCTS.values()
    for field in dataclasses.fields(struct)
)


def sample(server: Server, name: str, *words: object, **environment: str) -> tuple[int, str, str]:
    """The status that a program ended with, what it printed, and the last line of its errors."""
    done = subprocess.run(
        [sys.executable, str(_SAMPLES / f"{name}.py"), *map(str, words)],
        env=server.environment() | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout, (done.stderr.splitlines() or [""])[-1]


@pytest.fixture
def collection_name() -> str:
    """Of a collection that the sample makes."""
    return f"sample-{uuid4()}"


@pytest.fixture(scope="module")
def photos(media: Path) -> dict[str, Path]:
    """The bucket's images."""
    return {name: media / "media" / f"{name}.jpg" for name in ("eileen", "pair")}


@pytest.fixture(scope="module")
def neutral(
    tmp_path_factory: pytest.TempPathFactory, cache_folder: Path, media: Path
) -> Iterator[Server]:
    """A server that answers what it does not measure with what says nothing."""
    options = ("--buckets", media, "--unmeasured-attributes", "neutral")
    data = tmp_path_factory.mktemp("neutral")
    with serving(data, *options, REKNOWN_CACHE=str(cache_folder)) as server:
        yield server


def test_faces_of_an_image_are_placed_and_drawn(
    media_server: Server, photos: dict[str, Path]
) -> None:
    status, printed, error = sample(media_server, "face_boxes", photos["pair"])
    assert (status, error) == (0, "")
    assert printed.count("face: ") == printed.count("quality: ") == 2
    assert printed.count("eyeLeft: ") == 2


def test_faces_are_compared(media_server: Server, photos: dict[str, Path]) -> None:
    status, printed, error = sample(media_server, "compare_faces", photos["eileen"], photos["pair"])
    assert (status, error) == (0, "")
    assert printed.count("same: ") == printed.count("another: ") == 1


def test_collections_are_managed(media_server: Server, collection_name: str) -> None:
    status, printed, error = sample(media_server, "manage_collections", collection_name)
    assert (status, error) == (0, "")
    assert "created: arn:aws:rekognition:ap-south-1:" in printed
    assert f"exists: The collection id: {collection_name} already exists" in printed
    assert "listed: True\ndeleted: 200\n" in printed
    assert f"gone: 400 The collection id: {collection_name} does not exist" in printed


def test_a_collection_is_filled_and_searched(media_server: Server, collection_name: str) -> None:
    words = (collection_name, "media", "pair.jpg", "eileen.jpg")
    status, printed, error = sample(media_server, "search_collection", *words)
    assert (status, error) == (0, "")
    assert printed.count("stored: ") == printed.count("match: ") == 1
    assert "left out: EXCEEDS_MAX_FACES" in printed
    assert "of pair.jpg" in printed


def test_people_are_made_of_faces(
    media_server: Server, collection_name: str, photos: dict[str, Path]
) -> None:
    status, printed, error = sample(media_server, "users", collection_name, photos["pair"])
    assert (status, error) == (0, "")
    assert "user one: ACTIVE\nuser two: CREATED\n" in printed
    assert "by image: one " in printed
    assert "smaller faces: [['FACE_NOT_LARGEST']]" in printed
    assert "kept: ['ASSOCIATED_TO_AN_EXISTING_USER'] of one" in printed


def test_a_stored_video_is_searched(
    media_server: Server, collection_name: str, eileen: bytes
) -> None:
    client = callers.distinct(media_server.client())
    client.create_collection(CollectionId=collection_name)
    client.index_faces(
        CollectionId=collection_name, Image={"Bytes": eileen}, ExternalImageId="eileen"
    )
    words = (collection_name, "media", "eileen.mp4")
    status, printed, error = sample(media_server, "stored_video", *words)
    assert (status, error) == (0, "")
    for found in ("found: ", "person: "):
        assert found in printed
    assert "SUCCEEDED: h264" in printed


_WITH_ATTRIBUTES = {
    "detect_faces": ("age: ", "landmarks: "),
    "identity": ("eyes open: ", "the same person: True"),
}


@pytest.mark.parametrize("name", _WITH_ATTRIBUTES)
def test_what_reads_attributes_that_are_not_measured_ends_at_the_first(
    media_server: Server, photos: dict[str, Path], name: str
) -> None:
    status, _, error = sample(media_server, name, *_attribute_words(name, photos))
    assert status == 1
    assert error.startswith("KeyError: '")


@pytest.mark.skipif(not _NEUTRAL, reason="serve has no --unmeasured-attributes")
@pytest.mark.parametrize("name", _WITH_ATTRIBUTES)
def test_what_reads_attributes_runs_with_neutral_ones(
    neutral: Server, photos: dict[str, Path], name: str
) -> None:
    status, printed, error = sample(neutral, name, *_attribute_words(name, photos))
    assert (status, error) == (0, "")
    for found in _WITH_ATTRIBUTES[name]:
        assert found in printed


def _attribute_words(name: str, photos: dict[str, Path]) -> tuple[object, ...]:
    if name == "detect_faces":
        return "media", "eileen.jpg"
    return photos["eileen"], photos["eileen"]


def test_text_is_detected(media_server: Server, photos: dict[str, Path]) -> None:
    status, printed, error = sample(media_server, "detect_text", photos["pair"])
    assert (status, error) == (0, "")
    assert "found: " in printed


@pytest.mark.usefixtures("media_celebrity")
def test_celebrities_are_told_from_others(media_server: Server, photos: dict[str, Path]) -> None:
    status, printed, error = sample(media_server, "celebrities", photos["pair"])
    assert (status, error) == (0, "")
    assert "name: grace " in printed
    assert "gender: Female" in printed
    assert "others: 1" in printed
