"""An operator's own networks for what nothing here measures: ages, genders, emotions and the like.

A pack called `classifiers` in the operator's folder declares them. Nothing of the kind comes with
Reknown, and what they answer is worth what their makers can show for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import cv2
import numpy as np
from msgspec import Meta

from reknown.biometrics.errors import ModelFileError
from reknown.vision.align import cut_chip
from reknown.vision.packs.part import Count, ManifestTable, PackFile, PackPart, Positive, Text
from reknown.vision.packs.recipes import onnx_recipe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from reknown.vision.inference import Network

    Pixels = NDArray[np.uint8]

Classified = Literal[
    "age_range", "gender", "emotions", "beard", "mustache", "eyeglasses", "face_occluded"
]
Emotion = Literal[
    "happy", "sad", "angry", "confused", "disgusted", "surprised", "calm", "unknown", "fear"
]
_AGES = re.compile(r"(\d{1,3})-(\d{1,3})")
# Where five points lie in a chip whose side is one: those of the ArcFace template.
_REFERENCE = np.array(
    [(0.3419, 0.4616), (0.6565, 0.4598), (0.5003, 0.6405), (0.3710, 0.8247), (0.6315, 0.8232)]
)
_CENTRE = 0.5


class ClassifierFiles(ManifestTable, frozen=True, kw_only=True):
    """An ONNX network for each attribute: RGB or BGR (1, 3, side, side) -> (1, labels) logits."""

    age_range: PackFile | None = None
    gender: PackFile | None = None
    emotions: PackFile | None = None
    beard: PackFile | None = None
    mustache: PackFile | None = None
    eyeglasses: PackFile | None = None
    face_occluded: PackFile | None = None


class ClassifierReading(ManifestTable, frozen=True, kw_only=True):
    """What a network is shown, what its outputs stand for, and how often it is right.

    Values of 0 to 255 less `mean` are divided by `deviation`, by channel. The chip shows `crop`
    times what the template of ArcFace shows. Of `images` of `dataset` the likeliest of the
    `labels` was the `right` one.
    """

    labels: Annotated[tuple[Text, ...], Meta(min_length=2, max_length=200)]
    side: Annotated[int, Meta(ge=16, le=512)]
    dataset: Text
    images: Count
    right: Annotated[int, Meta(ge=0)]
    colours: Literal["RGB", "BGR"] = "RGB"
    mean: tuple[Annotated[float, Meta(ge=0, le=255)], ...] = (0.0, 0.0, 0.0)
    deviation: tuple[Positive, ...] = (1.0, 1.0, 1.0)
    crop: Annotated[float, Meta(ge=0.5, le=3)] = 1.0

    def __post_init__(self) -> None:
        if not len(self.mean) == len(self.deviation) == 3:
            raise ValueError("mean and deviation have a value for each of three channels")
        if self.right > self.images or len(set(self.labels)) < len(self.labels):
            raise ValueError("more right answers than images, or a label twice")


class ClassifiersPart(PackPart, frozen=True, kw_only=True, tag="onnx-classifiers"):
    """Networks of an operator, at most one for each attribute."""

    recipes = tuple(map(onnx_recipe, get_args(Classified)))
    files: ClassifierFiles
    reads: dict[Classified, ClassifierReading]

    def __post_init__(self) -> None:
        if not self.reads or self.reads.keys() != self.roles().keys():
            raise ValueError("each file of classifiers needs a reading, and each reading a file")
        for attribute, reading in self.reads.items():
            _check_labels(attribute, reading.labels)

    def load(self, networks: Mapping[str, Network]) -> FaceClassifiers:
        """What classifies; raises `ModelFileError` for networks that do not fit their readings."""
        loaded = FaceClassifiers({name: networks[name] for name in self.reads}, self.reads)
        for side in {reading.side for reading in self.reads.values()}:
            loaded.classify(np.zeros((side, side, 3), np.uint8), side * _REFERENCE)
        return loaded


@dataclass(frozen=True, slots=True, eq=False)
class FaceClassifiers:
    """The networks by attribute, with how each is read; safe for many threads."""

    networks: Mapping[Classified, Network]
    reads: Mapping[Classified, ClassifierReading]

    def classify(
        self, pixels: Pixels, landmarks: NDArray[np.floating]
    ) -> Mapping[str, Mapping[str, float]]:
        """By attribute and label the probability, 0 to 1, that the networks give.

        `landmarks` (5, 2) in pixels of the RGB image. An attribute whose network gives no numbers
        is left out. Raises `ModelFileError` for networks of another shape.
        """
        found = {name: self._classified(name, pixels, landmarks) for name in self.reads}
        return {name: each for name, each in found.items() if each}

    def _classified(
        self, name: Classified, pixels: Pixels, landmarks: NDArray[np.floating]
    ) -> dict[str, float]:
        reading = self.reads[name]
        try:
            outputs = self.networks[name].run(_shown(reading, pixels, landmarks))
        except Exception as error:  # ONNX Runtime's own, of several kinds
            raise ModelFileError(f"the classifier of {name} takes something else") from error
        logits = np.asarray(next(iter(outputs.values())), np.float64).ravel()
        if logits.size != len(reading.labels):
            labels = len(reading.labels)
            raise ModelFileError(
                f"the classifier of {name} gives {logits.size}, not {labels} values"
            )
        if not np.isfinite(logits).all():
            return {}
        weights = np.exp(logits - logits.max())
        shares = weights / weights.sum()
        return {label: float(p) for label, p in zip(reading.labels, shares, strict=True)}


def _shown(
    reading: ClassifierReading, pixels: Pixels, landmarks: NDArray[np.floating]
) -> NDArray[np.float32]:
    reference = reading.side * (_CENTRE + (_REFERENCE - _CENTRE) / reading.crop)
    chip = cut_chip(pixels, landmarks, reference, reading.side)
    if reading.colours == "BGR":
        chip = np.asarray(cv2.cvtColor(chip, cv2.COLOR_RGB2BGR), np.uint8)
    mean, deviation = (np.array(each, np.float32) for each in (reading.mean, reading.deviation))
    values = (chip.astype(np.float32) - mean) / deviation
    return np.ascontiguousarray(values.transpose(2, 0, 1)[None], np.float32)


def _check_labels(attribute: Classified, labels: tuple[str, ...]) -> None:
    if attribute == "age_range":
        spans = [_AGES.fullmatch(label) for label in labels]
        good = all(span and int(span[1]) <= int(span[2]) for span in spans)
        wanted = "spans of years such as 20-29"
    elif attribute == "emotions":
        good, wanted = set(labels) <= set(get_args(Emotion)), ", ".join(get_args(Emotion))
    else:
        both = {"female", "male"} if attribute == "gender" else {"no", "yes"}
        good, wanted = set(labels) == both, " and ".join(sorted(both))
    if not good:
        raise ValueError(f"the labels of {attribute} have to be {wanted}")
