"""What a strip of text says: a network with a column of scores for every eighth pixel.

Decoded greedily as connectionist temporal classification has it (Graves and others, ICML 2006):
the best character of each column, of neighbours that agree only one, without the blanks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import ModelFileError
from reknown.vision.packs.part import Count, ManifestTable, PackFile, PackPart
from reknown.vision.packs.recipes import onnx_recipe
from reknown.vision.text.orientation import as_blob

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from reknown.vision.inference import DescribedNetwork

HEIGHT = 48
_CHARACTERS = "character"
_BLANK = 0
_GREY = 0.0


@dataclass(frozen=True, slots=True)
class Glyph:
    """One character; `place` is its centre as a share of the strip's width, 0 to 1."""

    text: str
    confidence: float
    place: float


class CtcSettings(ManifestTable, frozen=True, kw_only=True):
    """Strips narrower than `min_width` pixels are filled up to it, wider than `max_width` none."""

    min_width: Count = 320
    max_width: Count = 3200


class CtcFiles(ManifestTable, frozen=True, kw_only=True):
    """One ONNX graph, with its characters in its metadata."""

    text_recogniser: PackFile


class CtcPart(PackPart, frozen=True, kw_only=True, tag="ctc"):
    """A recogniser of lines by connectionist temporal classification."""

    recipes = (onnx_recipe("text_recogniser"),)
    files: CtcFiles
    settings: CtcSettings = CtcSettings()

    def load(self, networks: Mapping[str, DescribedNetwork]) -> CtcRecogniser:
        """The recogniser; raises `ModelFileError` for a graph that does not name characters."""
        return CtcRecogniser(networks["text_recogniser"], self.settings)


class CtcRecogniser:
    """Runs the network, which takes (1, 3, 48, width) and gives (1, columns, classes)."""

    def __init__(self, network: DescribedNetwork, settings: CtcSettings) -> None:
        characters = network.metadata.get(_CHARACTERS, "").split("\n")
        if len(characters) < 2:
            raise ModelFileError("the recogniser of text does not say which characters it reads")
        self._network = network
        self._settings = settings
        self.characters = ("", *characters, " ")

    @property
    def narrowest(self) -> int:
        """How many pixels wide what is read is at least; narrower strips are filled up to it."""
        return self._settings.min_width

    @property
    def widest(self) -> int:
        """The most pixels that a strip may be wide."""
        return self._settings.max_width

    def read(self, strip: NDArray[np.uint8]) -> tuple[Glyph, ...]:
        """The characters of an RGB strip (48, width, 3), in order.

        Raises `ModelFileError` when the network knows other characters than it says.
        """
        width = strip.shape[1]
        canvas = np.full((1, 3, HEIGHT, max(width, self._settings.min_width)), _GREY, np.float32)
        canvas[..., :width] = as_blob(strip)
        (scores,) = self._network.run(canvas).values()
        if scores.shape[2] != len(self.characters):
            raise ModelFileError("the recogniser of text names other characters than it reads")
        columns = canvas.shape[3] / scores.shape[1] / width
        return decode(scores[0], self.characters, columns)


def decode(
    scores: NDArray[np.float32], characters: tuple[str, ...], column: float
) -> tuple[Glyph, ...]:
    """The characters of the scores (columns, classes), each column `column` of the width wide."""
    if not len(scores):
        return ()
    best = scores.argmax(axis=1)
    begins = np.flatnonzero(np.diff(best, prepend=-1))
    ends = np.append(begins[1:], len(best))
    return tuple(
        Glyph(
            characters[best[begin]],
            min(float(scores[begin:end, best[begin]].max()), 1.0),
            min((begin + end) / 2 * column, 1.0),
        )
        for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)
        if best[begin] != _BLANK
    )
