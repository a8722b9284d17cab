"""A model pack -> an engine."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2

from reknown.biometrics.errors import ModelFileError, ModelNotFoundError
from reknown.vision.analyze import Engine
from reknown.vision.batch import available_cores
from reknown.vision.detect.base import RelocatingDetector
from reknown.vision.inference import OnnxNetwork
from reknown.vision.loading import LoadedOnce
from reknown.vision.packs.cache import weights_of
from reknown.vision.packs.manifest import (
    ATTRIBUTES,
    CLASSIFIERS,
    AttributesManifest,
    ClassifiersManifest,
    TextManifest,
)
from reknown.vision.packs.space import pack_calibration, template_space, text_fingerprint
from reknown.vision.text.reader import TextReader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reknown.vision.attributes.analyst import FaceMeshAnalyst
    from reknown.vision.attributes.classifiers import FaceClassifiers
    from reknown.vision.detect.base import Detector
    from reknown.vision.inference import Model, Network
    from reknown.vision.packs.manifest import PackDeclaration, PackManifest
    from reknown.vision.packs.store import PackStore

_SWITCH_SECONDS = 0.0005


def load_engine(store: PackStore, pack: str) -> Engine:
    """The engine of a pack; every file is checked against its digest.

    Sets how OpenCV and Python share out threads for the whole process.

    Raises `ModelNotFoundError`, `ModelFileError` or `LicenceNotAcceptedError`.
    """
    # Images are processed side by side; threads within one would only get in the way, and
    # a thread back from a network should not wait Python's usual 5 ms for its turn.
    cv2.setNumThreads(1)
    sys.setswitchinterval(_SWITCH_SECONDS)
    manifest = store.manifest(pack)
    models = store.open(pack)
    networks = _networks(models)
    calibration, _ = pack_calibration(manifest)
    return Engine(
        detector=_load_detector(manifest, networks),
        embedder=manifest.embedder.load(networks),
        space=template_space(manifest),
        calibration=calibration,
        memory=_memory(manifest, models),
        analyst=LoadedOnce(lambda: load_analyst(store)),
    )


def load_reader(store: PackStore, pack: str) -> TextReader:
    """What reads text; raises as `load_engine` does, also for a pack that is none of text."""
    cv2.setNumThreads(1)
    sys.setswitchinterval(_SWITCH_SECONDS)
    manifest = store.any_manifest(pack)
    if not isinstance(manifest, TextManifest):
        raise ModelFileError(f"the pack {pack} reads no text")
    models = store.open(pack)
    networks = _networks(models)
    return TextReader(
        detector=manifest.text_detector.load(networks),
        orientation=manifest.text_orientation.load(networks),
        recogniser=manifest.text_recogniser.load(networks),
        pack=pack,
        model=text_fingerprint(manifest),
        memory=_memory(manifest, models),
    )


def load_analyst(store: PackStore) -> FaceMeshAnalyst | None:
    """What measures attributes, None where the pack of that name is not installed.

    Raises `ModelFileError` for files that are not those that it declares.
    """
    manifest = store.any_manifest(ATTRIBUTES)
    if not isinstance(manifest, AttributesManifest):
        raise ModelFileError(f"the pack {ATTRIBUTES} has to measure attributes")
    try:
        models = store.open(ATTRIBUTES)
    except ModelNotFoundError:
        return None
    analyst = manifest.attributes.load(_networks(models))
    return replace(analyst, classifiers=_load_classifiers(store))


def _load_classifiers(store: PackStore) -> FaceClassifiers | None:
    """The operator's own, None if there is no pack of that name."""
    if CLASSIFIERS not in store.names():
        return None
    manifest = store.any_manifest(CLASSIFIERS)
    if not isinstance(manifest, ClassifiersManifest):
        raise ModelFileError(f"the pack {CLASSIFIERS} has to classify faces")
    return manifest.classifiers.load(_networks(store.open(CLASSIFIERS)))


def _networks(models: Mapping[str, Model]) -> dict[str, OnnxNetwork]:
    return {name: OnnxNetwork(model) for name, model in models.items()}


def _load_detector(manifest: PackManifest, networks: Mapping[str, Network]) -> Detector:
    """The detector, with the points of another network where the pack has one."""
    detector = manifest.detector.load(networks)
    if manifest.points is None:
        return detector
    return RelocatingDetector(detector, manifest.points.load(networks))


def _memory(manifest: PackDeclaration, models: Mapping[str, Model]) -> int:
    """The weights, and what networks keep for each of the images processed side by side."""
    working = sum(part.working_bytes() for part in manifest.parts())
    return sum(map(_size, models.values())) + working * available_cores()


def _size(model: Model) -> int:
    if isinstance(model, bytes):
        return len(model)
    return model.stat().st_size + weights_of(model).stat().st_size
