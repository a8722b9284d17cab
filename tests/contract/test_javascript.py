"""The real JavaScript SDKs, v2 and v3, in node; `make .venv/javascript` installs them."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from reknown.api.registry import HANDLERS

if TYPE_CHECKING:
    import callers
    from servers import Server

_SCRIPTS = Path(__file__).with_name("javascript")
# npm writes it when everything else is there
_INSTALLED = _SCRIPTS / "node_modules" / ".package-lock.json"

pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed"),
    pytest.mark.skipif(
        not _INSTALLED.exists(),
        reason="the JavaScript SDKs are not installed: make .venv/javascript",
    ),
]


@pytest.fixture(scope="module", params=["v2", "v3"])
def sdk(request: pytest.FixtureRequest) -> str:
    """The version of the SDK."""
    return str(request.param)


def _run(server: Server, home: Path, script: str, sdk: str, *words: object) -> Any:
    """What a script prints; `home` takes the place of the user's settings."""
    done = subprocess.run(
        ["node", str(_SCRIPTS / script), sdk, *map(str, words)],
        env=server.environment() | {"HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def calls(
    server: Server,
    sdk: str,
    tmp_path_factory: pytest.TempPathFactory,
    grace_hopper: callers.Celebrity,
    eileen: bytes,
    pair: bytes,
) -> Any:
    """What every operation answered."""
    home = tmp_path_factory.mktemp("calls")
    (home / "eileen.jpg").write_bytes(eileen)
    (home / "pair.jpg").write_bytes(pair)
    name = f"javascript-{uuid4()}"
    images = (home / "eileen.jpg", home / "pair.jpg")
    return {"name": name, **_run(server, home, "calls.mjs", sdk, name, *images, grace_hopper.id)}


@pytest.fixture(scope="module")
def errors(
    server: Server, sdk: str, tmp_path_factory: pytest.TempPathFactory, nobody: bytes
) -> Any:
    """What was thrown for each fault."""
    home = tmp_path_factory.mktemp("errors")
    (home / "nobody.jpg").write_bytes(nobody)
    return _run(server, home, "errors.mjs", sdk, f"javascript-{uuid4()}", home / "nobody.jpg")


@pytest.fixture
def resource(server: Server, name: str) -> str:
    """The ARN of a collection."""
    return str(server.client().create_collection(CollectionId=name)["CollectionArn"])


_ON_VIDEOS = (
    "FaceDetection",
    "StartFaceSearch",
    "GetFaceSearch",
    "PersonTracking",
    "CelebrityRecognition",
    "TextDetection",
)


def test_every_operation_of_amazons_is_called_and_answers_with_a_request_id(calls: Any) -> None:
    amazons = {operation for operation in HANDLERS if not operation.startswith("Reknown")}
    # stored videos need a server with buckets: tests/contract/test_boto3_videos.py has them
    amazons = {name for name in amazons if not name.endswith(_ON_VIDEOS)}
    assert {call["operation"] for call in calls["answered"]} == amazons
    assert {call["httpStatusCode"] for call in calls["answered"]} == {200}
    ids = [UUID(call["requestId"]) for call in calls["answered"]]
    assert len(set(ids)) == len(ids)


def test_images_arrive_as_bytes(calls: Any) -> None:
    assert calls["detected"] == 2
    assert isinstance(calls["read"], list)
    assert calls["compared"] == [1, 1]
    assert 99 < calls["similarity"] <= 100


def test_celebrities_are_told_from_others(calls: Any, grace_hopper: callers.Celebrity) -> None:
    assert calls["celebrities"] == [["grace", grace_hopper.id, grace_hopper.urls]]
    assert calls["others"] == 1
    assert calls["told"] == ["grace", "Female"]


def test_timestamps_are_dates_of_now(calls: Any) -> None:
    assert abs(calls["created"] / 1000 - time.time()) < 600


def test_a_stream_processor_waits_for_its_camera(calls: Any) -> None:
    assert calls["watched"] == "STARTING"
    assert calls["streams"] == [{"Name": calls["name"], "Status": "STARTING"}]


def test_faces_and_users_are_found(calls: Any) -> None:
    first, second = calls["faces"]
    assert calls["counted"] == 2
    assert calls["searched"] == [first]
    assert calls["similar"] == []
    assert calls["associated"] == calls["disassociated"] == [first]
    assert calls["userByImage"] == calls["userByFace"] == ["eileen"]
    assert sorted(calls["deleted"]) == sorted([first, second])
    assert calls["gone"] == 200


def test_tags_are_maps(calls: Any) -> None:
    assert calls["tagged"] == {"team": "blue", "stage": "test"}
    assert calls["untagged"] == {}


def test_paginators_reach_the_end(calls: Any) -> None:
    assert calls["listed"] == [1, "string"]
    assert calls["fromTheStart"] == [2, "undefined"]
    assert sorted(calls["facesByPage"]) == sorted([face] for face in calls["faces"])
    assert sorted(calls["usersByPage"]) == [["eileen"], ["grace"]]
    assert [calls["name"]] in calls["collectionsByPage"]


def test_settings_may_be_given_in_code(server: Server, sdk: str, tmp_path: Path) -> None:
    settings = (sdk, server.address, server.key_id, server.secret)
    assert _run(server, tmp_path, "settings.mjs", *settings) == {"status": 200, "attempts": 1}


_OF_THE_MODEL = {
    "unknownCollection": "ResourceNotFoundException",
    "takenName": "ResourceAlreadyExistsException",
    "notAnImage": "InvalidImageFormatException",
    "noFace": "InvalidParameterException",
    "rubbishToken": "InvalidPaginationTokenException",
}
_OTHERS = {
    "hostileName": "ValidationException",
    "takesVideo": "NotImplementedException",
    "unknownKey": "UnrecognizedClientException",
    "wrongSecret": "InvalidSignatureException",
}


def test_errors_have_their_codes(errors: Any) -> None:
    assert {fault: error["code"] for fault, error in errors.items()} == _OF_THE_MODEL | _OTHERS
    assert {error["httpStatusCode"] for error in errors.values()} == {400}
    ids = [UUID(error["requestId"]) for error in errors.values()]
    assert len(set(ids)) == len(ids)


def test_version_3_has_classes_for_the_errors_of_the_model(sdk: str, errors: Any) -> None:
    of_its_class = {fault: error.get("ofItsClass") for fault, error in errors.items()}
    if sdk == "v2":
        assert set(of_its_class.values()) == {None}
        return
    assert of_its_class == dict.fromkeys(_OF_THE_MODEL, True) | dict.fromkeys(_OTHERS, False)
    assert {error["ofTheService"] for error in errors.values()} == {True}
    for error in (errors[fault] for fault in _OF_THE_MODEL):
        assert (error["fault"], error["logref"]) == ("client", error["requestId"])


def test_error_messages_are_read(errors: Any) -> None:
    assert "does not exist" in errors["unknownCollection"]["message"]
    assert "'collectionId' failed to satisfy constraint" in errors["hostileName"]["message"]
    assert "There are no faces in the image. Should be at least 1." in errors["noFace"]["message"]


def test_faults_of_the_caller_are_not_tried_again(sdk: str, errors: Any) -> None:
    attempts = {fault: error["attempts"] for fault, error in errors.items()}
    # version 2 takes a wrong signature for a wrong clock, until its retries are used up
    once = [fault for fault in attempts if (sdk, fault) != ("v2", "wrongSecret")]
    assert {attempts[fault] for fault in once} == {1}, attempts


@pytest.mark.parametrize("minutes", [-60, 60])
def test_a_wrong_clock_is_corrected_once(
    server: Server, sdk: str, tmp_path: Path, minutes: int
) -> None:
    found = _run(server, tmp_path, "clock.mjs", sdk, minutes)
    assert found == {"attempts": [2, 1], "minutesCorrected": -minutes}


def test_a_copy_of_a_request_makes_the_client_sign_anew(
    server: Server, sdk: str, tmp_path: Path, resource: str
) -> None:
    found = _run(server, tmp_path, "replay.mjs", sdk, resource)
    assert found["statuses"] == [200, 400, 200]
    assert found["attempts"] == 2
    if sdk == "v3":
        assert found["waited"] >= 900


def test_equal_calls_of_version_3_within_a_second_are_not_copies(
    server: Server, tmp_path: Path, resource: str
) -> None:
    # version 2 signs nothing that tells them apart
    assert _run(server, tmp_path, "equal.mjs", "v3", resource) == {"attempts": [1] * 20}
