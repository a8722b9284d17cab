"""What nobody thought of: the gateway when a part of it breaks."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Any, NoReturn

import callers
from contexts import answered, events, make_context, make_gateway
from reknown.access.rights import ALL
from reknown.access.vault import Vault
from reknown.awswire.sigv4 import HttpRequest
from reknown.ledger.records import Refusal
from reknown.services.access import create_key
from reknown.services.galleries.collections import create_collection
from reknown.storage.database import open_database

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    import pytest
    from numpy.typing import NDArray

    from reknown.vision.analyze import Engine


class _BrokenDetector:
    sure = 0.9
    upright = 0.0

    def detect(self, pixels: NDArray[np.uint8]) -> NoReturn:
        raise ZeroDivisionError("a fault")


def test_a_fault_is_a_row_in_the_ledger_and_cannot_be_sent_again(
    tmp_path: Path,
    engine: Engine,
    in_base64: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    database, vault = open_database(tmp_path), Vault(os.urandom(32))
    context = make_context(database, dataclasses.replace(engine, detector=_BrokenDetector()))
    gateway = make_gateway(context, vault)
    made, secret = create_key(context, vault, "test", ALL)
    create_collection(context, "friends")
    body = {"CollectionId": "friends", "Image": {"Bytes": in_base64}}
    signed = callers.sign("http://localhost:8080", "IndexFaces", body, (made.key_id, secret))
    codes = []
    for _ in range(2):
        incoming = gateway.head(_head(signed), "127.0.0.1", secure=False)
        outgoing = answered(gateway, incoming, signed.body)
        codes.append(outgoing.code)
        assert b"ZeroDivisionError" not in outgoing.body
        row = events(context)[-1]
        assert row.request_id == outgoing.request_id
        assert row.record == Refusal("enrol", "IndexFaces", outgoing.code)
    assert codes == ["InternalServerError", "ThrottlingException"]
    assert "ZeroDivisionError" in capsys.readouterr().err
    database.dispose()


def test_without_a_gallery_of_celebrities_the_answer_names_the_option(
    tmp_path: Path, engine: Engine, in_base64: str
) -> None:
    database, vault = open_database(tmp_path), Vault(os.urandom(32))
    context = make_context(database, engine)
    gateway = make_gateway(context, vault)
    made, secret = create_key(context, vault, "test", ALL)
    video = {"S3Object": {"Bucket": "media", "Name": "a.mp4"}}
    requests: dict[str, dict[str, Any]] = {
        "RecognizeCelebrities": {"Image": {"Bytes": in_base64}},
        "GetCelebrityInfo": {"Id": "a"},
        "StartCelebrityRecognition": {"Video": video},
    }
    for operation, body in requests.items():
        signed = callers.sign("http://localhost:8080", operation, body, (made.key_id, secret))
        incoming = gateway.head(_head(signed), "127.0.0.1", secure=False)
        outgoing = answered(gateway, incoming, signed.body)
        assert outgoing.code == "InvalidParameterException"
        assert "--celebrities COLLECTION" in outgoing.reason
        row = events(context)[-1]
        assert isinstance(row.record, Refusal)
        assert (row.record.operation, row.collection) == (operation, None)
    database.dispose()


def _head(signed: callers.Signed) -> HttpRequest:
    headers = {"host": "localhost:8080"} | signed.headers
    pairs = tuple((name.lower().encode(), value.encode()) for name, value in headers.items())
    return HttpRequest("POST", b"/", b"", pairs)
