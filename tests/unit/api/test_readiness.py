from __future__ import annotations

import asyncio

import pytest

from reknown.api import readiness
from reknown.api.readiness import Readiness
from reknown.biometrics.errors import DatabaseError


def test_it_tries_once_however_many_ask() -> None:
    tries: list[int] = []

    async def run() -> None:
        one = Readiness(lambda: tries.append(1))
        await asyncio.gather(*(one.check() for _ in range(20)))

    asyncio.run(run())
    assert tries == [1]


def test_it_says_what_is_wrong_until_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "_SECONDS", 0.0)
    errors: list[Exception | None] = [DatabaseError("full"), None]

    def attempt() -> None:
        error = errors.pop(0)
        if error is not None:
            raise error

    async def run() -> None:
        one = Readiness(attempt)
        with pytest.raises(DatabaseError, match="full"):
            await one.check()
        await one.check()

    asyncio.run(run())
    assert errors == []
