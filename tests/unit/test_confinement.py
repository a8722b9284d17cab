from __future__ import annotations

import resource
import subprocess
import sys

import pytest


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
