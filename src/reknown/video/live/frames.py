"""What a camera hands out: its newest frame, or word of how it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from reknown.biometrics.live import Fragment


@dataclass(frozen=True, slots=True, eq=False)
class LiveFrame:
    """The newest frame of a camera when it was asked for.

    `number` counts the frames decoded so far. `time_ms` is the stream's own clock from the first
    frame of this watch on; it never goes back, not even over reconnects and jumps of the stream's
    clock. `at` is when it arrived, in UTC, smoothed by the stream's clock. `passed_over` frames
    were decoded since the last one handed out and looked at by nobody. `pixels` are upright RGB
    (height, width, 3), in full size. `fragment` is where it is in a Kinesis video stream.
    """

    number: int
    time_ms: int
    at: datetime
    passed_over: int
    pixels: NDArray[np.uint8]
    fragment: Fragment | None = None


class CameraState(Enum):
    """How a camera is."""

    CONNECTED = "connected"
    SLOW = "slow"
    """It sends more than can be decoded as it comes: frames are left out."""
    FROZEN = "frozen"
    """It is connected but sends nothing, or the same picture all the time."""
    LOST = "lost"
    """It cannot be reached, or the connection broke off: it is tried again."""
    REFUSED = "refused"
    """It refuses the user and the password, or the passphrase or stream id."""
    ENDED = "ended"
    """The file is at its end, or nobody watches it any more."""


@dataclass(frozen=True, slots=True)
class CameraChange:
    """A camera is not as it was; `reason` is for people, without address and credentials."""

    state: CameraState
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class CameraCounts:
    """What a camera has come to since the watch began; `bytes` are those of its video."""

    frames: int = 0
    passed_over: int = 0
    reconnects: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class LiveLimits:
    """What a stream may be and take, and when it counts as frozen; times in seconds.

    Frames have `max_pixels` at most; the process that decodes them has `address_space` bytes. A
    connection is made within `connect`. Without a packet for `silent` it is frozen, or where it
    comes in pieces for `silent_between`, once the last one has been shown; and so it is
    where the picture has been the same, to the last bit, for `still`. It reads at most
    `packets_a_second`, no more than `ahead` of the stream's own clock before the wall's, and
    is slow where it is more than `behind` late for want of processor time. Waiting between attempts
    doubles from `first_wait` to `longest_wait`, from the beginning again once it ran for `steady`.
    """

    max_side: int = 8192
    max_pixels: int = 4096 * 2304
    address_space: int = 3 * 2**30
    connect: float = 15.0
    silent: float = 5.0
    silent_between: float = 12.0
    still: float = 60.0
    packets_a_second: int = 1000
    ahead: float = 30.0
    behind: float = 1.0
    first_wait: float = 0.5
    longest_wait: float = 30.0
    refused_wait: float = 60.0
    steady: float = 15.0
