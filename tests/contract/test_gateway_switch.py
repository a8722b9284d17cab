"""A request during which its collection is switched to another model pack."""

from __future__ import annotations

import dataclasses
import json
import os
from typing import TYPE_CHECKING

import callers
from other_engine import OTHER, other_engine
from reknown.access.rights import ALL
from reknown.access.vault import Vault
from reknown.api.names import model_version
from reknown.awswire.sigv4 import HttpRequest
from reknown.ledger.actor import Actor
from reknown.objects.allow import NoObjects
from reknown.server import Options, make_edge
from reknown.services import galleries, upgrade, upgrade_steps
from reknown.services.access import create_key
from reknown.storage.database import open_database

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from reknown.vision.analyze import Engine
    from reknown.vision.detect.base import Detections, Detector

ACTOR = Actor("tester")


class _Interrupted:
    """Something else happens while the first picture is looked at."""

    def __init__(self, detector: Detector, meanwhile: Callable[[], object]) -> None:
        self.sure = detector.sure
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
        upgrade.begin(database, "friends", OTHER, ACTOR)
        upgrade_steps.switch(database, "friends", ACTOR)

    interrupted = _Interrupted(engine.detector, switch)
    engines = {
        engine.space.pack: dataclasses.replace(engine, detector=interrupted),
        OTHER.pack: other_engine(engine),
    }
    options = Options(engine.space.pack, workers=1, waiting=1, template_mib=1)
    edge = make_edge(database, vault, NoObjects(), engines.__getitem__, options)
    made, secret = create_key(database, vault, "test", ALL, ACTOR)
    galleries.create_collection(database, "friends", engine.space, {}, ACTOR)
    body = {"CollectionId": "friends", "Image": {"Bytes": in_base64}}
    signed = callers.sign("http://localhost:8080", "IndexFaces", body, (made.key_id, secret))
    outgoings = []
    for _ in range(2):
        incoming = edge.gateway.head(_head(signed), "127.0.0.1", secure=False)
        outgoings.append(edge.gateway.answer(incoming, signed.body))
    # its signature is used up by what was carried out, not by what was begun
    assert [outgoing.code for outgoing in outgoings] == ["", "ThrottlingException"]
    answer = json.loads(outgoings[0].body)
    assert answer["FaceModelVersion"] == model_version(OTHER)
    (record,) = answer["FaceRecords"]
    (stored,) = galleries.list_faces(database, "friends")
    assert record["Face"]["FaceId"] == stored.face_id
    rows = [event for event in galleries.list_events(database) if event.operation == "enrol"]
    assert ["refused" in row.detail and row.detail["refused"] for row in rows] == [
        0,
        "ThrottlingException",
    ]
    edge.recognition.close()
    edge.storage.close()
    database.dispose()


def _head(signed: callers.Signed) -> HttpRequest:
    headers = {"host": "localhost:8080"} | signed.headers
    pairs = tuple((name.lower().encode(), value.encode()) for name, value in headers.items())
    return HttpRequest("POST", b"/", b"", pairs)
