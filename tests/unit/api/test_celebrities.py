from __future__ import annotations

import pytest

from reknown.api.errors import wire_error
from reknown.api.operations.celebrities import gallery_of_celebrities, named
from reknown.biometrics.errors import CollectionNotFoundError, InputError
from reknown.biometrics.records import Profile
from reknown.services.videos.job_records import MatchedFace, SeenFace
from video_faces import face


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


def test_who_has_been_deleted_is_named_no_more() -> None:
    seen = face()
    moments = [SeenFace(40 * track, track, track, seen) for track in range(4)]
    best = {
        track: MatchedFace("f", "a" * 64, seen.box, 1.0, 90.0, 1e-5, subject_id, user=who)
        for track, (who, subject_id) in enumerate([("ada", "1"), ("gone", "2"), ("old", None)])
    }
    found = list(named(moments, best, {"1": Profile()}))  # she is there, and nothing is told
    assert [(one.timestamp, one.celebrity and one.celebrity.name) for one in found] == [(0, "ada")]
