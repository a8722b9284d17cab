"""Who is to be enrolled from which image."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reknown.biometrics.geometry import BoundingBox

if TYPE_CHECKING:
    from reknown.services.images.sources import Source


@dataclass(frozen=True, slots=True)
class GivenBox:
    """A place in an upright image, in pixels, or in shares of it as in `reknown detect --json`.

    Where neither side is above 1 it is in shares: no face is found in a pixel.
    """

    left: float
    top: float
    width: float
    height: float

    def within(self, width: int, height: int) -> BoundingBox:
        """The same in shares of an image of that size."""
        if max(self.width, self.height) <= 1:
            return BoundingBox(self.left, self.top, self.width, self.height)
        return BoundingBox(
            self.left / width, self.top / height, self.width / width, self.height / height
        )


@dataclass(frozen=True, slots=True)
class Enrolee:
    """One image of one person, whose face is the largest by far or the one at `box`.

    `label` is what the image is called in the gallery, if not as its file. `origin` is the folder
    of folders that it comes from, if it does. `others` are people who have the same image, where
    nothing says whose face is meant.
    """

    source: Source
    subject: str
    box: GivenBox | None = None
    label: str = field(default="", compare=False)
    origin: str | None = field(default=None, compare=False)
    others: tuple[str, ...] = field(default=(), compare=False)

    @property
    def name(self) -> str:
        """The label or the file's name as text, whatever bytes the file system holds."""
        if isinstance(self.source, bytes):
            return self.label
        return self.label or as_text(self.source.name)


def as_text(name: str) -> str:
    """A path as text that can be stored, whatever bytes the file system holds."""
    return os.fsencode(name).decode("utf-8", "replace")
