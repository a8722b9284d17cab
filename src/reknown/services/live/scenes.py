"""A frame and who is in it: what may be shown of a camera, and to whom it is left to show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.video.live.veiling import veil

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from reknown.biometrics.geometry import BoundingBox
    from reknown.biometrics.live import LiveCandidate
    from reknown.services.live.visits import Visits
    from reknown.video.live.following import LiveStep
    from reknown.video.live.frames import LiveFrame


@dataclass(frozen=True, slots=True)
class KnownFace:
    """A face that has candidates, as one of the visit with this id; best candidates first."""

    box: BoundingBox
    visit: str
    candidates: tuple[LiveCandidate, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A frame with the faces in it: `known` ones, and the boxes of all `others` that were found.

    Where the frame was not `looked` at, as nothing but noise had changed, they are where they were.
    """

    frame: LiveFrame
    looked: bool
    known: tuple[KnownFace, ...]
    others: tuple[BoundingBox, ...]

    def veiled(self) -> NDArray[np.uint8]:
        """The frame's pixels with nobody in them but who is known: nothing else may be shown."""
        return veil(self.frame.pixels, [face.box for face in self.known], self.others)


def scene_of(frame: LiveFrame, step: LiveStep, visits: Visits) -> Scene:
    """What a step has shown, with what is known of its faces by now."""
    known, others = [], []
    for face in step.faces:
        found = None if face.track is None else visits.known(face.track)
        if found is None:
            others.append(face.box)
        else:
            known.append(KnownFace(face.box, *found))
    return Scene(frame, step.looked, tuple(known), tuple(others))
