from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from contexts import make_context
from unit.databases import own_engine
from unit.services.reviews.desks import Desks

if TYPE_CHECKING:
    from sqlalchemy import Engine as Database

    from reknown.vision.analyze import Engine

__all__ = ["own_engine"]


@pytest.fixture
def desks(own_engine: Database, engine: Engine) -> Desks:
    """A gallery of strangers, in which three people resemble the probe, and who works there."""
    made = Desks(make_context(own_engine, engine))
    made.fill()
    return made
