from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.api.names import (
    Tagged,
    celebrity_id,
    collection_arn,
    image_id,
    model_version,
    stream_processor_arn,
    subject_of_celebrity,
    tagged_of_arn,
)
from reknown.biometrics.errors import InputError, NotFoundError
from reknown.biometrics.templates import TemplateSpace

if TYPE_CHECKING:
    from reknown.vision.analyze import Engine


@given(name=st.from_regex(r"\A[a-zA-Z0-9_.\-]{1,255}\Z"))
def test_names_come_back(name: str) -> None:
    assert tagged_of_arn(collection_arn("eu-west-1", name)) == Tagged(name)
    name = name[:128]
    assert tagged_of_arn(stream_processor_arn("eu-west-1", name)) == Tagged(None, name)


def test_other_partitions_and_accounts_are_fine() -> None:
    arn = "arn:aws-us-gov:rekognition:us-gov-west-1:123456789012:collection/people"
    assert tagged_of_arn(arn) == Tagged("people")


@pytest.mark.parametrize(
    "arn",
    [
        "",
        "people",
        "arn:aws:rekognition:eu-west-1:000000000000:collection/",
        "arn:aws:rekognition:eu-west-1:000000000000:collection/a\0",
        "arn:aws:rekognition:eu-west-1:000000000000:collection/a\ud800",
        "arn:aws:rekognition:eu-west-1:000000000000:project/a",
        "arn:aws:rekognition:eu-west-1:000000000000:streamprocessor/",
        "arn:aws:rekognition:eu-west-1:000000000000:streamprocessor/a b",
        "arn:aws:rekognition:eu-west-1:000000000000:streamprocessor/" + "a" * 129,
        "arn:aws:s3:eu-west-1:000000000000:collection/a",
        " arn:aws:rekognition:eu-west-1:000000000000:collection/a",
        "arn:aws:rekognition:eu-west-1:\u0660:collection/a",
        "arn:aws:rekognition:eu-west-1:000000000000:collection/" + "a" * 256,
    ],
)
def test_what_is_no_name_is_refused_and_not_repeated(arn: str) -> None:
    with pytest.raises(InputError, match="is not the ARN") as caught:
        tagged_of_arn(arn)
    assert len(str(caught.value)) < 160


def test_the_same_image_has_the_same_id() -> None:
    assert image_id("ab") == image_id("ab") != image_id("cd")
    assert UUID(image_id("ab")).version == 5


def test_versions_are_two_numbers(engine: Engine) -> None:
    assert re.fullmatch(r"\d{1,5}\.\d{1,8}", model_version(engine.space))


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_versions_tell_spaces_apart(one: bytes, other: bytes) -> None:
    spaces = [TemplateSpace("a", digest.hex(), 4) for digest in (one, other)]
    versions = [model_version(space) for space in spaces]
    assert (versions[0] == versions[1]) == (one[:5] == other[:5])
    again = model_version(TemplateSpace("b", one.hex(), 8))
    assert again == versions[0]


def test_a_celebrity_is_a_subject_in_letters_and_digits() -> None:
    subject = str(uuid4())
    assert re.fullmatch("[0-9A-Za-z]{32}", celebrity_id(subject))
    assert subject_of_celebrity(celebrity_id(subject)) == subject


@pytest.mark.parametrize("name", ["", "ab", "A" * 32, "f" * 33, "g" * 32, "٣" * 32])
def test_what_is_no_celebrity(name: str) -> None:
    with pytest.raises(NotFoundError):
        subject_of_celebrity(name)
