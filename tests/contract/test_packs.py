"""Collections of other packs than the server's own, and servers with another pack."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

import callers
import forks
import old_galleries
import portraits
import videos
from servers import REKNOWN, Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reknown.vision.analyze import Engine

_RIGHTS = ("*", "ReknownExportTemplates", "ReknownImportTemplates")


@dataclass(frozen=True)
class Studio:
    """A server without workers, and the folder of its short film of Grace."""

    server: Server
    buckets: Path

    def work(self, *words: str) -> None:
        """A worker that does what is waiting."""
        places = ["--data", self.server.data, "--buckets", self.buckets]
        command = [REKNOWN, "worker", *places, "--once", *words]
        forks.run(command, check=True)


_FILM = {"S3Object": {"Bucket": "films", "Name": "a.mp4"}}


@pytest.fixture(scope="module")
def buckets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    buckets = tmp_path_factory.mktemp("buckets")
    (buckets / "films").mkdir()
    film = videos.scene(videos.steady(0, 600), [(videos.grace(240), videos.still((0.5, 0.5)))])
    videos.render(buckets / "films" / "a.mp4", film)
    return buckets


def _client(server: Server) -> Any:
    key = callers.key(server, *[word for right in _RIGHTS for word in ("--operation", right)])
    return callers.distinct(server.client(key, **callers.NO_RETRIES))


@pytest.fixture(scope="module")
def before(
    tmp_path_factory: pytest.TempPathFactory,
    cache_folder: Path,
    buckets: Path,
    public_domain: Engine,
    eileen: bytes,
    grace: bytes,
) -> Iterator[Studio]:
    """A server with a collection that the previous release made."""
    data = tmp_path_factory.mktemp("upgraded") / "data"
    people = {"eileen": eileen, "grace": grace}
    old_galleries.before_magnitudes(data, old_galleries.references(public_domain, people))
    options = ("--buckets", buckets, "--video-workers", 0)
    with serving(data, *options, REKNOWN_CACHE=str(cache_folder)) as server:
        yield Studio(server, buckets)


@pytest.fixture(scope="module")
def upgraded(before: Studio) -> Any:
    return _client(before.server)


@pytest.fixture
def probe() -> dict[str, bytes]:
    """Grace as she is not enrolled."""
    return {"Bytes": portraits.mirrored_grace()}


def test_faces_and_users_of_before_are_found_with_calibrated_similarities(
    upgraded: Any, probe: dict[str, bytes]
) -> None:
    faces = upgraded.search_faces_by_image(CollectionId="people", Image=probe)
    (match,) = faces["FaceMatches"]
    assert match["Face"]["UserId"] == "grace"
    assert 95 < match["Similarity"] <= 100
    assert match["Face"]["IndexFacesModelVersion"] == faces["FaceModelVersion"]
    users = upgraded.search_users_by_image(CollectionId="people", Image=probe)
    assert [found["User"]["UserId"] for found in users["UserMatches"]] == ["grace"]
    by_face = upgraded.search_faces(CollectionId="people", FaceId=match["Face"]["FaceId"])
    assert by_face["FaceMatches"] == []
    everybody = upgraded.search_faces_by_image(
        CollectionId="people", Image=probe, FaceMatchThreshold=0
    )
    assert [found["Face"]["UserId"] for found in everybody["FaceMatches"]] == ["grace", "eileen"]


def test_what_was_exported_from_it_has_no_magnitude_and_comes_back_without(
    upgraded: Any, name: str
) -> None:
    exported = upgraded.reknown_export_templates(CollectionId="people")
    assert exported["TemplateSpace"]["Pack"] == "public-domain"
    assert [template["UserId"] for template in exported["Templates"]] == ["eileen", "grace"]
    assert not any("Magnitude" in template for template in exported["Templates"])
    upgraded.create_collection(CollectionId=name)
    with pytest.raises(upgraded.exceptions.InvalidParameterException):  # of the default pack
        upgraded.reknown_import_templates(
            CollectionId=name,
            TemplateSpace=exported["TemplateSpace"],
            Templates=exported["Templates"],
        )


def test_new_faces_in_it_are_of_its_own_pack_and_a_new_collection_of_the_default_one(
    upgraded: Any, name: str, probe: dict[str, bytes]
) -> None:
    added = upgraded.index_faces(CollectionId="people", Image=probe)
    (record,) = added["FaceRecords"]
    old = upgraded.describe_collection(CollectionId="people")["FaceModelVersion"]
    assert added["FaceModelVersion"] == old
    upgraded.create_collection(CollectionId=name)
    new = upgraded.index_faces(CollectionId=name, Image=probe)
    assert new["FaceModelVersion"] != old
    spaces = [
        upgraded.reknown_export_templates(CollectionId=collection)
        for collection in ("people", name)
    ]
    assert [space["TemplateSpace"]["Dimension"] for space in spaces] == [384, 128]
    magnitudes = [[t.get("Magnitude") for t in space["Templates"]] for space in spaces]
    assert magnitudes[0] == [None] * 3
    assert 10 < magnitudes[1][0] < 14
    upgraded.delete_faces(CollectionId="people", FaceIds=[record["Face"]["FaceId"]])


def test_people_of_before_are_found_in_videos(before: Studio, upgraded: Any) -> None:
    job = upgraded.start_face_search(CollectionId="people", Video=_FILM)
    before.work()
    answer = upgraded.get_face_search(JobId=job["JobId"])
    assert answer["JobStatus"] == "SUCCEEDED"
    matches = [match for person in answer["Persons"] for match in person.get("FaceMatches", [])]
    assert {match["Face"]["UserId"] for match in matches} == {"grace"}
    assert all(95 < match["Similarity"] <= 100 for match in matches)


@pytest.fixture(scope="module")
def studio(
    tmp_path_factory: pytest.TempPathFactory, cache_folder: Path, buckets: Path
) -> Iterator[Studio]:
    """A server with the former default pack."""
    options = ("--pack", "public-domain", "--buckets", buckets, "--video-workers", 0)
    folder = tmp_path_factory.mktemp("studio")
    with serving(folder, *options, REKNOWN_CACHE=str(cache_folder)) as server:
        yield Studio(server, buckets)


def test_a_server_makes_collections_for_the_pack_that_it_was_given(
    studio: Studio, name: str, probe: dict[str, bytes]
) -> None:
    client = _client(studio.server)
    client.create_collection(CollectionId=name)
    client.index_faces(CollectionId=name, Image=probe)
    exported = client.reknown_export_templates(CollectionId=name)
    space = exported["TemplateSpace"]
    assert (space["Pack"], space["Dimension"]) == ("public-domain", 384)
    (match,) = client.search_faces_by_image(CollectionId=name, Image=probe)["FaceMatches"]
    assert match["Similarity"] == pytest.approx(100)


def test_a_worker_looks_at_videos_with_the_pack_that_it_was_given(
    studio: Studio,
) -> None:
    client = _client(studio.server)
    confidences = []
    for words in ((), ("--pack", "public-domain")):
        job = client.start_face_detection(Video=_FILM)
        studio.work(*words)
        answer = client.get_face_detection(JobId=job["JobId"])
        assert answer["JobStatus"] == "SUCCEEDED"
        confidences.append([found["Face"]["Confidence"] for found in answer["Faces"]])
    # MTCNN is always surer of itself than YuNet
    assert max(confidences[0]) < 98 < min(confidences[1])


def test_a_server_without_its_pack_ends_with_one_line(tmp_path: Path) -> None:
    words = ["serve", "--data", str(tmp_path), "--port", "0", "--pack", "no-such-pack"]
    done = subprocess.run(
        [str(REKNOWN), *words], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "no-such-pack" in done.stderr
    assert "opencv" in done.stderr  # one that there is


def test_the_command_line_lists_what_the_server_measured(
    studio: Studio, name: str, server: Server, client: Any, eileen: bytes
) -> None:
    """The magnitude of a face that the API indexed, and none of the former pack."""
    client.create_collection(CollectionId=name)
    client.index_faces(CollectionId=name, Image={"Bytes": eileen})
    (exported,) = client.reknown_export_templates(CollectionId=name)["Templates"]
    (listed,) = server.reknown("faces", "list", "-c", name, "--json").splitlines()
    assert json.loads(listed)["magnitude"] == pytest.approx(exported["Magnitude"], rel=1e-12)
    other = _client(studio.server)
    other.create_collection(CollectionId=name)
    other.index_faces(CollectionId=name, Image={"Bytes": eileen})
    (listed,) = studio.server.reknown("faces", "list", "-c", name, "--json").splitlines()
    assert json.loads(listed)["magnitude"] is None
