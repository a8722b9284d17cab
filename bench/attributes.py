"""Fits what the pack `attributes` judges by on half of the people, and counts errors on the other.

    .venv/bin/python -m bench.attributes LABELS [SHARED] > measured.toml

LABELS is the folder of `attribute_labels.csv` and `eyes_scan.csv`, SHARED that of the images
(default ../shared/data). People are parted by a digest of their name. Images that were picked
weigh as much as makes every attribute as frequent as it is among the random ones. Prints the
tables of the manifest; where an image is of a set of its own, that set is counted alone.
"""

from __future__ import annotations

import csv
import hashlib
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from bench.pixels import decode_image
from sklearn.linear_model import LogisticRegression

from reknown.cli.session import open_engine
from reknown.vision.attributes.iris import locate_eyes
from reknown.vision.attributes.measures import measure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from reknown.vision.analyze import Engine

MEASURES = {
    "eyes_open": ("lid_gap",),
    "mouth_open": ("mouth_gap", "mouth_width", "mouth_lift"),
    "smile": ("mouth_width", "mouth_lift"),
    "sunglasses": ("eye_shade", "lower_shade"),
}
DATASET = "LFW view 2, images labelled by eye"
LONDON = "Face Research Lab London Set"


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """An image with its measures; labels are True, False or absent.

    `random` are the attributes for which the image was drawn, not picked.
    """

    image: str
    random: frozenset[str]
    labels: Mapping[str, bool]
    measures: Mapping[str, float]

    @property
    def fitted(self) -> bool:
        """Whether its person is of the half that is fitted on."""
        return hashlib.sha256(person_of(self.image).encode()).digest()[0] % 2 == 0


def person_of(image: str) -> str:
    """Whom an image shows."""
    path = Path(image)
    return path.parent.name if "lfw" in image else f"london {path.stem[:3]}"


@dataclass(slots=True)
class Labelled:
    """What is said of an image, and for which attributes it was drawn."""

    labels: dict[str, bool]
    random: set[str] = field(default_factory=set)


def main() -> None:
    labels = Path(sys.argv[1])
    shared = Path(sys.argv[2] if len(sys.argv) > 2 else "../shared/data")
    samples = list(read_samples(labels, shared))
    print(f"# {len(samples)} images")
    for attribute in MEASURES:
        print(table(attribute, samples))


def read_samples(labels: Path, shared: Path) -> Iterator[Sample]:
    """All labelled images that show a mesh."""
    engine = open_engine(None)
    known = _labels(labels)
    for kind, smiling in (("neutral_front", False), ("smiling_front", True)):
        for path in sorted((shared / "london" / kind).glob("*.jpg")):
            name = str(path.relative_to(shared))
            known[name] = Labelled({"smile": smiling, "sunglasses": False})
    for image, said in sorted(known.items()):
        measured = measures_of(engine, shared / image)
        if measured is not None:
            yield Sample(image, frozenset(said.random), said.labels, measured)


def _labels(folder: Path) -> dict[str, Labelled]:
    known: dict[str, Labelled] = {}
    with (folder / "attribute_labels.csv").open() as file:
        for row in csv.DictReader(file):
            drawn = set(MEASURES) if row["sample"] == "random" else set()
            known[row["image"]] = Labelled(_said(row, tuple(MEASURES)), drawn)
    with (folder / "eyes_scan.csv").open() as file:
        for row in csv.DictReader(file):
            said = known.setdefault(row["image"], Labelled({}))
            said.labels.update(_said(row, ("eyes_open",)))
            said.random.add("eyes_open")
    return known


def _said(row: Mapping[str, str], attributes: tuple[str, ...]) -> dict[str, bool]:
    return {name: row[name] == "yes" for name in attributes if row[name]}


def measures_of(engine: Engine, path: Path) -> Mapping[str, float] | None:
    """The measures of the face nearest to the centre, None where no mesh shows it."""
    pixels = decode_image(path.read_bytes()).pixels
    found, analyst = engine.detector.detect(pixels), engine.analyst()
    if analyst is None:
        raise SystemExit("the pack attributes is not installed")
    if not len(found.boxes):
        return None
    centre = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2 - np.array(pixels.shape[1::-1]) / 2
    nearest = int(np.argmin(np.hypot(*centre.T)))
    seen = analyst.look(pixels, found.landmarks[nearest])
    if seen is None:
        return None
    return measure(pixels, seen.mesh, seen.fit, locate_eyes(analyst.iris, pixels, seen.mesh))


def table(attribute: str, samples: list[Sample]) -> str:
    """The table of the manifest for one attribute."""
    names = MEASURES[attribute]
    known = [s for s in samples if attribute in s.labels]
    lfw = [s for s in known if s.image.startswith("lfw")]
    random = [s.labels[attribute] for s in lfw if attribute in s.random]
    prior = float(np.mean(random))
    half = [s for s in lfw if s.fitted]
    weights, bias = fit(half, attribute, prior)
    yes = sum(s.labels[attribute] for s in half)
    rest = [s for s in lfw if not s.fitted]
    sets = {
        f"{DATASET}, people not fitted on": rest,
        f"{DATASET}, people not fitted on, random images alone": [
            s for s in rest if attribute in s.random
        ],
        f"{LONDON}, 102 volunteers": [s for s in known if not s.image.startswith("lfw")],
    }
    pairs = zip(names, weights, strict=True)
    lines = [
        "[[attributes.measures]]",
        f'attribute = "{attribute}"',
        f"bias = {bias:.4f}",
        "weights = {" + ", ".join(f"{name} = {weight:.4f}" for name, weight in pairs) + "}",
        f'dataset = "{DATASET}, one half of their people"',
        f"yes = {yes}",
        f"no = {len(half) - yes}",
        f"prior = {prior:.4f}",
    ]
    for name, chosen in sets.items():
        if chosen:
            lines += check(name, chosen, attribute, scores(chosen, names, weights, bias))
    return "\n".join([*lines, ""])


def fit(half: list[Sample], attribute: str, prior: float) -> tuple[NDArray[np.float64], float]:
    """Weights and bias of the logistic function."""
    values = _values(half, MEASURES[attribute])
    labels = np.array([s.labels[attribute] for s in half])
    share = labels.mean()
    weight = np.where(labels, prior / share, (1 - prior) / (1 - share))
    mean, spread = values.mean(axis=0), values.std(axis=0)
    model = LogisticRegression(C=10, max_iter=5000)
    model.fit((values - mean) / spread, labels, sample_weight=weight)
    weights = model.coef_[0] / spread
    return weights, float(model.intercept_[0] - weights @ mean)


def scores(
    samples: list[Sample], names: tuple[str, ...], weights: NDArray[np.float64], bias: float
) -> NDArray[np.float64]:
    """Probabilities."""
    return np.asarray(1 / (1 + np.exp(-(_values(samples, names) @ weights + bias))))


def check(
    name: str, samples: list[Sample], attribute: str, found: NDArray[np.float64]
) -> list[str]:
    """What was counted, and in comments how often answers of a confidence were right."""
    labels = np.array([s.labels[attribute] for s in samples])
    said = found >= 0.5
    lines = [
        "[[attributes.measures.checks]]",
        f'dataset = "{name}"',
        f"yes = {labels.sum()}",
        f"missed = {(labels & ~said).sum()}",
        f"no = {(~labels).sum()}",
        f"false = {(~labels & said).sum()}",
    ]
    confidence = np.maximum(found, 1 - found)
    for low, high in ((0.5, 0.8), (0.8, 0.95), (0.95, 1.01)):
        chosen = (confidence >= low) & (confidence < high)
        if chosen.any():
            right = int((said == labels)[chosen].sum())
            lines.append(
                f"# confidence {low:g} to {min(high, 1):g}: said {confidence[chosen].mean():.3f}, "
                f"right {right} of {chosen.sum()}"
            )
    return lines


def _values(samples: list[Sample], names: tuple[str, ...]) -> NDArray[np.float64]:
    return np.array([[s.measures[name] for name in names] for s in samples], np.float64)


if __name__ == "__main__":
    main()
