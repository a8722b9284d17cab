"""Every command that has `--json` answers as it did when its answers were written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from golden import commands
from golden.recording import differences

if TYPE_CHECKING:
    from golden.recording import Recording

# These have no --json: their text, status and effect are kept too.
_OTHERS = {
    "collections delete",
    "consent withdraw",
    "faces delete",
    "keys revoke",
    "resume-searches",
    "stop-searches",
    "users delete",
    "video tracks delete",
}
COMMANDS = sorted({*commands.with_json(), *_OTHERS})


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_answers_as_before(recorded_commands: Recording, command: str) -> None:
    file = command.replace(" ", "-")
    assert file in recorded_commands.files, "the story in commands.py leaves this command out"
    found = differences("commands", file, recorded_commands.files[file])
    assert not found, f"\n{found}"
