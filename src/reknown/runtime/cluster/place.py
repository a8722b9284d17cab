"""Which cluster is meant, and a connection to it; one on this machine is started."""

from __future__ import annotations

import logging
import re
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from reknown.biometrics.errors import ClusterError, InputError
from reknown.services.extras import require_cluster_support

if TYPE_CHECKING:
    from collections.abc import Iterator

    from distributed import Client

_ADDRESS = re.compile(
    r"local:(?P<processes>[1-9][0-9]{0,2})"
    r"|(?:tcp|tls)://(?:\[[0-9A-Fa-f:.]+\]|[^\s:/@\[\]]+):[0-9]{1,5}"
)
_LONGEST_SHOWN = 60
_CONNECT_SECONDS = 10.0
# Dask warns of images: what it calls a graph holds one.
_ANY_IMAGE = "1GiB"
_HERE = {
    # pages about workers, which nobody asks for, and for which there is no TLS
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    # samples the stack of every thread a hundred times a second
    "distributed.worker.profile.enabled": False,
    # looks at the event loop and the machine many times a second, for those pages
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.tick.limit": "30s",
    "distributed.admin.system-monitor.interval": "5s",
    # Dask's own has glibc give memory back at once, and pixels and tensors fault it in each time
    "distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": 1, "OPENBLAS_NUM_THREADS": 1},
    # one that is killed is started again; the picture on which three were killed is given up
    "distributed.scheduler.allowed-failures": 2,
}


@contextmanager
def connect(address: str) -> Iterator[Client]:
    """A client of the cluster at tcp://HOST:PORT or tls://HOST:PORT, or of a new one: local:N.

    Closed afterwards, as is a cluster that was started for it.

    Raises `InputError`, `ClusterError`.
    """
    processes = _processes(address)
    require_cluster_support()
    import dask  # noqa: PLC0415 - most commands need none
    from distributed import Client  # noqa: PLC0415

    _quieten()
    with ExitStack() as opened:
        opened.enter_context(
            dask.config.set({"distributed.admin.large-graph-warning-threshold": _ANY_IMAGE})
        )
        if address.startswith("tls:"):
            _require_certificates()
        where = opened.enter_context(_started(processes)) if processes else address
        try:
            client = Client(where, timeout=_CONNECT_SECONDS, set_as_default=False)
        except (OSError, TimeoutError) as error:
            raise ClusterError(_unreachable(address)) from error
        except RuntimeError as error:  # Dask is set to speak to nobody without TLS
            raise ClusterError(f"cannot connect to {address}: {error}") from error
        with client:
            yield client


def _processes(address: str) -> int:
    """How many to start here, 0 for a cluster elsewhere."""
    if named := _ADDRESS.fullmatch(address):
        return int(named["processes"] or 0)
    raise InputError(
        "--cluster takes tcp://HOST:PORT or tls://HOST:PORT of a Dask scheduler, or local:N for N "
        f"processes here, 1 to 999: not {address[:_LONGEST_SHOWN]!r}"
    )


@contextmanager
def _started(workers: int) -> Iterator[object]:
    """A cluster of processes of one thread each, which only this one and its client can enter.

    Whoever reaches a scheduler can run any code as its user. So even on this machine the
    processes speak TLS, with certificates that are made now and kept in memory.
    """
    import dask  # noqa: PLC0415
    from distributed import LocalCluster  # noqa: PLC0415

    with dask.config.set(_HERE):
        cluster = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            security=True,
            dashboard_address="127.0.0.1:0",
            memory_limit=0,  # decoders and models have limits of their own
            silence_logs=logging.CRITICAL,
        )
        with cluster:
            yield cluster


def _require_certificates() -> None:
    """Raises `InputError` where Dask's configuration names none, or none that can be used."""
    from distributed import Security  # noqa: PLC0415

    try:
        if Security().get_connection_args("client")["ssl_context"] is not None:
            return
        problem = "it is not set"
    except (OSError, ValueError) as error:
        problem = str(error)
    raise InputError(
        "tls:// takes certificates from Dask's configuration (distributed.comm.tls.ca-file, "
        f"client.cert, client.key), see docs/deployment/cluster.md: {problem}"
    )


def _quieten() -> None:
    """What Dask would log from now on, a command says in its own words."""
    import distributed  # noqa: F401, PLC0415 - sets up its loggers, some with levels of their own

    names = [name for name in logging.root.manager.loggerDict if name.startswith("distributed.")]
    for name in ("distributed", "tornado", "asyncio", *names):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _unreachable(address: str) -> str:
    return (
        f"no scheduler answers at {address}: start one there with `dask scheduler`, look whether "
        "it wants tls://, or leave --cluster out to do the work here"
    )
