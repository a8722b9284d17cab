from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import portraits
from reknown.biometrics.errors import (
    InputError,
    ModelFileError,
    NoFaceError,
    NotFoundError,
    ReknownError,
)
from reknown.biometrics.quality_filter import DEFAULT_FILTER
from reknown.services.images.sources import attempt_all, extract_source, require_face
from reknown.vision.extraction import ExtractionPolicy

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.services.context import Context
    from reknown.vision.analyze import Engine


def test_a_file_and_its_bytes_are_the_same_image(
    context: Context, engine: Engine, people: Path, eileen: bytes
) -> None:
    policy = ExtractionPolicy(engine.space, limit=0)
    file = extract_source(context.platform, people / "Eileen Collins" / "1.jpg", policy)
    assert file == extract_source(context.platform, eileen, policy)


def test_the_face_is_the_largest_that_is_fit(
    context: Context, engine: Engine, eileen: bytes
) -> None:
    found = extract_source(context.platform, eileen, ExtractionPolicy(engine.space))
    assert require_face(found) == found.fit[0]


@pytest.mark.parametrize(
    ("data", "message", "unfit"),
    [
        (portraits.nobody(), "no face found in the probe image", 0),
        (portraits.spoilt()["LOW_SHARPNESS"], "The one face in the probe image does not pass", 1),
    ],
)
def test_without_one_it_is_said_why(
    context: Context, engine: Engine, data: bytes, message: str, unfit: int
) -> None:
    policy = ExtractionPolicy(engine.space, DEFAULT_FILTER)
    found = extract_source(context.platform, data, policy)
    with pytest.raises(NoFaceError, match=message) as caught:
        require_face(found, "probe")
    assert (caught.value.which, caught.value.unfit) == ("probe", unfit)


def test_an_error_takes_the_place_of_its_result(context: Context) -> None:
    def work(number: int) -> int:
        if number == 2:
            raise InputError("no two")
        return number

    results = dict(attempt_all(context.platform, work, range(5)))
    assert isinstance(results[2], InputError)
    assert [results[n] for n in (0, 1, 3, 4)] == [0, 1, 3, 4]


@pytest.mark.parametrize("error", [NotFoundError("gone"), ModelFileError("damaged")])
def test_what_the_next_one_would_meet_too_ends_everything(
    context: Context, error: ReknownError
) -> None:
    def work(_: int) -> int:
        raise error

    with pytest.raises(type(error)):
        list(attempt_all(context.platform, work, range(5)))
