"""What a camera hands out, collected until there is enough of it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reknown.video.live.frames import CameraState, LiveFrame, LiveLimits

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.video.live.camera import LiveCamera

# As the real ones, but that nobody waits for long.
QUICK = LiveLimits(
    silent=1.5,
    silent_between=3.0,
    first_wait=0.1,
    longest_wait=0.3,
    refused_wait=0.3,
    steady=2.0,
)
_PATIENCE = 100.0


@dataclass
class Seen:
    """Frames and changes, in order; `late` is by how many seconds each frame came after it was."""

    frames: list[LiveFrame] = field(default_factory=list)
    states: list[CameraState] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    late: list[float] = field(default_factory=list)


def watch(camera: LiveCamera, enough: Callable[[Seen], object], seen: Seen | None = None) -> Seen:
    """Until that is enough; raises `TimeoutError` after a while."""
    seen = seen or Seen()
    until = time.monotonic() + _PATIENCE
    while not enough(seen):
        if time.monotonic() > until:
            raise TimeoutError(seen.states, seen.reasons, len(seen.frames))
        found = camera.next(0.2)
        if isinstance(found, LiveFrame):
            seen.frames.append(found)
            seen.late.append(time.time() - found.at.timestamp())
        elif found is not None:
            seen.states.append(found.state)
            seen.reasons.append(found.reason)
        elif camera.is_over:
            raise TimeoutError("it is over", seen.states, len(seen.frames))
    return seen


def at_once(check: Callable[..., None], *cases: tuple[object, ...]) -> None:
    """Checks all of them at a time: what cameras do is to wait, mostly."""
    with ThreadPoolExecutor(len(cases)) as pool:
        for case, checked in [(case, pool.submit(check, *case)) for case in cases]:
            if error := checked.exception():
                error.add_note(f"of {case}")
                raise error


def places_in(times: list[int], seen: Seen) -> int:
    """How many there are among pictures of these milliseconds where the frames could be from.

    A picture itself says only roughly which one it is.
    """
    first, last = seen.frames[0], seen.frames[-1]
    return sum(
        all(
            abs(times[start + frame.number - first.number] - times[start] - frame.time_ms) <= 1
            for frame in seen.frames
        )
        for start in range(len(times) - last.number + first.number)
    )


def frames(count: int) -> Callable[[Seen], object]:
    """So many frames are enough."""
    return lambda seen: len(seen.frames) >= count


def said(*states: CameraState) -> Callable[[Seen], object]:
    """It is enough when these have been said last."""
    return lambda seen: tuple(seen.states[-len(states) :]) == states
