"""What the camera of a watch sees, shown to those who look through it now and to nobody else."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event, Thread
from typing import TYPE_CHECKING

from reknown.biometrics.errors import DatabaseError
from reknown.services.images.pixels import small_jpeg
from reknown.services.live.looks import sealed_picture
from reknown.storage.clock import now
from reknown.storage.database import reading
from reknown.watches import looks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from structlog.typing import FilteringBoundLogger

    from reknown.biometrics.regions import Region
    from reknown.services.live.scenes import Scene
    from reknown.storage.database import Database
    from reknown.watches.watches import WatchedCamera

_SIDE, _QUALITY = 640, 80
_MOST_BYTES = 300_000
_SECOND, _AT_ONCE = 1.0, 0.25
_END_SECONDS = 5.0


@contextmanager
def showing(
    database: Database,
    watch: WatchedCamera,
    regions: Sequence[Region],
    log: FilteringBoundLogger,
    idle: float,
) -> Iterator[Callable[[Scene], None]]:
    """Meanwhile what is told of is shown, in a thread of its own.

    Who looks is asked every `idle` seconds, and every second as long as somebody does.
    """
    show = _Show(database, watch, regions, log, idle)
    show.start()
    try:
        yield show.saw
    finally:
        show.end()


class _Show(Thread):
    """Asks who looks, and sends them the newest scene; where nobody does it keeps none."""

    def __init__(
        self,
        database: Database,
        watch: WatchedCamera,
        regions: Sequence[Region],
        log: FilteringBoundLogger,
        idle: float,
    ) -> None:
        super().__init__(name=f"watch {watch.name} show", daemon=True)
        self._database = database
        self._watch = watch
        self._regions = regions
        self._log = log
        self._idle = idle
        self._busy = min(_SECOND, idle)
        self._ended = Event()
        self._wanted: frozenset[bytes] = frozenset()
        self._scene: Scene | None = None
        self._sent: dict[bytes, Scene] = {}

    def saw(self, scene: Scene) -> None:
        """The newest one; it is let go of at once where nobody looks."""
        self._scene = scene if self._wanted else None

    def end(self) -> None:
        """Shows nothing more; waits a little for what is under way."""
        self._ended.set()
        self.join(_END_SECONDS)

    def run(self) -> None:
        """Shows until the end."""
        while not self._ended.wait(self._pause()):
            try:
                self._show()
            except DatabaseError as error:
                self._log.error("the watches cannot be read", error=str(error))
            except Exception:  # a picture less is no reason to watch no more
                self._log.exception("a camera was not shown")

    def _pause(self) -> float:
        if not self._wanted:
            return self._idle
        return self._busy if self._sent else min(_AT_ONCE, self._busy)

    def _show(self) -> None:
        with reading(self._database) as connection:
            self._wanted = frozenset(looks.list_wanted(connection, self._watch))
            old, present = looks.has_old(connection), now(connection)
        if old:
            with self._database.begin() as connection:
                looks.forget(connection)
        self._sent = {key: seen for key, seen in self._sent.items() if key in self._wanted}
        scene = self._scene if self._wanted else None
        waiting = [key for key in self._wanted if self._sent.get(key) is not scene]
        if scene is None or not waiting:
            return
        picture = picture_of(scene, self._regions)
        # by the clock of the database, whatever this machine's says
        taken_at = present - (datetime.now(UTC) - scene.frame.at)
        sealed = {key: sealed_picture(key, picture, taken_at) for key in waiting}
        with self._database.begin() as connection:
            for key, data in sealed.items():
                looks.put(connection, key, data, taken_at)
        self._sent |= dict.fromkeys(waiting, scene)


def picture_of(scene: Scene, regions: Sequence[Region]) -> bytes:
    """The veiled frame where it counts, as a small JPEG."""
    pixels = _cut(scene.veiled(), regions)
    picture = small_jpeg(pixels, _SIDE, _QUALITY)
    # noise that fills a known face's box, which is what a camera without light sends
    return picture if len(picture) <= _MOST_BYTES else small_jpeg(pixels, _SIDE // 2, _QUALITY // 2)


def _cut(pixels: NDArray[np.uint8], regions: Iterable[Region]) -> NDArray[np.uint8]:
    """The smallest box of the frame that has all regions in it; all of it where there are none."""
    corners = [corner for region in regions for corner in region]
    if not corners:
        return pixels
    height, width = pixels.shape[:2]
    left, right = _span([corner.x for corner in corners], width)
    top, bottom = _span([corner.y for corner in corners], height)
    return pixels[top:bottom, left:right]


def _span(shares: Sequence[float], length: int) -> tuple[int, int]:
    """From the first to behind the last pixel; at least one."""
    first = min(max(int(min(shares) * length), 0), length - 1)
    return first, max(min(round(max(shares) * length), length), first + 1)
