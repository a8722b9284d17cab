from __future__ import annotations

import json
import resource
import subprocess
import sys

import pytest

_PROGRAM = """
import json, os, socket, sys, threading
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
    "thread": lambda: threading.Thread(target=len, args=("",)).start(),
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
    ) | {"memory": "MemoryError", "thread": "done"}


@pytest.mark.parametrize("allowed", [300, 3000])
def test_no_more_memory_is_asked_for_than_the_operator_allows(allowed: int) -> None:
    script = (
        "import resource\n"
        "from reknown.confinement import bound_memory\n"
        "bound_memory(1024 * 2**20)\n"
        "print(resource.getrlimit(resource.RLIMIT_AS)[0] // 2**20)\n"
    )

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (allowed * 2**20,) * 2)

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, preexec_fn=limit
    )
    assert int(done.stdout) == min(allowed, 1024)


def test_no_more_processor_time_either() -> None:
    script = (
        "import resource\n"
        "from reknown.confinement import bound_processor_time\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (100, 100))\n"
        "bound_processor_time(600)\n"
        "print(resource.getrlimit(resource.RLIMIT_CPU))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "(100, 100)\n"
