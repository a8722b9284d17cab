"""How boxes move: Kalman filters for many boxes at once, at any step of time.

The model is that of SORT, DeepSORT and ByteTrack: centre x, centre y, aspect (width / height)
and height move at constant velocity, with noise in proportion to the height. There, noise is
added once a frame. Here, any number of frames passes, whole or not, as if it had been added in
each: two steps give what one step of the same length gives.

The four quantities do not depend on each other in that model, so each has a filter of its own
with two states, and no matrix is inverted.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Of the aspect, in absolute terms: what one frame adds to it and to its velocity, how far it
# is off when a box is new, and when it is measured (the values of DeepSORT and ByteTrack).
_ASPECT_DRIFT = 1e-2
_ASPECT_VELOCITY = 1e-5
_ASPECT_MEASURED = 1e-1
# A step shrinks a box to this share at most: a size is never 0.
_LEAST_SHRUNK = 0.1


@dataclass(frozen=True, slots=True)
class MotionNoise:
    """Standard deviations in heights of the box; what a frame adds to place and velocity.

    `frame_ms` is how long a frame of that measure takes. Defaults: ByteTrack's at 30 a second.
    """

    position: float = 1 / 20
    velocity: float = 1 / 160
    frame_ms: float = 1000 / 30


@dataclass(slots=True, eq=False)
class Motions:
    """States of n boxes, all (n, 4): centre x, centre y, aspect, height.

    Velocities are per frame of `MotionNoise.frame_ms`. The variance of the place, of the
    velocity, and their covariance.
    """

    place: Floats
    velocity: Floats
    place_variance: Floats
    covariance: Floats
    velocity_variance: Floats

    @classmethod
    def none(cls) -> Motions:
        """Of no box."""
        return cls(*(np.empty((0, 4)) for _ in fields(cls)))

    @classmethod
    def at_rest(cls, measured: Floats, noise: MotionNoise) -> Motions:
        """Boxes seen once, as `measured` (n, 4)."""
        still = np.zeros_like(measured)
        place = _spread(measured, 2 * noise.position, _ASPECT_DRIFT)
        velocity = _spread(measured, 10 * noise.velocity, _ASPECT_VELOCITY)
        return cls(measured.copy(), still, place**2, still.copy(), velocity**2)

    def pass_time(self, frames: Floats, noise: MotionNoise) -> None:
        """So many `frames` (n, 1) later: the sums of what each of them would add."""
        place = _spread(self.place, noise.position, _ASPECT_DRIFT) ** 2
        velocity = _spread(self.place, noise.velocity, _ASPECT_VELOCITY) ** 2
        once = frames * (frames - 1) / 2
        twice = frames * (frames - 1) * (2 * frames - 1) / 6
        least = _LEAST_SHRUNK * self.place[:, 2:]
        self.place = self.place + frames * self.velocity
        self.place[:, 2:] = np.maximum(self.place[:, 2:], least)
        self.place_variance = (
            self.place_variance
            + 2 * frames * self.covariance
            + frames**2 * self.velocity_variance
            + frames * place
            + twice * velocity
        )
        self.covariance = self.covariance + frames * self.velocity_variance + once * velocity
        self.velocity_variance = self.velocity_variance + frames * velocity

    def correct(self, rows: NDArray[np.intp], measured: Floats, noise: MotionNoise) -> None:
        """Boxes `rows` (k,) were seen as `measured` (k, 4)."""
        error = _spread(self.place[rows], noise.position, _ASPECT_MEASURED) ** 2
        total = self.place_variance[rows] + error
        place_gain = self.place_variance[rows] / total
        velocity_gain = self.covariance[rows] / total
        surprise = measured - self.place[rows]
        self.place[rows] += place_gain * surprise
        self.velocity[rows] += velocity_gain * surprise
        self.velocity_variance[rows] -= velocity_gain * self.covariance[rows]
        self.covariance[rows] *= 1 - place_gain
        self.place_variance[rows] *= 1 - place_gain

    def kept(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Motions:
        """Of these boxes alone."""
        return Motions(*(getattr(self, field.name)[rows] for field in fields(self)))

    def joined(self, more: Motions) -> Motions:
        """Of these boxes and then of those."""
        pairs = ((getattr(self, f.name), getattr(more, f.name)) for f in fields(self))
        return Motions(*(np.concatenate(pair) for pair in pairs))


def _spread(places: Floats, heights: float, aspect: float) -> Floats:
    """Standard deviations (n, 4): so many heights, but for the aspect."""
    spread = np.repeat(heights * places[:, 3:], 4, axis=1)
    spread[:, 2] = aspect
    return spread
