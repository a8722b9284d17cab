"""Options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from reknown.cli.completion import complete_collection, complete_pack
from reknown.configuration import CONFIG, OPTIONS

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Folder with the galleries.", envvar="REKNOWN_DATA"),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")]
Root = Annotated[
    Path | None,
    typer.Option(
        "--root",
        metavar="DIR",
        help="Folder that the relative paths in a CSV file start from, in place of its own.",
    ),
]
Pack = Annotated[
    str | None,
    typer.Option("--pack", metavar="NAME", help="Model pack to use.", autocompletion=complete_pack),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="Have the workers of a Dask cluster find the faces: tcp://HOST:PORT or "
        "tls://HOST:PORT of its scheduler, or local:N to start N processes here. They need the "
        "same version and models. Needs reknown[cluster].",
        show_default=False,
    ),
]
CollectionName = Annotated[
    str,
    typer.Option(
        "--collection", "-c", metavar="NAME", help="Gallery.", autocompletion=complete_collection
    ),
]
Threshold = Annotated[
    float | None,
    typer.Option(
        "--threshold",
        "-t",
        min=0,
        max=100,
        help="Similarity from which a face is a candidate; 80 = one false match in 10,000 "
        "comparisons, 90 = in 100,000, 99 = in a million, as measured.  [default: 80]",
        show_default=False,
    ),
]
Score = Annotated[
    float | None,
    typer.Option("--score", min=-1, max=1, help="Threshold as a raw score instead."),
]
Images = Annotated[
    list[Path], typer.Argument(metavar="IMAGE...", help="Image files, or folders of them.")
]
Draw = Annotated[
    Path | None,
    typer.Option(
        "--draw",
        metavar="OUT",
        help="Save the image with boxes: a .jpg or .png, or a folder for several images.",
    ),
]


def _use_file(context: typer.Context, path: Path | None) -> None:
    if path is not None:
        _set(context, CONFIG, str(path))


def _use_database(context: typer.Context, url: str | None) -> None:
    if url is not None:
        from reknown.settings import Sources

        sources = Sources()
        sources.add_options({"database": url})
        sources.settings()
        _set(context, OPTIONS["database"].variable, url)


def _use_purpose(context: typer.Context, purpose: str | None) -> None:
    if purpose is not None:
        _set(context, OPTIONS["policy.purpose"].variable, purpose)


def _use_approval(context: typer.Context, approval: str | None) -> None:
    if approval is not None:
        _set(context, OPTIONS["policy.approval"].variable, approval)


def _set(context: typer.Context, variable: str, value: str) -> None:
    """Until the command ends: whoever runs another in this process did not say it for that one."""
    before = os.environ.get(variable)

    def restore() -> None:
        if before is None:
            os.environ.pop(variable, None)
        else:
            os.environ[variable] = before

    # the root's: a command that cannot be read, for its other options, is never closed
    context.find_root().call_on_close(restore)
    os.environ[variable] = value


Purpose = Annotated[
    str | None,
    typer.Option(
        "--purpose",
        metavar="CODE",
        help="What the search is for, as the collection's policy names it, such as missing-person.",
        callback=_use_purpose,
        is_eager=True,
        expose_value=False,
    ),
]


Approval = Annotated[
    str | None,
    typer.Option(
        "--approval",
        metavar="ID",
        help="What allows one more search of the same: an id from `reknown approvals grant`.",
        callback=_use_approval,
        is_eager=True,
        expose_value=False,
    ),
]
Database = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar=OPTIONS["database"].about.metavar,
        help="PostgreSQL database with the galleries, in place of the folder's own.",
        callback=_use_database,
        is_eager=True,
        expose_value=False,
    ),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Configuration to read in place of the user's or the system's reknown.toml.",
        callback=_use_file,
        is_eager=True,
        expose_value=False,
    ),
]
