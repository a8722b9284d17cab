"""`reknown console`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reknown.cli.options import Data, Json

if TYPE_CHECKING:
    from reknown.services.context import Context


def console(
    open_: Annotated[
        bool, typer.Option("--open", help="Open the link in this machine's browser.")
    ] = False,
    host: Annotated[
        str | None,
        typer.Option("--host", metavar="ADDRESS", help="As `reknown serve` has it."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", min=1, max=65535, help="As `reknown serve` has it."),
    ] = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Print a link that signs you in to the console of the server, once and with all rights.

    Whoever may read the data folder may do everything anyway. The link is for ten minutes, and
    recorded like all that is done with it. Others get accounts: `reknown accounts add`.

    The server has to run (`reknown serve`): say --host and --port here as there.
    """
    import webbrowser

    from reknown.cli.output import print_json
    from reknown.cli.session import open_context
    from reknown.runtime.listener import address_of
    from reknown.settings import read_settings

    server = read_settings(options={"server.host": host, "server.port": port}).server
    with open_context(data) as context:
        link = sign_in_link(context, address_of(server, server.port))
    if json:
        print_json({"link": link, "minutes": 10})
    else:
        typer.echo(link)
    if open_:
        webbrowser.open(link)


def sign_in_link(context: Context, address: str) -> str:
    """One to the server at that address, for ten minutes and once; recorded."""
    from reknown.services.sign_in import offer_link

    return f"{address}/console/sign-in?link={offer_link(context)}"
