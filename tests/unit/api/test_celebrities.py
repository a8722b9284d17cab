from __future__ import annotations

import pytest

from reknown.api.errors import wire_error
from reknown.api.operations.celebrities import gallery_of_celebrities
from reknown.biometrics.errors import CollectionNotFoundError, InputError


def test_without_a_gallery_the_error_names_the_option() -> None:
    assert gallery_of_celebrities("stars") == "stars"
    with pytest.raises(InputError, match="--celebrities COLLECTION") as refused:
        gallery_of_celebrities(None)
    assert wire_error(refused.value, "GetCelebrityInfo", None).code == "InvalidParameterException"


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("RecognizeCelebrities", "InvalidParameterException"),
        ("StartCelebrityRecognition", "InvalidParameterException"),
        ("SearchFaces", "ResourceNotFoundException"),
    ],
)
def test_a_gallery_that_is_not_there(operation: str, code: str) -> None:
    error = wire_error(CollectionNotFoundError("stars"), operation, "stars")
    assert error.code == code
    named = (
        "gallery of --celebrities"
        if code == "InvalidParameterException"
        else "collection id: stars"
    )
    assert error.message == f"The {named} does not exist"
