"""Real Dask clusters: the commands that operators start, which speak TLS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import dask
from distributed import Security

from processes import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROLES = ("client", "scheduler", "worker")
_PEMS = {"ca_file": "ca-file"}
_PEMS |= {f"{role}_{part}": f"{role}.{part}" for role in _ROLES for part in ("cert", "key")}


@dataclass(frozen=True)
class RealCluster:
    """Its scheduler, and how many processes with one thread each its workers are."""

    address: str
    scheduler: subprocess.Popen[bytes]
    processes: int


@contextmanager
def certificates(folder: Path) -> Iterator[None]:
    """This process and those that it starts have them, by Dask's configuration."""
    made = Security.temporary()
    config: dict[str, object] = {"distributed.comm.require-encryption": True}
    for name, key in _PEMS.items():
        path = folder / f"{name}.pem"
        path.touch(mode=0o600)
        path.write_text(getattr(made, f"tls_{name}"))
        config[f"distributed.comm.tls.{key}"] = str(path)
    with dask.config.set(config):
        yield


@contextmanager
def real_cluster(folder: Path, processes: int, allowed_failures: int = 3) -> Iterator[RealCluster]:
    """A scheduler and a worker command with so many processes, all ended afterwards."""
    about = folder / "scheduler.json"
    environment = {
        **os.environ,
        "DASK_INTERNAL_INHERIT_CONFIG": dask.config.serialize(dask.config.global_config),
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": str(allowed_failures),
        "PYTHONPATH": str(Path(__file__).parent),
    }
    place = ("--host", "127.0.0.1", "--protocol", "tls", "--no-dashboard")

    def start(what: str, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{what}", *words]
        command += ["--scheduler-file", str(about)]
        with (folder / f"{what}.log").open("wb") as log:
            return subprocess.Popen(command, env=environment, stderr=log, cwd=folder)

    scheduler = start("scheduler", "--port", "0", *place)
    workers = start(
        "worker", "--nworkers", str(processes), "--nthreads", "1", *place, "--memory-limit", "0"
    )
    try:
        wait_for(about.exists)
        yield RealCluster(json.loads(about.read_text())["address"], scheduler, processes)
    finally:
        for process in (workers, scheduler):
            process.terminate()
            process.wait(30)
