from __future__ import annotations

import pytest

from reknown.api import shapes
from reknown.api.catalogue import OPERATIONS
from reknown.api.registry import HANDLERS, collection_of
from reknown.biometrics.errors import InputError

_READING = (
    "Describe",
    "Detect",
    "Compare",
    "Get",
    "List",
    "Recognize",
    "Search",
    "ReknownSearch",
    "ReknownExport",
    "ReknownDescribe",
    "ReknownFind",
    "ReknownList",
    "ReknownLook",
    "ReknownPropose",
    "ReknownRead",
)


@pytest.mark.parametrize("name", HANDLERS)
def test_handlers_are_for_operations_with_shapes(name: str) -> None:
    assert OPERATIONS[name].request is not None
    assert OPERATIONS[name].response is not None
    assert HANDLERS[name].action


@pytest.mark.parametrize("name", HANDLERS)
def test_what_changes_something_says_so(name: str) -> None:
    assert HANDLERS[name].changes == (not name.startswith(_READING))


@pytest.mark.parametrize("name", HANDLERS)
def test_what_takes_images_says_how_many(name: str) -> None:
    request = OPERATIONS[name].request
    assert request is not None
    images = [field for field in request.__struct_fields__ if field.endswith("image")]
    assert HANDLERS[name].images == len(images)


@pytest.mark.parametrize("name", HANDLERS)
def test_what_asks_a_store_alone_says_so(name: str) -> None:
    assert HANDLERS[name].fetches == (name.startswith("Start") and "Stream" not in name)


def test_what_shows_people_moves_templates_or_changes_rules_has_to_be_asked_for_by_name() -> None:
    named = {name for name, handler in HANDLERS.items() if handler.by_name}
    transfers = {"ReknownExportTemplates", "ReknownImportTemplates"}
    consents = {"ReknownRecordConsent", "ReknownWithdrawConsent"}
    stops = {"ReknownStopSearches", "ReknownResumeSearches"}
    approvals = {"ReknownGrantApproval", "ReknownWithdrawApproval"}
    assert named == transfers | consents | approvals | stops | {
        "ReknownLookThroughCamera",
        "ReknownPutPolicy",
    }


def test_the_collection_of_a_request() -> None:
    assert collection_of(shapes.DescribeCollectionRequest(collection_id="people")) == "people"
    assert collection_of(shapes.ListCollectionsRequest()) is None
    arn = "arn:aws:rekognition:eu-west-1:000000000000:collection/people"
    assert collection_of(shapes.ListTagsForResourceRequest(resource_arn=arn)) == "people"
    arn = "arn:aws:rekognition:eu-west-1:000000000000:streamprocessor/hall"
    assert collection_of(shapes.ListTagsForResourceRequest(resource_arn=arn)) is None
    with pytest.raises(InputError):
        collection_of(shapes.ListTagsForResourceRequest(resource_arn="arn:aws:s3:::people"))
