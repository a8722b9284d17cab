"""Does this installation work? Checks that a person can read."""

from __future__ import annotations

import importlib.metadata
import platform
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from reknown import __version__
from reknown.biometrics.errors import ReknownError
from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.records import ImageRecord, NewFace
from reknown.biometrics.templates import Template
from reknown.gallery.cache import IndexCache
from reknown.gallery.collections import create_collection
from reknown.gallery.faces import add_faces
from reknown.gallery.vectors.kernel import best_kind, load_kernel
from reknown.gallery.vectors.probes import Criteria
from reknown.services.images.pixels import encode_pixels
from reknown.storage.database import open_database, reading
from reknown.video.live.libsrt import find_libsrt, version_of
from reknown.vision.batch import available_cores
from reknown.vision.decoding.pool import DecoderPool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from reknown.services.data_checks import DataChecks
    from reknown.vision.analyze import Engine

_PACKAGES = ("onnxruntime", "numpy", "opencv-python-headless", "pillow", "sqlalchemy")
_FEATURES = ("avx2", "avx512f", "avx512_vnni", "amx_tile", "asimd", "sve")
_SIDE = 256
_REPEATS = 5
_POINTS = np.array([[90, 110], [160, 110], [125, 145], [95, 180], [155, 180]], np.float32)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One thing looked at; `detail` says what was found."""

    name: str
    passed: bool
    detail: str


def run_checks(load: Callable[[], Engine], data: DataChecks) -> Iterator[CheckResult]:
    """Every check in turn; `load` makes the engine, `data` looks at the data folder."""
    yield CheckResult("reknown", True, f"{__version__}, Python {platform.python_version()}")
    yield _attempt("libraries", _libraries)
    yield CheckResult(
        "processor", True, f"{available_cores()} cores, {', '.join(_features()) or '?'}"
    )
    yield CheckResult("searches", True, _kernel())
    yield _attempt("decoders", _decoders)
    yield CheckResult("SRT", True, _cameras())
    for name, check in data.by_name().items():
        yield _attempt(name, check)
    try:
        engine = load()
    except Exception as error:
        yield CheckResult("model pack", False, _reason(error))
        return
    calibrated = "calibrated" if engine.calibration else "not calibrated: no similarities"
    space = engine.space
    yield CheckResult(
        "model pack", True, f"{space.pack}, space {space.fingerprint[:12]}, {calibrated}"
    )
    yield _attempt("attributes", lambda: _attributes(engine))
    yield _attempt("detector", lambda: _detector(engine))
    yield _attempt("template", lambda: _template(engine))
    yield _attempt("enrol and search", lambda: _round_trip(engine))


def _attempt(name: str, work: Callable[[], str]) -> CheckResult:
    try:
        return CheckResult(name, True, work())
    except Exception as error:  # whatever is broken: to say so is what this is for
        return CheckResult(name, False, _reason(error))


def _reason(error: Exception) -> str:
    if isinstance(error, (ReknownError, AssertionError)):
        return str(error)
    return f"{type(error).__name__}: {error}"


def _kernel() -> str:
    library = load_kernel()
    if library is None:
        return "with NumPy, many times as slow: install Reknown where there is a C compiler"
    return f"compiled for {best_kind(library).name}"


def _libraries() -> str:
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES)


def _decoders() -> str:
    with DecoderPool(1) as decoders:
        started = time.perf_counter()
        decoders.decode(encode_pixels(_noise()))
        took = f"an image of {_SIDE} x {_SIDE} in {_ms(started):.0f} ms from the start of the first"
        if decoders.is_confined():
            return f"{took}; they can open no file and no connection"
        return f"{took}; they could open files: install libseccomp2 to take that from them"


def _cameras() -> str:
    library = find_libsrt()
    if library is None:
        return "SRT cannot be read, all else can: apt install libsrt1.5-openssl to have it"
    return f"SRT can be read, through libsrt {version_of(library)}"


def _attributes(engine: Engine) -> str:
    analyst = engine.analyst()
    if analyst is None:
        return "not installed, poses are of five points: see reknown models show attributes"
    started = time.perf_counter()
    analyst.look(_noise(), _POINTS)
    return f"measured, {_ms(started):.0f} ms a face for its pose"


def _detector(engine: Engine) -> str:
    pixels = _noise()
    started = time.perf_counter()
    found = engine.detector.detect(pixels)
    return f"{len(found.scores)} faces in noise, {_ms(started):.0f} ms for {_SIDE} x {_SIDE}"


def _template(engine: Engine) -> str:
    first = _vector(engine)
    started = time.perf_counter()
    for _ in range(_REPEATS):
        again = _vector(engine)
    if not np.array_equal(first, again) or abs(float(np.linalg.norm(first)) - 1) > 1e-5:
        raise AssertionError("the same image gives different templates")
    return f"{first.size} values, the same each time, {_ms(started) / _REPEATS:.0f} ms a face"


def _round_trip(engine: Engine) -> str:
    vector = _vector(engine)
    face = NewFace(Template(vector, engine.space), BoundingBox(0, 0, 1, 1), 1.0, 100)
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(Path(folder) / "self-test")
        try:
            with database.begin() as connection:
                create_collection(connection, "self-test", engine.space)
                image = ImageRecord("0" * 64, "self-test", _SIDE, _SIDE)
                add_faces(connection, "self-test", image, [face], "somebody")
            with reading(database) as connection:
                index = IndexCache(1).current(connection, "self-test")
                (found,) = index.search(connection, vector[None], Criteria(1, 0.99))
        finally:
            database.dispose()
    if not len(found.keys):
        raise AssertionError("the enrolled face was not found again")
    return f"found again with score {found.scores[0]:.4f}"


def _noise() -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (_SIDE, _SIDE, 3), np.uint8)


def _vector(engine: Engine) -> NDArray[np.float32]:
    return np.asarray(engine.embedder.embed(_noise(), _POINTS[None]).vectors[0])


def _features() -> list[str]:
    """The processor's features that matter here, as Linux names them."""
    try:
        words = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    except OSError:
        return []
    return [feature for feature in _FEATURES if feature in words]


def _ms(started: float) -> float:
    return (time.perf_counter() - started) * 1000
