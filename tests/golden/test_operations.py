"""Every operation that is implemented answers as it did when its answers were written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from golden.recording import differences
from reknown.api.registry import HANDLERS

if TYPE_CHECKING:
    from golden.recording import Recording
# One that is not implemented, and what the server's ledger holds of all of them.
OPERATIONS = [*sorted(HANDLERS), "DetectLabels", "ledger"]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_answers_as_before(recorded_operations: Recording, operation: str) -> None:
    assert operation in recorded_operations.files, "the story in operations.py leaves it out"
    found = differences("operations", operation, recorded_operations.files[operation])
    assert not found, f"\n{found}"


@pytest.mark.parametrize("operation", sorted(HANDLERS))
def test_every_operation_answers_well_and_refuses(
    recorded_operations: Recording, operation: str
) -> None:
    statuses = {step["status"] for step in recorded_operations.files[operation]}
    assert 200 in statuses
    assert operation == "ListCollections" or any(400 <= status < 500 for status in statuses)
