from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from moto_server import without_aws_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from unit.notify.receivers import Receiver


@pytest.fixture(autouse=True)
def _no_aws_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    without_aws_settings(monkeypatch)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server that takes what is sent to it; a test may make it behave badly."""
    from unit.notify.receivers import Receiver, receiving

    with receiving(Receiver()) as started:
        yield started
