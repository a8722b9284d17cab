"""Collections of other packs than the server's own, and servers with another pack."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

import callers
import old_galleries
import portraits
import videos
from servers import REKNOWN, Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reknown.vision.analyze import Engine

_RIGHTS = ("*", "ReknownExportTemplates", "ReknownImportTemplates")


def _client(server: Server) -> Any:
    key = callers.key(server, *[word for right in _RIGHTS for word in ("--operation", right)])
    return callers.distinct(server.client(key, **callers.NO_RETRIES))


@pytest.fixture(scope="module")
def upgraded(
    tmp_path_factory: pytest.TempPathFactory,
    cache_folder: Path,
    public_domain: Engine,
    eileen: bytes,
    grace: bytes,
) -> Iterator[Any]:
    """A client of a server with a collection that the previous release made."""
    data = tmp_path_factory.mktemp("upgraded") / "data"
    people = {"eileen": eileen, "grace": grace}
    old_galleries.before_magnitudes(data, old_galleries.references(public_domain, people))
    with serving(data, REKNOWN_CACHE=str(cache_folder)) as server:
        yield _client(server)


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


@pytest.fixture(scope="module")
def studio(
    tmp_path_factory: pytest.TempPathFactory, cache_folder: Path
) -> Iterator[tuple[Server, Path]]:
    """A server with the former default pack and no worker, and its folder of a short video."""
    buckets = tmp_path_factory.mktemp("buckets")
    (buckets / "films").mkdir()
    film = videos.scene(videos.steady(0, 600), [(videos.grace(240), videos.still((0.5, 0.5)))])
    videos.render(buckets / "films" / "a.mp4", film)
    options = ("--pack", "public-domain", "--buckets", buckets, "--video-workers", 0)
    folder = tmp_path_factory.mktemp("studio")
    with serving(folder, *options, REKNOWN_CACHE=str(cache_folder)) as server:
        yield server, buckets


def test_a_server_makes_collections_for_the_pack_that_it_was_given(
    studio: tuple[Server, Path], name: str, probe: dict[str, bytes]
) -> None:
    client = _client(studio[0])
    client.create_collection(CollectionId=name)
    client.index_faces(CollectionId=name, Image=probe)
    exported = client.reknown_export_templates(CollectionId=name)
    space = exported["TemplateSpace"]
    assert (space["Pack"], space["Dimension"]) == ("public-domain", 384)
    (match,) = client.search_faces_by_image(CollectionId=name, Image=probe)["FaceMatches"]
    assert match["Similarity"] == pytest.approx(100)


def test_a_worker_looks_at_videos_with_the_pack_that_it_was_given(
    studio: tuple[Server, Path], cache_folder: Path
) -> None:
    server, buckets = studio
    client = _client(server)
    confidences = []
    for words in ((), ("--pack", "public-domain")):
        job = client.start_face_detection(Video={"S3Object": {"Bucket": "films", "Name": "a.mp4"}})
        command = [REKNOWN, "worker", "--data", server.data, "--buckets", buckets, "--once", *words]
        subprocess.run([*map(str, command)], check=True, capture_output=True, timeout=60)
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
    studio: tuple[Server, Path], name: str, server: Server, client: Any, eileen: bytes
) -> None:
    """The magnitude of a face that the API indexed, and none of the former pack."""
    client.create_collection(CollectionId=name)
    client.index_faces(CollectionId=name, Image={"Bytes": eileen})
    (exported,) = client.reknown_export_templates(CollectionId=name)["Templates"]
    (listed,) = server.reknown("faces", "list", "-c", name, "--json").splitlines()
    assert json.loads(listed)["magnitude"] == pytest.approx(exported["Magnitude"], rel=1e-12)
    other = _client(studio[0])
    other.create_collection(CollectionId=name)
    other.index_faces(CollectionId=name, Image={"Bytes": eileen})
    (listed,) = studio[0].reknown("faces", "list", "-c", name, "--json").splitlines()
    assert json.loads(listed)["magnitude"] is None
