from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING

import pytest

from tamperings import KINDS, make_ledger, tampered, verify

if TYPE_CHECKING:
    from pathlib import Path

_EACH = 6


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ledger") / "data"
    make_ledger(folder)
    return folder


def test_a_ledger_that_nobody_touched_is_right(original: Path) -> None:
    found = verify(original)
    assert (found.fault_count, found.size, found.signed) == (0, 616, 616)
    assert verify(original, full=False).checked == 0


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_whatever_is_done_to_it_is_found_and_named(
    original: Path, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tamperings.KINDS", {kind: KINDS[kind]})
    for seed in range(_EACH):
        folder = tmp_path / str(seed)
        done, found = tampered(original, folder, random.Random(f"{kind} {seed}"))
        assert found.fault_count, done
        assert done.is_named(found), (done, found.faults[:5])
        shutil.rmtree(folder)
