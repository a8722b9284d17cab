"""Passwords and one-time codes: hashed, checked, never kept."""

from __future__ import annotations

import hmac
from functools import cache
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from datetime import datetime

    from argon2 import PasswordHasher

SHORTEST = 10
_LONGEST = 256
_STEP_SECONDS = 30
# A phone's clock may be that many steps off.
_STEPS = 1


@cache
def _hasher() -> PasswordHasher:
    # Only sign-ins need it. 19 MiB and two passes: OWASP's least for Argon2id, as many may try.
    from argon2 import PasswordHasher  # noqa: PLC0415

    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def require_password(password: str, name: str) -> None:
    """Raises `InputError` unless the password of the account `name` is worth having."""
    if not SHORTEST <= len(password) <= _LONGEST:
        raise InputError(f"a password takes {SHORTEST} to {_LONGEST} characters")
    if name.lower() in password.lower() or len(set(password)) < 5:
        raise InputError("this password is easily guessed: take several words")


def hash_password(password: str) -> str:
    """The Argon2id hash, with salt and parameters."""
    return _hasher().hash(password)


def verify_password(hashed: str | None, password: str) -> bool:
    """Whether it is the password of that hash; without one it takes as long to say no."""
    from argon2.exceptions import Argon2Error, InvalidHashError  # noqa: PLC0415

    if len(password) > _LONGEST:
        return False
    try:
        return _hasher().verify(hashed or _nobody(), password) and hashed is not None
    except (Argon2Error, InvalidHashError):
        return False


@cache
def _nobody() -> str:
    return _hasher().hash("nobody's")


def new_code_secret() -> str:
    """A secret for one-time codes (RFC 6238), in base32 as authenticators take it."""
    from pyotp import random_base32  # noqa: PLC0415

    return random_base32()


def code_address(secret: str, name: str) -> str:
    """What an authenticator reads from a picture."""
    from pyotp import TOTP  # noqa: PLC0415

    return TOTP(secret).provisioning_uri(name=name, issuer_name="Reknown")


def step_of_code(secret: str, code: str, now: datetime) -> int | None:
    """Which 30 seconds since 1970 the code of six digits is of, None where it is of none near."""
    from pyotp import TOTP  # noqa: PLC0415

    generator, present = TOTP(secret), int(now.timestamp()) // _STEP_SECONDS
    found = None
    for step in range(present - _STEPS, present + _STEPS + 1):
        if hmac.compare_digest(generator.generate_otp(step), code.strip()):
            found = step
    return found
