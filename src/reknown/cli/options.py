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
Buckets = Annotated[
    Path | None,
    typer.Option(
        "--buckets", metavar="DIR", help="Read S3Object pictures and videos from DIR/bucket/key."
    ),
]
S3Endpoint = Annotated[
    str | None,
    typer.Option(
        "--s3-endpoint",
        metavar="URL",
        help="Read S3Object pictures and videos from this S3-compatible store, with the "
        "credentials that AWS clients on this machine find.",
    ),
]
S3Region = Annotated[str, typer.Option("--s3-region", metavar="NAME", help="Region of that store.")]
AllowBucket = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-bucket", metavar="NAME", help="Read from these buckets only. May be repeated."
    ),
]
SnsEndpoint = Annotated[
    str | None,
    typer.Option(
        "--sns-endpoint",
        metavar="URL",
        help="Tell the topics that callers name, at this SNS-compatible endpoint, when jobs on "
        "videos end; with the credentials that AWS clients on this machine find.",
    ),
]
SnsRegion = Annotated[
    str, typer.Option("--sns-region", metavar="NAME", help="Region of that endpoint.")
]
Webhook = Annotated[
    str | None,
    typer.Option(
        "--webhook",
        metavar="URL",
        help="Tell this address when any job on a video ends, signed with REKNOWN_WEBHOOK_SECRET.",
    ),
]

DEFAULT_COLLECTION = "people"
DEFAULT_REGION = "us-east-1"
