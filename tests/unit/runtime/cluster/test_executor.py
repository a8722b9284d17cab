from __future__ import annotations

import io
import os
import shutil
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from contexts import make_context
from deadly import Deadly
from decoding import decode_image
from outcomes import outcome
from processes import wait_for
from reknown.biometrics.errors import ImageTooLargeError, InvalidImageError
from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.quality_filter import DEFAULT_FILTER, QualityFilter
from reknown.evaluation.data.sampling import EngineSampler
from reknown.runtime.cluster.executor import ClusterExecutor, ClusterSampler
from reknown.services.archive.scan import ScannedFile, ScanOutcome, ScanRequest, ScanTally, scan
from reknown.services.archive.sightings import list_sightings
from reknown.storage.database import open_database
from reknown.vision.extraction import ExtractionPolicy
from reknown.vision.images import ImageLimits

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from reknown.evaluation.data.sampling import FaceChoice
    from reknown.runtime.cluster.link import Link
    from reknown.services.executor import Executor
    from reknown.vision.analyze import Engine
    from reknown.vision.extraction import Extraction

MARK = b"this picture kills"


@pytest.fixture(scope="module")
def images(eileen: bytes, grace: bytes, eileen_pixels: NDArray[np.uint8]) -> dict[str, bytes]:
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    two = io.BytesIO()
    Image.fromarray(np.hstack([eileen_pixels, eileen_pixels])).save(two, "JPEG")
    plain = io.BytesIO()
    Image.fromarray(noise).save(plain, "PNG")
    return {
        "a face": eileen,
        "another": grace,
        "two faces": two.getvalue(),
        "no face": plain.getvalue(),
        "no image": b"not an image",
        "half a JPEG": eileen[: len(eileen) // 2],
        "nothing": b"",
    }


def test_workers_come_to_what_the_command_would_have(
    executor: ClusterExecutor, own: Executor, engine: Engine, images: dict[str, bytes]
) -> None:
    box = BoundingBox(0.0, 0.0, 0.5, 1.0)
    policies = [
        ExtractionPolicy(engine.space),
        ExtractionPolicy(engine.space, DEFAULT_FILTER, limit=0),
        ExtractionPolicy(engine.space, QualityFilter(min_unified=99), largest=1),
        ExtractionPolicy(engine.space, places=(box,), attributes=True),
    ]
    asked = [(data, policy) for data in images.values() for policy in policies]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda each: outcome(executor, *each), asked))
    assert found == [outcome(own, *each) for each in asked]


def test_an_image_that_no_worker_may_take_is_not_sent(
    executor: ClusterExecutor, engine: Engine
) -> None:
    with pytest.raises(ImageTooLargeError):
        executor.extract(bytes(ImageLimits().max_bytes + 1), ExtractionPolicy(engine.space))


@pytest.mark.parametrize("choose", ["central", "largest"])
def test_workers_sample_as_an_evaluation_here_does(
    choose: FaceChoice, link: Link, engine: Engine, images: dict[str, bytes]
) -> None:
    here, there = EngineSampler(engine, decode_image), ClusterSampler(link, engine.space)
    assert there.space == here.space
    for name in ("a face", "two faces", "no face"):
        own, theirs = here.sample(images[name], choose), there.sample(images[name], choose)
        assert (own.digest, own.quality, own.hash) == (theirs.digest, theirs.quality, theirs.hash)
        assert (own.thumbnail == theirs.thumbnail).all()
        assert (own.vector == theirs.vector).all()
    with pytest.raises(InvalidImageError):
        there.sample(images["no image"], choose)


class Interrupted:
    """Does something just before it has the nth image extracted."""

    def __init__(self, executor: Executor, number: int, what: Callable[[], object]) -> None:
        self._executor = executor
        self._left = number
        self._what = what
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._executor, name)

    def extract(self, data: bytes, policy: ExtractionPolicy) -> Extraction:
        with self._lock:
            self._left -= 1
            if not self._left:
                self._what()
        return self._executor.extract(data, policy)


def _scanned(
    folder: Path, data: Path, executor: Any, engine: Engine
) -> tuple[dict[str, ScannedFile], set[tuple[str, bytes]]]:
    """The fate of each file, and whose template is kept with which name."""
    database = open_database(data)
    try:
        context = make_context(database, engine, executor=executor)
        request = ScanRequest((folder,), "people")
        files = {file.path.name: file for file in scan(context, request, ScanTally())}
        kept = {
            (record.sighting.medium.name, record.sighting.template.tobytes())
            for record in list_sightings(context, "people")
            if record.sighting.template is not None
        }
    finally:
        database.dispose()
    return files, kept


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory, eileen: bytes, grace: bytes) -> Path:
    """Different bytes each, with a face in each."""
    folder = tmp_path_factory.mktemp("photos")
    for number in range(12):
        data = (eileen, grace)[number % 2]
        (folder / f"{number:02}.jpg").write_bytes(data + f"\n{number}".encode())
    return folder


@pytest.fixture(scope="module")
def kept_without(
    photos: Path, own: Executor, engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> set[tuple[str, bytes]]:
    _, kept = _scanned(photos, tmp_path_factory.mktemp("without") / "data", own, engine)
    assert len(kept) == 12
    return kept


def test_a_worker_that_is_killed_loses_nothing(
    photos: Path,
    kept_without: set[tuple[str, bytes]],
    executor: ClusterExecutor,
    link: Link,
    engine: Engine,
    tmp_path: Path,
) -> None:
    first = min(_pids(link))
    disturbed = Interrupted(executor, 6, lambda: os.kill(first, signal.SIGKILL))
    files, kept = _scanned(photos, tmp_path / "data", disturbed, engine)
    assert {file.outcome for file in files.values()} == {ScanOutcome.SEEN}
    assert kept == kept_without
    wait_for(lambda: len(_pids(link) - {first}) == 2)  # another one has come in its place


def _pids(link: Link) -> set[int]:
    """The workers that answer."""
    return set(link._client.run(os.getpid, on_error="ignore").values())


def test_a_picture_that_ends_processes_is_refused_and_no_other(
    photos: Path,
    kept_without: set[tuple[str, bytes]],
    executor: ClusterExecutor,
    link: Link,
    engine: Engine,
    tmp_path: Path,
) -> None:
    folder = tmp_path / "photos"
    shutil.copytree(photos, folder)
    (folder / "05a.jpg").write_bytes((photos / "05.jpg").read_bytes() + MARK)
    link._client.register_plugin(Deadly(MARK))
    try:
        files, kept = _scanned(folder, tmp_path / "data", executor, engine)
    finally:
        wait_for(lambda: len(_pids(link)) == 2)
        link._client.unregister_worker_plugin("deadly")
    refused = [name for name, file in files.items() if file.outcome is ScanOutcome.REFUSED]
    assert refused == ["05a.jpg"]
    assert "ended each time" in files["05a.jpg"].reason
    assert kept == kept_without
