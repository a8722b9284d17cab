"""How long commands take, from the start of the process to its end.

    .venv/bin/python bench/commands.py [ROUNDS] [REKNOWN ...]

Without pictures first; the peers are Python itself, which starts and imports nothing, and other
installations of Reknown, given as their programs, in the same rounds. Then `identify` of one photo:
alone, and with a server on the same folder. Seconds of wall time; `cpu` is the processor's.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from reknown.cli.demo_images import EILEEN, jpeg

_OWN = str(Path(sys.executable).with_name("reknown"))
_COMMANDS = (
    "--version",
    "--help",
    "users list",
    "faces list",
    "collections list",
    "ledger",
    "keys list",
    "config show",
    "users list --json",
    "faces list --json",
    "collections list --json",
    "ledger --json",
    "keys list --json",
    "config show --json",
)
_COMPLETION = {"_REKNOWN_COMPLETE": "complete_bash", "COMP_WORDS": "reknown us", "COMP_CWORD": "1"}


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    programs = [_OWN, *sys.argv[2:]]
    with TemporaryDirectory() as folder:
        image = Path(folder) / "people" / "Eileen Collins" / "1.jpg"
        image.parent.mkdir(parents=True)
        image.write_bytes(jpeg(EILEEN.crop()))
        here = os.environ | {"REKNOWN_DATA": f"{folder}/data", "REKNOWN_CONFIG": os.devnull}
        subprocess.run([_OWN, "enroll", str(image.parents[1])], env=here, check=True)
        subprocess.run([_OWN, "keys", "create", "--name", "bench"], env=here, check=True)
        _commands(rounds, programs, here)
        _identify(rounds, image, here)


def _commands(rounds: int, programs: list[str], here: dict[str, str]) -> None:
    cases: dict[Any, tuple[list[str], dict[str, str]]] = {
        ("python",): ([sys.executable, "-c", ""], here)
    }
    for program in programs:
        for words in _COMMANDS:
            cases[words, program] = ([program, *words.split()], here)
        cases["completion", program] = ([program], here | _COMPLETION)
    show(measured(rounds, cases))


def _identify(rounds: int, image: Path, here: dict[str, str]) -> None:
    command = [_OWN, "identify", "--json", str(image)]
    alone = here | {"REKNOWN_SERVER__LOCAL_COMMANDS": "false"}
    with subprocess.Popen(
        [_OWN, "serve", "--port", "0"], env=here, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as server:
        assert server.stdout is not None
        server.stdout.readline()
        cases = {("identify", "alone"): (command, alone), ("identify", "server"): (command, here)}
        show(measured(rounds, cases))
        server.terminate()


def measured(
    rounds: int, cases: dict[Any, tuple[list[str], dict[str, str]]]
) -> dict[Any, list[tuple[float, float]]]:
    """Wall and processor seconds of each case in each round, after one that warms up."""
    runs: dict[Any, list[tuple[float, float]]] = {case: [] for case in cases}
    for number in range(rounds + 1):
        for case, (command, environment) in cases.items():
            before, started = os.times(), time.perf_counter()
            subprocess.run(command, env=environment, capture_output=True, check=False)
            wall, after = time.perf_counter() - started, os.times()
            used = after.children_user + after.children_system
            cpu = used - before.children_user - before.children_system
            if number:
                runs[case].append((wall, cpu))
    return runs


def show(runs: dict[Any, list[tuple[float, float]]]) -> None:
    for case, times in runs.items():
        walls, cpus = sorted(wall for wall, _ in times), [cpu for _, cpu in times]
        line = {
            "case": list(case),
            "runs": len(times),
            "least": round(walls[0], 3),
            "median": round(statistics.median(walls), 3),
            "most": round(walls[-1], 3),
            "cpu": round(statistics.median(cpus), 3),
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
