"""The demo's last step: a real server, and a client written for Amazon Rekognition."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_ADDRESS = re.compile(r"listening on (\S+) ")
_SETTING = re.compile(r"export (AWS_ACCESS_KEY_ID|AWS_SECRET_ACCESS_KEY)=(\S+)")
_COLLECTION = "demo"


def show_client(folder: Path, known: Mapping[str, bytes], probe: bytes) -> bool:
    """Indexes `known` (name -> JPEG) through boto3 and searches for the face of `probe`.

    Whether somebody was found. Raises `InputError` when boto3 or the server is not there.
    """
    with _server(folder) as (address, key_id, secret):
        client = _client(address, key_id, secret)
        typer.echo(f'   client = boto3.client("rekognition", endpoint_url="{address}")')
        client.create_collection(CollectionId=_COLLECTION)
        typer.echo(f'   client.create_collection(CollectionId="{_COLLECTION}")')
        for name, image in known.items():
            label = name.replace(" ", "-")
            client.index_faces(
                CollectionId=_COLLECTION, Image={"Bytes": image}, ExternalImageId=label
            )
            typer.echo(f'   client.index_faces(..., ExternalImageId="{label}")')
        typer.echo("   client.search_faces_by_image(..., FaceMatchThreshold=90)")
        found = client.search_faces_by_image(
            CollectionId=_COLLECTION, Image={"Bytes": probe}, FaceMatchThreshold=90
        )
        for match in found["FaceMatches"]:
            name, similarity = match["Face"]["ExternalImageId"], match["Similarity"]
            typer.echo(f"   -> candidate {name}, similarity {similarity:.1f}")
    return bool(found["FaceMatches"])


def _client(address: str, key_id: str, secret: str) -> Any:
    try:
        import boto3
    except ImportError as error:
        raise InputError("the last step needs boto3: pip install 'reknown[demo]'") from error
    return boto3.client(
        "rekognition",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
    )


@contextmanager
def _server(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Its address, and the first key's id and secret."""
    from reknown.cli.session import apart
    from reknown.settings import environment_of

    program = "from reknown.cli.main import app; app()"
    command = [sys.executable, "-c", program, "serve", "--data", str(folder), "--port", "0"]
    with (folder.parent / "server.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            command,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env=environment_of(apart(folder)),
        )
    try:
        yield _greeting(process)
    finally:
        process.terminate()
        process.communicate()


def _greeting(process: subprocess.Popen[str]) -> tuple[str, str, str]:
    address: re.Match[str] | None = None
    settings: dict[str, str] = {}
    for line in process.stdout or ():
        address = address or _ADDRESS.search(line)
        settings.update(_SETTING.findall(line))
        if address and len(settings) == 2:
            return address[1], settings["AWS_ACCESS_KEY_ID"], settings["AWS_SECRET_ACCESS_KEY"]
    raise InputError("the server did not start: try `reknown doctor`")
