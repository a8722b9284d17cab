from __future__ import annotations

from threading import Event

import pytest

from live_frames import FilmCamera
from reknown.biometrics.errors import TakenOverError
from reknown.services.live.sources import StoppableSource


class _Camera(FilmCamera):
    reconnects = 0


def test_what_was_taken_away_is_not_ended_by_who_stops_it_at_the_same_moment() -> None:
    source = StoppableSource(_Camera([]), lambda _: None)

    class Between(Event):
        """Asked by who stops it, which another one takes away before it is answered."""

        def is_set(self) -> bool:
            before = super().is_set()
            if not before:
                source.take_away()
            return before

    source._stopped = Between()
    source.stop("the worker ends")
    with pytest.raises(TakenOverError):
        source.next(1)
