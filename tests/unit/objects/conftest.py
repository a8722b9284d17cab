from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from unit.objects.servers import BUCKET, KEY_ID, SECRET, s3_objects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.objects.s3 import S3Objects


@pytest.fixture(autouse=True)
def _no_aws_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a user's AWS settings nor a proxy have a say."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The address of a real S3 server in this process."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(moto: str) -> Iterator[Any]:
    """An empty bucket with versions, as boto3 resource."""
    session = boto3.session.Session(KEY_ID, SECRET)
    s3 = session.resource("s3", endpoint_url=moto, region_name="us-east-1")
    created = s3.create_bucket(Bucket=BUCKET)
    created.Versioning().enable()
    yield created
    created.object_versions.delete()
    created.delete()
    s3.meta.client.close()


@pytest.fixture
def store(moto: str) -> Iterator[S3Objects]:
    with closing(s3_objects(moto)) as objects:
        yield objects
