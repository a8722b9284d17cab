"""A request during which its collection is switched to another model pack."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import TYPE_CHECKING

import callers
from contexts import answered, events, faces, make_context, make_gateway
from other_engine import OTHER, other_engine
from reknown.access.rights import ALL
from reknown.access.vault import Vault
from reknown.api.names import model_version
from reknown.awswire.sigv4 import HttpRequest
from reknown.ledger.records import EnrolRecord, Refusal
from reknown.services.access import create_key
from reknown.services.galleries.collections import create_collection
from reknown.services.upgrades import preparation, steps
from reknown.storage.database import open_database

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from reknown.vision.analyze import Engine
    from reknown.vision.detect.base import Detections, Detector


class _Interrupted:
    """Something else happens while the first image is looked at."""

    def __init__(self, detector: Detector, meanwhile: Callable[[], object]) -> None:
        self.sure, self.upright = detector.sure, detector.upright
        self._detector = detector
        self._meanwhile = [meanwhile]

    def detect(self, pixels: NDArray[np.uint8]) -> Detections:
        while self._meanwhile:
            self._meanwhile.pop()()
        return self._detector.detect(pixels)


def test_it_is_carried_out_once_and_in_the_new_space(
    tmp_path: Path, engine: Engine, in_base64: str
) -> None:
    database, vault = open_database(tmp_path), Vault(os.urandom(32))

    def switch() -> None:
        preparation.begin(context, "friends", OTHER.pack)
        steps.switch(context, "friends")

    interrupted = _Interrupted(engine.detector, switch)
    first = dataclasses.replace(engine, detector=interrupted)
    context = make_context(database, first, other_engine(engine))
    gateway = make_gateway(context, vault)
    made, secret = create_key(context, vault, "test", ALL)
    create_collection(context, "friends")
    body = {"CollectionId": "friends", "Image": {"Bytes": in_base64}}
    signed = callers.sign("http://localhost:8080", "IndexFaces", body, (made.key_id, secret))
    outgoings = []
    for _ in range(2):
        incoming = gateway.head(_head(signed), "127.0.0.1", secure=False)
        outgoings.append(answered(gateway, incoming, signed.body))
    # its signature is used up by what was carried out, not by what was begun
    assert [outgoing.code for outgoing in outgoings] == ["", "ThrottlingException"]
    answer = json.loads(outgoings[0].body)
    assert answer["FaceModelVersion"] == model_version(OTHER)
    (record,) = answer["FaceRecords"]
    (stored,) = faces(context, "friends")
    assert record["Face"]["FaceId"] == stored.face_id
    done, refused = (event.record for event in events(context, "enrol"))
    assert isinstance(done, EnrolRecord)
    assert refused == Refusal("enrol", "IndexFaces", "ThrottlingException")
    database.dispose()


def _head(signed: callers.Signed) -> HttpRequest:
    headers = {"host": "localhost:8080"} | signed.headers
    pairs = tuple((name.lower().encode(), value.encode()) for name, value in headers.items())
    return HttpRequest("POST", b"/", b"", pairs)
