from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from moto_server import KEY_ID, SECRET, moto_server, without_aws_settings
from unit.objects.servers import BUCKET, s3_objects

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reknown.objects.s3 import S3Objects


@pytest.fixture(autouse=True)
def _no_aws_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    without_aws_settings(monkeypatch)


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """The address of a real S3 server in this process."""
    with moto_server() as address:
        yield address


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
