"""`reknown serve`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from reknown.cli.client_settings import ClientSettings
from reknown.cli.configured import Given, configured

if TYPE_CHECKING:
    from reknown.access.keys import AccessKey
    from reknown.configuration import Settings


@configured("server", "objects", "notices", "events")
def serve(
    options: Given,
    print_env: Annotated[
        bool,
        typer.Option(
            "--print-env", help="Only print an environment and a profile for clients, and end."
        ),
    ] = False,
    open_: Annotated[
        bool,
        typer.Option("--open", help="Print a link to the console, and open it in the browser."),
    ] = False,
    parent: Annotated[
        int | None,
        typer.Option(hidden=True, help="End when this process does, which started this one."),
    ] = None,
    listener: Annotated[
        int | None, typer.Option(hidden=True, help="Listen on this file of the parent's.")
    ] = None,
) -> None:
    """Answer Amazon Rekognition's API on this machine.

    The first start on an empty data folder makes an access key and prints it once; `reknown
    keys` makes more. A log line in JSON for each request goes to standard error.

    `eval "$(reknown serve --print-env)"` before the first start sets up this shell; the same
    command shows a named profile for clients that need other keys for S3 and the rest.

    With --open it also prints a link that signs you in to the console, the pages for people, and
    opens it in this machine's browser; later, `reknown console` prints another.

    All options but --print-env and --open may stand in reknown.toml: see `reknown config example`.
    """
    from reknown import __version__
    from reknown.runtime.listener import address_of
    from reknown.runtime.siblings import Sibling, shared_metrics
    from reknown.settings import read_settings

    settings = read_settings(options=options)
    if print_env:
        _print_environment(settings)
        return

    def greet(port: int, pack: str, made: tuple[AccessKey, str] | None) -> None:
        try:
            welcome(port, pack, made)
        except OSError as error:  # nobody reads it: that is no reason not to serve
            lost = f"; access key {made[0].key_id} is lost: revoke it" if made else ""
            typer.echo(f"reknown: cannot print the address: {error.strerror}{lost}", err=True)

    def welcome(port: int, pack: str, made: tuple[AccessKey, str] | None) -> None:
        address = address_of(settings.server, port)
        typer.echo(f"Reknown {__version__} is listening on {address} with the model pack {pack}")
        if made is not None:
            typer.echo("The first access key; its secret is not shown again:\n")
            typer.echo(_client(settings, address, made[0].key_id, made[1]).exports())
            typer.echo("\nAs a profile: reknown serve --print-env. More keys: reknown keys create.")
            typer.echo("Stop with Ctrl-C.")
        if open_:
            _open_console(settings, address)

    sibling = None if parent is None or listener is None else Sibling(parent, listener)
    with shared_metrics(settings.server):
        from reknown.runtime.server import serve  # reads where the figures are kept

        serve(settings, greet, sibling)


def _open_console(settings: Settings, address: str) -> None:
    """Signs in whoever started the server, as `reknown console` does."""
    import webbrowser

    from reknown.cli.console import sign_in_link
    from reknown.runtime.platform import open_platform
    from reknown.services.context import Context

    with open_platform(settings) as platform:
        link = sign_in_link(Context(platform, settings.actor), address)
    typer.echo(f"The console, for ten minutes and once: {link}")
    webbrowser.open(link)


def _print_environment(settings: Settings) -> None:
    """What a shell can evaluate."""
    from reknown.biometrics.errors import InputError
    from reknown.runtime.listener import address_of
    from reknown.runtime.platform import open_platform
    from reknown.runtime.stores import open_vault
    from reknown.services.access import ensure_key, list_keys
    from reknown.services.context import Context

    if settings.server.port == 0:
        raise InputError("--print-env tells clients the port: choose one with --port")
    address = address_of(settings.server, settings.server.port)
    with open_platform(settings) as platform:
        context = Context(platform, settings.actor)
        made = ensure_key(context, open_vault(settings, platform))
        keys = list_keys(context)
    if made is not None:
        client = _client(settings, address, made[0].key_id, made[1])
    else:
        client = _client(settings, address, keys[0].key_id if keys else None, None)
    typer.echo(client.exports_and_profile())


def _client(
    settings: Settings, address: str, key_id: str | None, secret: str | None
) -> ClientSettings:
    return ClientSettings(address, key_id, secret, settings.server.tls_certificate)
