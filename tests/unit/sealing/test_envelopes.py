from __future__ import annotations

import pytest

from reknown.sealing.envelopes import Recipient, seal_to

PLAIN = b"what a camera saw" * 100


def test_what_is_sealed_to_somebody_opens_for_them_alone() -> None:
    ours, other = Recipient(), Recipient()
    sealed = seal_to(ours.public, PLAIN, b"now")
    assert PLAIN[:16] not in sealed
    assert ours.open(sealed, b"now") == PLAIN
    assert other.open(sealed, b"now") is None
    assert ours.open(sealed, b"then") is None


def test_nothing_opens_that_was_changed_or_is_none() -> None:
    ours = Recipient()
    sealed = bytearray(seal_to(ours.public, PLAIN, b""))
    for place in (0, 31, 32, len(sealed) // 2, len(sealed) - 1):
        spoilt = bytes(sealed[:place]) + bytes([sealed[place] ^ 1]) + bytes(sealed[place + 1 :])
        assert ours.open(spoilt, b"") is None
    for short in (b"", bytes(32), bytes(sealed[:-1])):
        assert ours.open(short, b"") is None


def test_the_same_is_never_sealed_alike() -> None:
    ours = Recipient()
    assert seal_to(ours.public, PLAIN, b"") != seal_to(ours.public, PLAIN, b"")


@pytest.mark.parametrize("wrong", [b"", b"short", bytes(32), bytes(33)])
def test_a_key_that_is_none_takes_nothing(wrong: bytes) -> None:
    with pytest.raises(ValueError, match=r"32 bytes|shared key"):
        seal_to(wrong, PLAIN, b"")
