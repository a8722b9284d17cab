"""Candidates judged by people who have a key each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import callers

if TYPE_CHECKING:
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
