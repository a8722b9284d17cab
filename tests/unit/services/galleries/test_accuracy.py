from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from contexts import make_context
from reknown.biometrics.errors import NotFoundError
from reknown.services.galleries.accuracy import read_accuracy
from reknown.services.galleries.collections import create_collection

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.services.context import Context
    from reknown.storage.database import Database
    from reknown.vision.analyze import Engine


def test_rates_are_those_of_the_calibration_at_this_size(
    context: Context, collection: str, enrol: Callable[..., object], eileen: bytes
) -> None:
    enrol(eileen)
    known = read_accuracy(context, collection)
    assert known.calibration is not None
    rates = {each.stated: each.false_match_rate for each in known.thresholds}
    assert rates[80.0] == pytest.approx(1e-4)
    assert rates[50.0] == pytest.approx(1e-2)
    assert known.collection.faces == 1
    assert known.advised is not None
    assert known.advised.similarity == 80.0
    assert known.drift is None


def test_a_pack_without_calibration_promises_nothing(database: Database, other: Engine) -> None:
    context = make_context(database, replace(other, calibration=None))
    create_collection(context, "others", "other")
    known = read_accuracy(context, "others")
    assert (known.calibration, known.thresholds, known.advised) == (None, (), None)
    with pytest.raises(NotFoundError):
        read_accuracy(context, "nobody")
