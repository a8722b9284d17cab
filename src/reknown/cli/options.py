"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reknown.cli.completion import complete_collection, complete_pack

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="Folder with the galleries.", envvar="REKNOWN_DATA"),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines.")]
Pack = Annotated[
    str | None,
    typer.Option("--pack", metavar="NAME", help="Model pack to use.", autocompletion=complete_pack),
]
Accurate = Annotated[
    bool,
    typer.Option("--accurate", help="Fewer misses at twice the time: the accurate default pack."),
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
Draw = Annotated[
    Path | None,
    typer.Option(
        "--draw",
        metavar="OUT",
        help="Save the picture with boxes: a .jpg or .png, or a folder for several pictures.",
    ),
]

DEFAULT_COLLECTION = "people"
