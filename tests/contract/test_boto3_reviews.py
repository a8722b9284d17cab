"""Candidates judged by people who have a key each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import callers
from reknown import Reknown

if TYPE_CHECKING:
    from pathlib import Path

    from servers import Server


@pytest.fixture
def reviewers(server: Server) -> list[Any]:
    """Two clients whose keys are reviewers."""
    found = []
    for _ in range(2):
        key = callers.key(server)
        server.reknown("reviewers", "add", f"key:{key[0]}", "--trained-until", "2099-12-31")
        found.append(server.client(key, **callers.NO_RETRIES))
    return found


@pytest.fixture
def there(server: Server, client: Any, collection: str, eileen: bytes) -> dict[str, Any]:
    """A case of one candidate."""
    client.index_faces(CollectionId=collection, Image={"Bytes": eileen})
    with callers.reviewed(server, collection):
        client.search_faces_by_image(CollectionId=collection, Image={"Bytes": eileen})
    (case,) = client.reknown_list_cases(CollectionId=collection)["Cases"]
    return {"CollectionId": collection, "CaseId": case["CaseId"]}


SAID = {"Number": 1, "Opinion": "same", "Grounds": ["ears", "eyes"]}


def test_two_keys_decide_a_case(client: Any, reviewers: list[Any], there: dict[str, Any]) -> None:
    ann, ben = reviewers
    for reviewer in reviewers:
        shown = reviewer.reknown_read_case(**there)
        (candidate,) = shown["Candidates"]
        assert candidate.keys() == {"Number", "FaceId"}
        assert shown["Left"] == [1]
    done = ann.reknown_judge_candidate(**there, **SAID, Note="a scar")
    assert (done["State"], done["Left"]) == ("open", [])
    with pytest.raises(ann.exceptions.AccessDeniedException):
        ann.reknown_judge_candidate(**there, **SAID)
    done = ben.reknown_judge_candidate(**there, **SAID)
    assert done["State"] == "decided"
    case = client.reknown_list_cases(CollectionId=there["CollectionId"])["Cases"][0]
    assert (case["Outcome"], case["Reviewed"], case["Reviewers"]) == ("lead", 2, 2)
    (candidate,) = ann.reknown_read_case(**there)["Candidates"]
    assert (candidate["Rank"], candidate["Decided"]) == (1, "same")
    assert candidate["KnownNonMate"] is False
    assert candidate["Similarity"] > 99


def test_whose_key_searched_or_is_no_reviewers_cannot_judge(
    client: Any, there: dict[str, Any]
) -> None:
    shown = client.reknown_read_case(**there)
    assert (shown["Left"], shown.get("OrderSeed")) == ([], None)
    with pytest.raises(client.exceptions.AccessDeniedException):
        client.reknown_judge_candidate(**there, **SAID)


def test_what_is_not_there_or_makes_no_sense(reviewers: list[Any], there: dict[str, Any]) -> None:
    ann, _ = reviewers
    nowhere = there | {"CaseId": "00000000-0000-4000-8000-000000000000"}
    for call, request in (
        (ann.reknown_read_case, nowhere),
        (ann.reknown_judge_candidate, nowhere | SAID),
    ):
        with pytest.raises(ann.exceptions.ResourceNotFoundException):
            call(**request)
    with pytest.raises(ann.exceptions.InvalidParameterException):
        ann.reknown_judge_candidate(**there, **SAID)  # not looked at yet
    ann.reknown_read_case(**there)
    with pytest.raises(ann.exceptions.InvalidParameterException):
        ann.reknown_judge_candidate(**there, **{**SAID, "Number": 7})


def test_lists_come_in_pages(
    server: Server, client: Any, there: dict[str, Any], eileen: bytes
) -> None:
    collection = {"CollectionId": there["CollectionId"]}
    with callers.reviewed(server, there["CollectionId"]):
        for _ in range(2):
            client.search_faces_by_image(**collection, Image={"Bytes": eileen})
    first = client.reknown_list_cases(**collection, MaxResults=2)
    rest = client.reknown_list_cases(**collection, NextToken=first["NextToken"])
    assert (len(first["Cases"]), len(rest["Cases"])) == (2, 1)
    with pytest.raises(client.exceptions.InvalidPaginationTokenException):
        client.reknown_list_cases(**collection, NextToken="made up")


@pytest.fixture
def photos(server: Server, collection: str, tmp_path: Path, eileen: bytes, pair: bytes) -> Path:
    """Scanned: one person twice, once together with another one."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, data in {"eileen.jpg": eileen, "both.jpg": pair}.items():
        (folder / name).write_bytes(data)
    server.reknown("scan", folder, "--collection", collection)
    return folder


def test_a_search_of_what_was_seen_is_the_same_case_at_every_entrance(
    server: Server,
    client: Any,
    collection: str,
    photos: Path,
    eileen: bytes,
    reviewers: list[Any],
) -> None:
    """As files on the command line, over the API and in a program."""
    there, image = {"CollectionId": collection}, {"Bytes": eileen}
    with callers.reviewed(server, collection):
        made = [client.reknown_find_sightings(**there, Image=image)["CaseId"]]
        server.reknown("find", photos / "eileen.jpg", "--collection", collection)
        with Reknown(server.data) as program:
            found = program.archive.find_face(eileen, collection)
            assert found.case is not None
    listed = client.reknown_list_cases(**there)["Cases"]
    assert [listed[0]["CaseId"], listed[2]["CaseId"]] == [*made, found.case]
    seen = {sighting.sighting_id for sighting, _ in found}
    assert len(seen) == 2
    ann, ben = reviewers
    for case in listed:
        assert (case["State"], case["Reviewers"]) == ("open", 2)
        candidates = ann.reknown_read_case(**there, CaseId=case["CaseId"])["Candidates"]
        assert {it["SightingId"] for it in candidates} == seen
        for it in candidates:
            assert it.keys() == {"Number", "SightingId", "Sha256", "BestMillis"}
    there |= {"CaseId": made[0]}
    ben.reknown_read_case(**there)
    for reviewer in reviewers:
        for number in (1, 2):
            done = reviewer.reknown_judge_candidate(**there, **{**SAID, "Number": number})
    assert done["State"] == "decided"
    told = ann.reknown_read_case(**there)["Candidates"]
    assert {(it["Rank"], it["Decided"], it["KnownNonMate"]) for it in told} == {
        (1, "same", False),
        (2, "same", False),
    }


def test_deleted_sightings_leave_the_case(
    server: Server, client: Any, collection: str, photos: Path, eileen: bytes, reviewers: list[Any]
) -> None:
    there = {"CollectionId": collection}
    with callers.reviewed(server, collection):
        found = client.reknown_find_sightings(**there, Image={"Bytes": eileen})
    there |= {"CaseId": found["CaseId"]}
    assert len(reviewers[0].reknown_read_case(**there)["Left"]) == 2
    (photos / "both.jpg").unlink()
    server.reknown("scan", photos, "--collection", collection)
    shown = reviewers[0].reknown_read_case(**there)
    assert [it.get("SightingId") is None for it in shown["Candidates"]].count(True) == 1
    assert len(shown["Left"]) == 1
