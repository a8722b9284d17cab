from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.biometrics.templates import TemplateSpace
from reknown.evaluation.data.image_cache import CachedImage
from reknown.runtime.cluster.conversion import to_sample, to_sampled
from reknown.runtime.cluster.messages import Sampled, decode_answer, decode_task, encode

if TYPE_CHECKING:
    from numpy.typing import NDArray

SPACE = TemplateSpace("opencv", "f" * 64, 4)
DIGEST = bytes(range(32))


def _image(vector: NDArray[np.float32], quality: int, number: int) -> CachedImage:
    return CachedImage(DIGEST, quality, number, np.arange(256, dtype=np.uint8), vector)


@given(
    st.lists(st.floats(-1, 1, width=32), min_size=4, max_size=4),
    st.integers(-1, 100),
    st.integers(0, 2**64 - 1),
)
def test_a_sample_arrives_as_it_was(values: list[float], quality: int, number: int) -> None:
    sent = _image(np.array(values, np.float32), quality, number)
    message = decode_answer(encode(to_sampled(sent)))
    assert isinstance(message, Sampled)
    found = to_sample(message, SPACE, DIGEST)
    assert (found.digest, found.quality, found.hash) == (DIGEST, quality, number)
    assert found.vector.tobytes() == sent.vector.tobytes()
    assert (found.thumbnail == sent.thumbnail).all()


@pytest.mark.parametrize(
    "change",
    [
        {"digest": b"another"},
        {"quality": 101},
        {"quality": -2},
        {"hash": -1},
        {"hash": 2**64},
        {"thumbnail": b"short"},
        {"vector": b"odd"},
        {"vector": np.ones(5, "<f4").tobytes()},
        {"vector": np.full(4, np.nan, "<f4").tobytes()},
    ],
)
def test_what_is_no_sample_of_that_image_is_refused(change: dict[str, Any]) -> None:
    message = to_sampled(_image(np.ones(4, np.float32), 50, 7))
    to_sample(message, SPACE, DIGEST)
    with pytest.raises(ValueError, match=r"."):
        to_sample(msgspec.structs.replace(message, **change), SPACE, DIGEST)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_an_error(data: bytes) -> None:
    for decode in (decode_task, decode_answer):
        with pytest.raises(ValueError, match=r"."):
            decode(data)
