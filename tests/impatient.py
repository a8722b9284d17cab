"""`reknown` with a server of other limits: `impatient.py '{"connections": {...}, ...}' serve`."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest import mock

from reknown.api.bodies import BodyLimits
from reknown.api.connections import ConnectionLimits
from reknown.cli.main import app
from reknown.runtime import listener, server

if TYPE_CHECKING:
    import socket

    from reknown.api.http import Edge


def program(*, connections: dict[str, float], bodies: dict[str, float]) -> tuple[str, ...]:
    """The command line of it, for `servers.serving`."""
    return sys.executable, __file__, json.dumps({"connections": connections, "bodies": bodies})


def main() -> None:
    settings = json.loads(sys.argv.pop(1))
    connections = ConnectionLimits(**settings["connections"])
    bodies = BodyLimits(**settings["bodies"])
    run = server.run

    def run_impatiently(
        edge: Edge, listener: socket.socket, tls: listener.Tls | None, **named: Any
    ) -> server.Ended:
        return run(replace(edge, limits=bodies), listener, tls, connections, **named)

    with mock.patch.object(server, "run", run_impatiently):
        app()


if __name__ == "__main__":
    main()
