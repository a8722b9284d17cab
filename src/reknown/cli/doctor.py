"""`reknown doctor`."""

from __future__ import annotations

import typer

from reknown.cli.options import Data, Json, Pack


def doctor(pack: Pack = None, data: Data = None, json: Json = False) -> None:
    """Check this installation.

    Versions, processor, what searches are compiled for, whether cameras can be read over SRT,
    data folder, database, clock, whether the watches that were started see something, keys,
    disk, limits, model pack, a self-test, which makes a template, enrols it in a gallery of its
    own and finds it again, and whether a running server finds faces for commands. The data
    folder is looked at and left as it is. Status 1 when a check fails; its line says what to do.
    """
    from reknown.api.connections import ConnectionLimits
    from reknown.cli.output import EXIT_DONE, EXIT_NEGATIVE, print_json, print_table
    from reknown.cli.session import open_engine
    from reknown.runtime.local.executor import helper
    from reknown.runtime.location import keyring_of, location_of
    from reknown.services.data_checks import DataChecks
    from reknown.services.key_checks import KeyChecks
    from reknown.services.self_test import CheckResult, run_checks
    from reknown.services.server_checks import ServerChecks
    from reknown.settings import read_settings
    from reknown.storage.server import ServerAddress

    settings = read_settings(data)
    location = location_of(settings)
    server = ServerChecks(location) if isinstance(location, ServerAddress) else None
    keys = KeyChecks(location, keyring_of(settings))
    look = DataChecks(settings.data, ConnectionLimits().connections, server, keys)
    checks = list(run_checks(lambda: open_engine(pack), look))
    checks.append(CheckResult("server", True, helper(settings)))
    if json:
        for check in checks:
            print_json(check)
    else:
        rows = [(c.name, "ok" if c.passed else "FAILED", c.detail) for c in checks]
        print_table(("check", "", "found"), rows)
    raise typer.Exit(EXIT_DONE if all(check.passed for check in checks) else EXIT_NEGATIVE)
