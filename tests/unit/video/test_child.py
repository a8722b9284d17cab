from __future__ import annotations

import signal
import subprocess
import sys

from reknown.video.child import Allowance


def test_what_is_got_through_is_paid_for() -> None:
    allowance = Allowance(10, a_second=20, a_frame=5)
    assert allowance.after(0, 0) == 10
    assert allowance.after(2_000, 50) == 50


def test_a_leap_of_hours_is_not() -> None:
    assert Allowance(10, a_second=20, a_frame=5).after(5 * 3_600_000, 2) == 20


def test_processor_time_is_bounded_again_and_again() -> None:
    script = (
        "from reknown.confinement import bound_processor_time\n"
        "bound_processor_time(600)\n"
        "bound_processor_time(1)\n"
        "while True: pass\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=False)
    assert done.returncode == -signal.SIGXCPU
