"""`reknown` with a server of other limits: `python impatient.py '{"patience": {...}}' serve`."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING
from unittest import mock

from reknown.api.bodies import Limits
from reknown.api.connections import Patience
from reknown.cli.main import app
from reknown.runtime import listener, server

if TYPE_CHECKING:
    import socket

    from reknown.api.http import Edge


def program(*, patience: dict[str, float], limits: dict[str, float]) -> tuple[str, ...]:
    """The command line of it, for `servers.serving`."""
    return sys.executable, __file__, json.dumps({"patience": patience, "limits": limits})


def main() -> None:
    settings = json.loads(sys.argv.pop(1))
    patience, limits = Patience(**settings["patience"]), Limits(**settings["limits"])
    run = server.run

    def run_impatiently(edge: Edge, listener: socket.socket, tls: listener.Tls | None) -> None:
        run(replace(edge, limits=limits), listener, tls, patience)

    with mock.patch.object(server, "run", run_impatiently):
        app()


if __name__ == "__main__":
    main()
