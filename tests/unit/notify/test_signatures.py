from __future__ import annotations

import base64
import hashlib

import pytest

from reknown.notify.signatures import key_of, sign, verify

# The example that the libraries of Standard Webhooks are tested with; `openssl dgst -mac HMAC`
# says the same.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
NOW = 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
HEADERS = {
    "Webhook-Id": ID,
    "webhook-timestamp": str(NOW),
    "WEBHOOK-SIGNATURE": SIGNATURE,
    "Content-Type": "application/json",
}


def changed(name: str, value: str) -> dict[str, str]:
    return {key: value if key.lower() == name else old for key, old in HEADERS.items()}


def by_hand(key: bytes, message: bytes) -> str:
    """HMAC-SHA256 as RFC 2104 defines it, from hashes alone."""
    padded = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded) + message).digest()
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded) + inner).digest()
    return "v1," + base64.b64encode(outer).decode()


def test_the_published_example() -> None:
    assert sign(key_of(SECRET), ID, str(NOW), BODY) == SIGNATURE
    assert verify(SECRET, HEADERS, BODY, NOW)
    assert verify(SECRET.removeprefix("whsec_"), HEADERS, BODY, NOW)


def test_a_signature_is_what_the_definition_of_hmac_says() -> None:
    key = bytes(range(32))
    assert sign(key, "a-b_1", "17", b"\xff\0.") == by_hand(key, b"a-b_1.17.\xff\0.")


@pytest.mark.parametrize("seconds", [-301, -(10**9), 301, 10**9])
def test_a_timestamp_that_is_off_by_more_than_five_minutes_fails(seconds: int) -> None:
    assert not verify(SECRET, HEADERS, BODY, NOW + seconds)


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_a_timestamp_within_five_minutes_passes(seconds: int) -> None:
    assert verify(SECRET, HEADERS, BODY, NOW + seconds)


def test_without_a_moment_the_clock_counts() -> None:
    assert not verify(SECRET, HEADERS, BODY)


@pytest.mark.parametrize("body", [b"", BODY + b" ", BODY.replace(b"2", b"3", 1), b"\xff"])
def test_another_body_fails(body: bytes) -> None:
    assert not verify(SECRET, HEADERS, body, NOW)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", "msg_other"),
        ("webhook-id", ""),
        ("webhook-id", "\ud800"),
        ("webhook-timestamp", str(NOW + 1)),
        ("webhook-timestamp", f" {NOW}"),
        ("webhook-timestamp", f"{NOW}.0"),
        ("webhook-timestamp", f"+{NOW}"),
        ("webhook-timestamp", "¹"),
        ("webhook-timestamp", "١٦١٤٢٦٥٣٣٠"),
        ("webhook-timestamp", "9" * 5000),
        ("webhook-timestamp", ""),
        ("webhook-signature", ""),
        ("webhook-signature", SIGNATURE.removeprefix("v1,")),
        ("webhook-signature", SIGNATURE.replace("v1,", "v1a,")),
        ("webhook-signature", SIGNATURE[:-1]),
        ("webhook-signature", SIGNATURE + "="),
        ("webhook-signature", "v1,"),
        ("webhook-signature", "v1,é\ud800"),
    ],
)
def test_another_header_fails(name: str, value: str) -> None:
    assert not verify(SECRET, changed(name, value), BODY, NOW)
    assert not verify(SECRET, {k: v for k, v in HEADERS.items() if k.lower() != name}, BODY, NOW)


def test_another_secret_fails() -> None:
    assert not verify("whsec_" + base64.b64encode(bytes(24)).decode(), HEADERS, BODY, NOW)


def test_one_of_several_signatures_is_enough() -> None:
    other = sign(bytes(24), ID, str(NOW), BODY)
    for given in (f"{other} {SIGNATURE}", f"{SIGNATURE} {other}", f"v1a,xyz {SIGNATURE}"):
        assert verify(SECRET, changed("webhook-signature", given), BODY, NOW)
    assert not verify(SECRET, changed("webhook-signature", f"{other} {other}"), BODY, NOW)


@pytest.mark.parametrize("secret", ["whsec_%%%", "whsec_abc", "é", "whsec_ab cd"])
def test_a_secret_that_is_no_base64_is_said_without_repeating_it(secret: str) -> None:
    with pytest.raises(ValueError, match="not base64") as caught:
        key_of(secret)
    assert secret not in str(caught.value)
