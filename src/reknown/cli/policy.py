"""`reknown collections policy`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.errors import InputError
from reknown.cli.completion import complete_collection
from reknown.cli.options import Data, Json

if TYPE_CHECKING:
    from reknown.biometrics.policy import Policy


def policy(
    name: Annotated[
        str | None,
        typer.Argument(help="The collection's name.", autocompletion=complete_collection),
    ] = None,
    set_: Annotated[
        Path | None, typer.Option("--set", metavar="FILE", help="Put the rules in FILE in force.")
    ] = None,
    show: Annotated[
        bool, typer.Option("--show", help="Show the rules in force, as without options.")
    ] = False,
    template: Annotated[
        bool, typer.Option("--template", help="Write a file of rules to fill in.")
    ] = False,
    data: Data = None,
    json: Json = False,
) -> None:
    """Show or set what a collection may be used for, by whom, and how long it is kept.

    A policy is a TOML file; what it says takes the place of all rules that were in force. Every
    server and command on the database follows it from the next search on.
    """
    from reknown.services.policies.files import TEMPLATE

    if template and not (name or set_ or show or json):
        typer.echo(TEMPLATE, nl=False)
        return
    if template or name is None or (set_ is not None and show):
        raise InputError("give a collection, and one of --set and --show; or --template alone")
    from reknown.cli.output import print_json
    from reknown.cli.session import open_context
    from reknown.services.policies import rules
    from reknown.services.policies.files import read_policy_file

    wanted = None if set_ is None else read_policy_file(set_)
    with open_context(data) as context:
        if wanted is not None:
            rules.set_policy(context, name, wanted)
        found = rules.read_policy(context, name) if wanted is None else wanted
    if json:
        print_json(found)
    else:
        print_policy(found)


def print_policy(policy: Policy) -> None:
    """As a file that could be set."""
    from reknown.services.policies.files import as_toml

    no_rules = "# no rules: everything is allowed but what a rule has to allow, such as recording\n"
    typer.echo(as_toml(policy) or no_rules, nl=False)
