"""Real servers for tests: `reknown serve` in processes of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from forks import Forked, printed

if TYPE_CHECKING:
    from collections.abc import Iterator

REKNOWN = Path(sys.executable).with_name("reknown")
MODELS = Path(__file__).parents[1] / "src" / "reknown" / "api" / "models"
_STARTUP = re.compile(r"listening on (\S+) ")
_SETTING = re.compile(r"(AWS_ACCESS_KEY_ID|AWS_SECRET_ACCESS_KEY)=(\S+)")


@dataclass(frozen=True)
class Server:
    """A running server; `log` grows by a line a request."""

    process: subprocess.Popen[str]
    address: str
    data: Path
    key_id: str
    secret: str
    log: list[str]

    def client(
        self, key: tuple[str, str] | None = None, region: str = "eu-west-1", **config: Any
    ) -> Any:
        """A boto3 client that knows the extensions too."""
        session = boto3.Session()
        loader = session._session.get_component("data_loader")
        loader.search_paths.append(str(MODELS))
        key_id, secret = key or (self.key_id, self.secret)
        return session.client(
            "rekognition",
            endpoint_url=self.address,
            region_name=region,
            aws_access_key_id=key_id,
            aws_secret_access_key=secret,
            config=Config(**config),
        )

    def environment(self) -> dict[str, str]:
        """What other programs need to call it; nothing of the user's own for AWS."""
        others = {name: value for name, value in os.environ.items() if name[:4] != "AWS_"}
        return others | {
            "AWS_ACCESS_KEY_ID": self.key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_REKOGNITION": self.address,
            "AWS_DATA_PATH": str(MODELS),
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def reknown(self, *words: object) -> str:
        """What a command prints about the server's data folder."""
        command = [str(REKNOWN), *map(str, words), "--data", str(self.data)]
        return printed(command)


@contextmanager
def serving(
    data: Path,
    *options: object,
    key: tuple[str, str] | None = None,
    program: tuple[str, ...] = (),
    **environment: str,
) -> Iterator[Server]:
    """A server on a free port; `key` is needed if the data folder has one already.

    It is forked, or `program` is executed.
    """
    command = [
        *(program or [str(REKNOWN)]),
        "serve",
        "--data",
        str(data),
        "--port",
        "0",
        *map(str, options),
    ]
    process = (subprocess.Popen if program else Forked)(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )
    log: list[str] = []
    reader = threading.Thread(target=lambda: log.extend(_lines(process)), daemon=True)
    reader.start()
    try:
        yield _started(process, data, key, log)
    finally:
        process.terminate()
        process.wait(timeout=30)
        reader.join(timeout=30)
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def _lines(process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stderr is not None
    yield from process.stderr


def _started(
    process: subprocess.Popen[str], data: Path, key: tuple[str, str] | None, log: list[str]
) -> Server:
    assert process.stdout is not None
    found = _STARTUP.search(process.stdout.readline())
    assert found, log
    if key is None:
        settings: dict[str, str] = {}
        while len(settings) < 2:
            settings.update(_SETTING.findall(process.stdout.readline()))
        key = settings["AWS_ACCESS_KEY_ID"], settings["AWS_SECRET_ACCESS_KEY"]
    return Server(process, found[1], data, *key, log)
