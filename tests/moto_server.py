"""A real server in this process that speaks Kinesis, S3, SNS and SQS."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from moto.server import ThreadedMotoServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

KEY_ID = "AKIDEXAMPLEEXAMPLE00"
SECRET = "example-secret-never-shown"


@contextmanager
def moto_server(port: int = 0) -> Iterator[str]:
    """Its address; whatever was put there stays as long as this process."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def without_aws_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a user's AWS settings nor a proxy have a say."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
