"""Rules, consents and stops over the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import callers

if TYPE_CHECKING:
    from servers import Server


def test_a_policy_is_put_and_read_back(client: Any, collection: str) -> None:
    there = {"CollectionId": collection}
    assert client.reknown_describe_policy(**there)["Policy"] == ""
    document = 'purposes = ["reunion"]\nkeep_faces = 9\n'
    client.reknown_put_policy(**there, Policy=f"# ours\n{document}")
    assert client.reknown_describe_policy(**there)["Policy"] == document
    with pytest.raises(client.exceptions.InvalidParameterException, match="Policy, line 2: keep"):
        client.reknown_put_policy(**there, Policy="\nkeep_faces = 0")
    assert client.reknown_describe_policy(**there)["Policy"] == document


def test_a_consent_lets_in_and_its_withdrawal_erases(
    client: Any, collection: str, eileen: bytes
) -> None:
    there, ada = {"CollectionId": collection}, {"UserId": "ada"}
    face = client.index_faces(**there, Image={"Bytes": eileen})["FaceRecords"][0]["Face"]
    client.create_user(**there, **ada)
    client.reknown_put_policy(**there, Policy="consent_required = true")
    named = {**there, **ada, "FaceIds": [face["FaceId"]]}
    with pytest.raises(client.exceptions.AccessDeniedException, match="no valid consent"):
        client.associate_faces(**named)
    agreed = {"Text": b"yes", "Basis": "signed", "ExpiresAt": "2099-12-31"}
    given = client.reknown_record_consent(**there, **ada, **agreed)["Consent"]
    assert (given["UserId"], given["ExpiresAt"].year) == ("ada", 2099)
    assert client.associate_faces(**named)["AssociatedFaces"]
    assert client.reknown_list_consents(**there)["Consents"] == [given]
    assert client.reknown_withdraw_consent(**there, **ada)["Withdrawn"] == [given["Number"]]
    assert client.list_faces(**there)["Faces"] == []
    (kept,) = client.reknown_list_consents(**there)["Consents"]
    assert "UserId" not in kept
    assert kept["WithdrawnAt"]


def test_consents_come_page_by_page(client: Any, collection: str) -> None:
    there = {"CollectionId": collection}
    given = [
        client.reknown_record_consent(**there, UserId=f"user-{n}", Text=b"yes", Basis="told")
        for n in range(5)
    ]
    found: list[Any] = []
    request: dict[str, Any] = {**there, "MaxResults": 2}
    while True:
        page = client.reknown_list_consents(**request)
        found += page["Consents"]
        if "NextToken" not in page:
            break
        request["NextToken"] = page["NextToken"]
    assert found == [each["Consent"] for each in given]


def test_a_stop_is_of_that_collection_until_it_is_taken_back(
    client: Any, collection: str, eileen: bytes
) -> None:
    search = {"CollectionId": collection, "Image": {"Bytes": eileen}}
    client.reknown_stop_searches(CollectionId=collection, Reason="a drill")
    with pytest.raises(client.exceptions.AccessDeniedException, match="stopped: a drill"):
        client.search_faces_by_image(**search)
    assert client.reknown_resume_searches(CollectionId=collection)["Stopped"]
    assert client.search_faces_by_image(**search)["FaceMatches"] == []
    assert not client.reknown_resume_searches(CollectionId=collection)["Stopped"]


def test_approvals_are_granted_to_others_listed_and_withdrawn(client: Any, collection: str) -> None:
    there, ada = {"CollectionId": collection}, {"Searcher": "cli:ada", "Reason": "case 4711"}
    granted = [client.reknown_grant_approval(**there, **ada, Searches=2)["Approval"]]
    granted.append(client.reknown_grant_approval(**there, **ada, Days=1)["Approval"])
    assert [each["SearchesLeft"] for each in granted] == [2, 1]
    found, request = [], {**there, "MaxResults": 1}
    while True:
        page = client.reknown_list_approvals(**request)
        found += page["Approvals"]
        if "NextToken" not in page:
            break
        request["NextToken"] = page["NextToken"]
    assert found == granted
    first = {"ApprovalId": granted[0]["ApprovalId"]}
    ended = client.reknown_withdraw_approval(**there, **first)["Approval"]
    assert granted[0]["GrantedAt"] <= ended["ExpiresAt"] < granted[0]["ExpiresAt"]
    own = {**ada, "Searcher": granted[0]["GrantedBy"]}
    with pytest.raises(client.exceptions.AccessDeniedException, match="their own searches"):
        client.reknown_grant_approval(**there, **own)


def test_no_pattern_allows_to_change_the_rules(server: Server, collection: str) -> None:
    there = {"CollectionId": collection}
    everything = server.client(callers.key(server, "--operation", "*"), **callers.NO_RETRIES)
    assert everything.reknown_describe_policy(**there)["Policy"] == ""
    ada = {"UserId": "ada"}
    for method, request in (
        ("put_policy", {"Policy": ""}),
        ("record_consent", {**ada, "Text": b"yes", "Basis": "signed"}),
        ("withdraw_consent", ada),
        ("grant_approval", {"Searcher": "cli:ada", "Reason": "case 4711"}),
        ("withdraw_approval", {"ApprovalId": "0b1e7c52-5a55-4b1e-9d7e-0f3c8f0a1d11"}),
        ("stop_searches", {"Reason": "a drill"}),
        ("resume_searches", {}),
    ):
        with pytest.raises(everything.exceptions.AccessDeniedException, match="have to name"):
            getattr(everything, f"reknown_{method}")(**there, **request)
    assert everything.reknown_list_consents(**there)["Consents"] == []
