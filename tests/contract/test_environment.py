"""The lines that `reknown serve` prints, in a shell."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from servers import REKNOWN

if TYPE_CHECKING:
    from pathlib import Path

# Ends the server with the shell, whatever happens.
_START = r"""
set -eu
serve() {
  "$REKNOWN" serve --data galleries --port "$PORT" >said 2>log &
  server=$!
  trap 'kill "$server"; wait "$server" || :' EXIT
  until grep -q "$1" said; do kill -0 "$server"; sleep 0.1; done
}
"""
_EVALUATED = """
eval "$("$REKNOWN" serve --data galleries --port "$PORT" --print-env)"
serve 'listening on'
! grep -q SECRET said
"""
_PASTED = """
serve 'Ctrl-C'
grep '^export' said > pasted
. ./pasted
"""
_EVALUATED_AGAIN = (
    _PASTED
    + """
eval "$("$REKNOWN" serve --data galleries --port "$PORT" --print-env)"
"""
)
# The shell keeps the key that it has for other services.
_AS_A_PROFILE = """
export AWS_ACCESS_KEY_ID=other AWS_SECRET_ACCESS_KEY=other PROFILE=reknown
mkdir .aws
"$REKNOWN" serve --data galleries --port "$PORT" --print-env |
  sed -n '/^.profile/,/^PROFILE/p' | sed '$d' > .aws/config
serve 'listening on'
"""
_CALL = '\n"$PYTHON" -W error call.py\n'
_PROGRAM = """
import json
import os
import boto3

client = boto3.Session(profile_name=os.environ.get("PROFILE")).client("rekognition")
client.create_collection(CollectionId="friends")
extended = "reknown_search_all_faces_by_image" in dir(client)
found = client.list_collections()["CollectionIds"]
print(json.dumps({"collections": found, "extended": extended, "region": client.meta.region_name}))
"""


@pytest.fixture
def port() -> int:
    """One that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _shell(folder: Path, port: int, script: str) -> Any:
    """What a program without any configuration of its own prints after the script."""
    (folder / "call.py").write_text(_PROGRAM)
    others = {name: value for name, value in os.environ.items() if name[:4] != "AWS_"}
    settings = {
        "HOME": str(folder),
        "PORT": str(port),
        "PYTHON": sys.executable,
        "REKNOWN": str(REKNOWN),
    }
    done = subprocess.run(
        ["bash", "-c", _START + script + _CALL],
        env=others | settings,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(_EVALUATED, id="evaluated before the first start"),
        pytest.param(_PASTED, id="pasted from the first start"),
        pytest.param(_EVALUATED_AGAIN, id="evaluated again with the secret there"),
        pytest.param(_AS_A_PROFILE, id="as a profile beside other keys"),
    ],
)
def test_a_shell_with_the_printed_lines_reaches_the_server(
    tmp_path: Path, port: int, script: str
) -> None:
    assert _shell(tmp_path, port, script) == {
        "collections": ["friends"],
        "extended": True,
        "region": "us-east-1",
    }


def test_no_lines_are_printed_for_a_port_that_is_not_chosen_yet(tmp_path: Path) -> None:
    command = [str(REKNOWN), "serve", "--data", str(tmp_path), "--port", "0", "--print-env"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "choose one with --port" in done.stderr
