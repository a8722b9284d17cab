from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pyotp import TOTP

from reknown.access import passwords
from reknown.biometrics.errors import InputError


def test_a_password_fits_its_own_hash_alone() -> None:
    hashed = passwords.hash_password("four small words here")
    assert "four" not in hashed
    assert hashed.startswith("$argon2id$")
    assert passwords.verify_password(hashed, "four small words here")
    assert not passwords.verify_password(hashed, "four small words her")
    assert not passwords.verify_password(None, "nobody's")
    assert not passwords.verify_password(hashed, "x" * 10_000)
    assert not passwords.verify_password("no hash", "four small words here")


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "ada-ada-ada-1", "x" * 300])
def test_a_password_that_is_easily_guessed_is_none(password: str) -> None:
    with pytest.raises(InputError, match="password"):
        passwords.require_password(password, "ada")


def test_codes_are_those_of_rfc_6238() -> None:
    # appendix B, SHA-1: the secret is 12345678901234567890, times in seconds, last six digits
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (20000000000, "353130")):
        now = datetime.fromtimestamp(seconds, UTC)
        assert passwords.step_of_code(secret, code, now) == seconds // 30


def test_a_code_is_good_for_a_minute_and_no_longer() -> None:
    secret, now = passwords.new_code_secret(), datetime(2026, 11, 29, 18, 0, tzinfo=UTC)
    present = int(now.timestamp()) // 30
    for step, good in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        code = TOTP(secret).generate_otp(present + step)
        assert (passwords.step_of_code(secret, code, now) is not None) == good
    assert passwords.step_of_code(secret, "", now) is None
    assert "issuer=Reknown" in passwords.code_address(secret, "ada")
