from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from reknown.video.live.films import FilmWriter

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
FRAME = np.full((64, 96, 3), 90, np.uint8)


def times(data: bytes) -> list[int]:
    container: Any
    with av.open(io.BytesIO(data)) as container:
        return [round(1000 * frame.time) for frame in container.decode(video=0)]


def writer_to(place: Path) -> FilmWriter:
    return FilmWriter(place.open("wb", buffering=0))


def test_what_was_written_can_be_played_whenever_its_process_is_killed(tmp_path: Path) -> None:
    place = tmp_path / "film.mp4"
    film = writer_to(place)
    for number in range(101):
        film.write(np.roll(FRAME, number, 1), 40 * number, AT)
        if number % 25 == 0 and number:
            there = times(place.read_bytes())
            assert there == [40 * n for n in range(len(there))]
            assert len(there) >= number - 30
    film.close()
    assert times(place.read_bytes()) == [40 * n for n in range(101)]


@settings(max_examples=20)
@given(st.lists(st.integers(0, 90_000), min_size=1, max_size=12))
def test_frames_keep_their_times_and_none_is_lost(
    tmp_path_factory: Any, steps_ms: list[int]
) -> None:
    place = tmp_path_factory.mktemp("films") / "film.mp4"
    film = writer_to(place)
    expected: list[int] = []
    now = 5000
    for step in steps_ms:
        film.write(FRAME, now, AT)
        expected.append(max(now - 5000, expected[-1] + 1) if expected else 0)
        now += step
    film.close()
    data = place.read_bytes()
    assert times(data) == expected
    assert (film.frames, film.duration_ms, film.size) == (len(steps_ms), expected[-1], len(data))
    container: Any
    with av.open(io.BytesIO(data)) as container:
        assert container.metadata["creation_time"].startswith("2026-01-05T08:00:00")
