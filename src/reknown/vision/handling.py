"""How images are handled where they come in: which files are taken, how far faces are sought."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from reknown.vision.images import STRICT, Intake


class SecondLook(Enum):
    """A way to look again where no face is found (`vision/second_look.py`)."""

    STRETCHED = "stretched"
    TURNED = "turned"
    MARGIN = "margin"


@dataclass(frozen=True, slots=True)
class Handling:
    """The `intake` of files, and the further `looks` at an image that shows no face.

    With `old_films` the containers of older cameras are taken, too.
    """

    intake: Intake = Intake()
    looks: tuple[SecondLook, ...] = tuple(SecondLook)
    old_films: bool = True


ARCHIVE = Handling(Intake(whole=True))
"""People's own files: all that can be read of them."""

REQUESTS = Handling(STRICT, (SecondLook.STRETCHED,), old_films=False)
"""What clients send: as Amazon Rekognition has it, at a cost that does not depend on them."""
