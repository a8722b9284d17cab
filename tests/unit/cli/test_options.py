"""Options that several commands share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from reknown.biometrics.errors import ReknownError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_NOWHERE = "postgresql://127.0.0.1:2/faces"


@pytest.mark.parametrize("before", [{}, {"REKNOWN_POLICY__PURPOSE": "missing-person"}])
def test_an_option_holds_for_its_command_alone(
    run: Callable[..., Any],
    people: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    before: dict[str, str],
) -> None:
    for name, value in before.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "reknown.toml"
    file.write_text("")
    environment = dict(os.environ)
    command = ["--config", file, "identify", people, "--purpose", "audit"]
    command += ["--approval", uuid4(), "--database", _NOWHERE]
    with pytest.raises(ReknownError, match="check that the server runs"):
        run(*command)
    assert run(*command, "--nothing").status == 2  # that cannot be read
    for name in {*environment, *os.environ} - {"OPENBLAS_NUM_THREADS"}:
        assert os.environ.get(name) == environment.get(name), name
