from __future__ import annotations

import json
import subprocess
import sys

import pytest

_PROGRAM = """
import json, os, socket, sys
from reknown.confinement import bound_memory, give_up_network, load_seccomp

# what a Python that runs tests has loaded late otherwise
json.dumps({})
bound_memory(2**30)
if not load_seccomp():
    print("null")
    sys.exit()
tries = {
    "open": lambda: open("/etc/passwd"),
    "make": lambda: open("made", "w"),
    "connect": lambda: socket.socket().connect(("127.0.0.1", 9)),
    "fork": os.fork,
    "run": lambda: os.execv("/bin/true", ["true"]),
    "kill": lambda: os.kill(os.getppid(), 0),
    "list": lambda: os.listdir("/"),
    "memory": lambda: bytearray(2**30),
}
found = {}
for name, attempt in tries.items():
    try:
        attempt()
        found[name] = "done"
    except (OSError, MemoryError) as error:
        found[name] = type(error).__name__
print(json.dumps(found))
"""


def test_a_confined_process_can_compute_and_answer_and_nothing_else() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    if found is None:
        pytest.skip("libseccomp is not installed here")
    assert found == dict.fromkeys(
        ("open", "make", "connect", "fork", "run", "kill", "list"), "PermissionError"
    ) | {"memory": "MemoryError"}
