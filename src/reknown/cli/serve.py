"""`reknown serve`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.cli.options import (
    DEFAULT_REGION,
    AllowBucket,
    Buckets,
    Data,
    Pack,
    S3Endpoint,
    S3Region,
    SnsEndpoint,
    SnsRegion,
    Webhook,
)

if TYPE_CHECKING:
    import socket

    from reknown.access.vault import Vault
    from reknown.api.http import Edge
    from reknown.services.context import Context

_BACKLOG = 512


def serve(
    data: Data = None,
    host: Annotated[
        str,
        typer.Option(
            help="Address to listen on; 0.0.0.0 lets other machines in.", envvar="REKNOWN_HOST"
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="0 picks a free one.", envvar="REKNOWN_PORT")
    ] = 8080,
    pack: Pack = None,
    buckets: Buckets = None,
    s3_endpoint: S3Endpoint = None,
    s3_region: S3Region = DEFAULT_REGION,
    allow_bucket: AllowBucket = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, help="Pictures in work at once.  [default: one a core]", show_default=False
        ),
    ] = None,
    queue: Annotated[
        int, typer.Option(min=0, help="Requests that may wait; more are told to slow down.")
    ] = 128,
    template_memory: Annotated[
        int, typer.Option(min=1, help="MiB for templates of the collections searched last.")
    ] = 2048,
    video_workers: Annotated[
        int,
        typer.Option(
            min=0,
            help="Videos in work at once, each by a worker process of its own; 0 leaves them to "
            "`reknown worker`. Needs --buckets or --s3-endpoint, and reknown[video].",
        ),
    ] = 1,
    sns_endpoint: SnsEndpoint = None,
    sns_region: SnsRegion = DEFAULT_REGION,
    webhook: Webhook = None,
    tls_certificate: Annotated[
        Path | None, typer.Option(metavar="PEM", help="Serve HTTPS with this certificate chain.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(metavar="PEM", help="And this key.")] = None,
    print_env: Annotated[
        bool,
        typer.Option("--print-env", help="Only print what a client's environment needs, and end."),
    ] = False,
) -> None:
    """Answer Amazon Rekognition's API on this machine.

    The first start on an empty data folder makes an access key and prints it once; `reknown
    keys` makes more. A log line in JSON for each request goes to standard error.

    `eval "$(reknown serve --print-env)"` before the first start sets up this shell.
    """
    from reknown.biometrics.errors import InputError
    from reknown.cli.session import (
        DEFAULT_PACK,
        open_vault,
    )
    from reknown.cli.stores import (
        NoticeOptions,
        StoreOptions,
        can_read_videos,
        open_objects,
        open_senders,
    )
    from reknown.cli.video_workers import VideoWorkers
    from reknown.server import Options, Tls, make_edge, run
    from reknown.services.access import check_vault
    from reknown.settings import read_settings
    from reknown.vision.batch import available_cores

    if (tls_certificate is None) != (tls_key is None):
        raise InputError("HTTPS needs both --tls-certificate and --tls-key")
    tls = Tls(tls_certificate, tls_key) if tls_certificate and tls_key else None
    if print_env and port == 0:
        raise InputError("--print-env tells clients the port: choose one with --port")
    stores = StoreOptions(buckets, s3_endpoint, s3_region, tuple(allow_bucket or ()))
    notices = NoticeOptions(sns_endpoint, sns_region, webhook)
    objects = open_objects(stores)
    open_senders(notices)  # what is wrong with them is said at once
    scheme = "http" if tls is None else "https"
    from reknown.api.metrics import Metrics
    from reknown.runtime.platform import open_platform
    from reknown.services.context import Context

    metrics, settings = Metrics(), read_settings(data)
    with open_platform(
        settings, pack=pack, objects=objects, template_mib=template_memory, observe=metrics.observe
    ) as platform:
        database = Context(platform, settings.actor)
        vault = open_vault(data)
        if print_env:
            _print_environment(database, vault, _address(scheme, host, port))
            return
        listener = _listen(host, port)
        address = _address(scheme, host, listener.getsockname()[1])
        name = pack or DEFAULT_PACK
        cores = workers or available_cores()
        options = Options(name, cores, queue, template_memory, sns_endpoint is not None)
        check_vault(platform.database, vault)
        edge = make_edge(platform, vault, metrics, options)
        _greet(database, vault, address, edge)
        # without a place to read from there is nothing to work on
        count = video_workers if buckets or s3_endpoint else 0
        if count and not can_read_videos():
            typer.secho(
                "warning: video jobs wait for a `reknown worker` elsewhere: to work on them here, "
                "pip install 'reknown[video]'",
                fg="yellow",
                err=True,
            )
            count = 0
        words = ["--data", str(read_settings(data).data.absolute()), "--pack", name]
        words += [*stores.words(), *notices.words()]
        with VideoWorkers(count, words, edge.gateway.log):
            run(edge, listener, tls)


def _listen(host: str, port: int) -> socket.socket:
    """Bound before the model is loaded: a port in use is said at once."""
    import socket

    from reknown.biometrics.errors import InputError

    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small answers at once only if the protocol is named
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        advice = "stop what runs there or choose another --port"
        raise InputError(
            f"cannot listen on {host} port {port}: {error.strerror}: {advice}"
        ) from error
    return listener


def _address(scheme: str, host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"{scheme}://[{shown}]:{port}" if ":" in shown else f"{scheme}://{shown}:{port}"


def _greet(database: Context, vault: Vault, address: str, edge: Edge) -> None:
    from reknown import __version__
    from reknown.services.access import ensure_key

    pack = edge.gateway.platform.engines.default.space.pack
    typer.echo(f"Reknown {__version__} answers at {address} with the model pack {pack}")
    made = ensure_key(database, vault)
    if made is not None:
        typer.echo("The first access key; its secret is not shown again:\n")
        typer.echo(_environment(address, made[0].key_id, made[1]))
        typer.echo("\nMore keys: reknown keys create. Stop with Ctrl-C.")


def _print_environment(database: Context, vault: Vault, address: str) -> None:
    """What a shell can evaluate."""
    from reknown.services.access import ensure_key, list_keys

    made = ensure_key(database, vault)
    if made is not None:
        typer.echo(_environment(address, made[0].key_id, made[1]))
        return
    keys = list_keys(database)
    typer.echo(_environment(address, keys[0].key_id if keys else None, None))


def _environment(address: str, key_id: str | None, secret: str | None) -> str:
    from importlib.resources import files

    models = files("reknown.api") / "models"
    lines = []
    if key_id is None:
        lines.append("# no access key is left: reknown keys create makes one")
    else:
        lines.append(f"export AWS_ACCESS_KEY_ID={key_id}")
    if secret is not None:
        lines.append(f"export AWS_SECRET_ACCESS_KEY={shlex.quote(secret)}")
    else:
        lines.append("# export AWS_SECRET_ACCESS_KEY=...  shown when the key was made")
    return "\n".join(
        [
            *lines,
            f"export AWS_REGION={DEFAULT_REGION} AWS_DEFAULT_REGION={DEFAULT_REGION}",
            f"export AWS_ENDPOINT_URL_REKOGNITION={address}",
            f"export AWS_DATA_PATH={shlex.quote(str(models))}",
        ]
    )
