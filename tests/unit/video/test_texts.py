"""Films with text in them, read in this process and in one of its own."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

import numpy as np
import pytest

import drawn_text
import videos
from reknown.biometrics.errors import InvalidVideoError, ModelFileError
from reknown.biometrics.word_filter import WordFilter
from reknown.video.isolation import AnalysisRequest, read_isolated
from reknown.video.texts import read_video

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from numpy.typing import NDArray

    from reknown.biometrics.words import VideoReading
    from reknown.vision.text.reader import TextReader

_END_MS = 3000
# The gap is not.
WANTED = WordFilter(0.8, most=2)


@pytest.fixture(scope="module")
def film() -> Iterator[BinaryIO]:
    """One sign for a second, another for a second, a grey second."""
    signs = [drawn_text.sign("Platform 7"), drawn_text.sign("mind the gap", letters=60)]
    grey = np.full_like(signs[0], 128)

    def image(time_ms: int) -> NDArray[np.uint8]:
        return [*signs, grey][time_ms // 1000]

    with tempfile.TemporaryFile() as file:
        videos.render(file, ((image(t), t) for t in videos.steady(0, _END_MS, 10)))
        file.flush()
        yield file


@pytest.fixture(scope="module")
def reading(film: BinaryIO, reader: TextReader) -> VideoReading:
    return read_video(film, reader, WANTED, lambda *_: None)


def test_each_text_is_there_while_it_is_shown(reading: VideoReading) -> None:
    by_time = {frame.time_ms: [line.text for line in frame.lines] for frame in reading.frames}
    assert list(by_time) == sorted(by_time)
    for time_ms, lines in by_time.items():
        assert lines == [["Platform 7"], ["mind the"]][time_ms // 1000]
    assert {time_ms // 1000 for time_ms in by_time} == {0, 1}


def test_frames_that_show_nothing_new_are_passed_over(reading: VideoReading) -> None:
    assert 3 <= reading.looked <= 9
    assert len(reading.frames) < reading.looked
    assert (reading.info.width, reading.info.height) == (640, 360)


def test_a_process_of_its_own_reads_the_same(
    film: BinaryIO, reading: VideoReading, cache_folder: Path, tmp_path: Path
) -> None:
    heard: list[tuple[int, int, int]] = []
    request = AnalysisRequest("text", cache_folder, tmp_path)
    found = read_isolated(film, request, WANTED, lambda *told: heard.append(told))
    assert found.frames == reading.frames
    assert (found.info, found.sha256, found.model) == (reading.info, reading.sha256, reading.model)
    assert (found.warnings, found.looked) == (reading.warnings, reading.looked)
    assert heard


@pytest.mark.parametrize(
    ("pack", "data", "error"),
    [("text", b"no video", InvalidVideoError), ("opencv", b"\0\0\0\x08ftyp", ModelFileError)],
)
def test_errors_of_the_other_process_arrive(
    pack: str,
    data: bytes,
    error: type[Exception],
    cache_folder: Path,
    tmp_path: Path,
) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(data)
        file.flush()
        with pytest.raises(error):
            read_isolated(file, AnalysisRequest(pack, cache_folder, tmp_path), WANTED)
