"""One function a record: modules beside this one say what."""

from __future__ import annotations

import json
from functools import singledispatch
from typing import TYPE_CHECKING

from reknown.ledger import records

if TYPE_CHECKING:
    from reknown.ledger.summary.say import Names


@singledispatch
def text_of(record: object, _names: Names) -> str:
    """Of a record whose operation says everything."""
    return "" if isinstance(record, records.Record) else json.dumps(record)
