from __future__ import annotations

import gc
import io
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

from reknown.biometrics.errors import DecoderError, ImageTooLargeError, InvalidImageError
from reknown.vision.decoding import pool as pools
from reknown.vision.decoding.pool import DecoderPool
from reknown.vision.decoding.protocol import Limits
from reknown.vision.images import ImageLimits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


def encoded(pixels: NDArray[np.uint8], image_format: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, image_format, compress_level=1)
    return file.getvalue()


def noise(seed: int, side: int = 100) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (side, side + 20, 3), np.uint8)


def heavy() -> bytes:
    """Takes a decoder about a second."""
    return encoded(np.zeros((7000, 7000), np.uint16))


@pytest.fixture
def pool() -> Iterator[DecoderPool]:
    with DecoderPool(2) as pool:
        yield pool


def processes(pool: DecoderPool) -> list[int]:
    return [decoder.process for decoder in pool._idle]


def is_there(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def gone(process: int) -> bool:
    deadline = time.monotonic() + 20
    while is_there(process):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_pixels_are_those_of_the_file(pool: DecoderPool) -> None:
    pixels = noise(1)
    decoded = pool.decode(encoded(pixels))
    assert (decoded.pixels == pixels).all()
    assert (decoded.width, decoded.height) == (120, 100)
    assert not decoded.pixels.flags.writeable


def test_pixels_stay_as_long_as_any_part_of_them_is_in_use(pool: DecoderPool) -> None:
    images = [noise(seed) for seed in range(12)]
    parts = [pool.decode(encoded(pixels)).pixels[10:20, ::2] for pixels in images]
    gc.collect()
    for part, pixels in zip(parts, images, strict=True):
        assert (part == pixels[10:20, ::2]).all()


def test_memory_is_used_again_once_nobody_looks_at_it() -> None:
    with DecoderPool(1) as pool:
        for seed in range(50):
            pool.decode(encoded(noise(seed)))
        (decoder,) = pool._idle
        assert len(decoder.rooms._free) == 1


def test_many_threads_get_their_own_images(pool: DecoderPool) -> None:
    images = [noise(seed, 80 + seed) for seed in range(40)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda p: pool.decode(encoded(p)).pixels, images))
    assert all((a == b).all() for a, b in zip(found, images, strict=True))
    assert len(processes(pool)) == 2


def test_a_refusal_costs_no_process(pool: DecoderPool) -> None:
    pool.decode(encoded(noise(1)))
    before = processes(pool)
    for data in (b"\x89PNG\r\n\x1a\n" + b"\0" * 99, encoded(np.zeros((9000, 9000), np.uint8))):
        with pytest.raises((InvalidImageError, ImageTooLargeError)):
            pool.decode(data)
    assert processes(pool) == before


def test_processor_time_is_bounded_for_each_image() -> None:
    with DecoderPool(1, Limits(cpu_seconds=0.1)) as pool:
        for seed in range(3):
            with pytest.raises(InvalidImageError, match=r"more processor time"):
                pool.decode(heavy())
            assert (pool.decode(encoded(noise(seed))).pixels == noise(seed)).all()


def test_time_is_bounded_for_each_image() -> None:
    with DecoderPool(1, patience=0.05) as pool:
        pool.start()
        with pytest.raises(InvalidImageError, match="takes more time than an image is worth"):
            pool.decode(heavy())


def test_memory_is_bounded_for_each_image() -> None:
    with DecoderPool(1, Limits(address_space=200 * 2**20)) as pool:
        with pytest.raises(InvalidImageError):
            pool.decode(heavy())
        assert pool.decode(encoded(noise(1))).width == 120


def test_a_crash_ends_its_own_image_alone(
    pool: DecoderPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool.decode(encoded(noise(1)))
    (process,) = processes(pool)
    os.kill(process, signal.SIGSEGV)
    with pytest.raises(InvalidImageError, match="its decoder crashed"):
        pool.decode(encoded(noise(2)))
    assert (pool.decode(encoded(noise(3))).pixels == noise(3)).all()


def test_an_image_is_not_refused_for_a_decoder_that_was_killed(pool: DecoderPool) -> None:
    pool.decode(encoded(noise(1)))
    (process,) = processes(pool)
    os.kill(process, signal.SIGKILL)
    assert (pool.decode(encoded(noise(2))).pixels == noise(2)).all()


def test_the_spawner_is_started_again(pool: DecoderPool) -> None:
    pool.decode(encoded(noise(1)))
    spawner = pool._idle[0].spawner
    os.kill(spawner, signal.SIGKILL)
    assert gone(processes(pool)[0])
    assert (pool.decode(encoded(noise(2))).pixels == noise(2)).all()


def test_a_decoder_is_replaced_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "_IMAGES_EACH", 3)
    with DecoderPool(1) as pool:
        used = set()
        for seed in range(6):
            pool.decode(encoded(noise(seed)))
            used.update(processes(pool))
        assert len(used) == 2


def test_all_processes_end_with_the_pool() -> None:
    with DecoderPool(2) as pool:
        pool.decode(encoded(noise(1)))
        everyone = [*processes(pool), pool._idle[0].spawner]
    assert all(map(gone, everyone))
    with pytest.raises(DecoderError, match="this program is ending"):
        pool.decode(encoded(noise(1)))


_PROGRAM = """
import sys
from reknown.vision.decoding.pool import DecoderPool
pool = DecoderPool(1)
pool.decode(sys.stdin.buffer.read())
print(pool._idle[0].process, pool._idle[0].spawner, flush=True)
import os
os.kill(os.getpid(), 9)
"""


def test_all_processes_end_with_a_program_that_is_killed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], input=encoded(noise(1)), capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert all(gone(int(process)) for process in done.stdout.split())


def test_limits_of_images_hold(pool: DecoderPool) -> None:
    with (
        DecoderPool(1, Limits(ImageLimits(max_bytes=1000))) as small,
        pytest.raises(ImageTooLargeError, match="1,000 bytes"),
    ):
        small.decode(bytes(1001))
    with pytest.raises(InvalidImageError, match="empty"):
        pool.decode(b"")


def test_no_process_no_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with DecoderPool(1) as pool, pytest.raises(DecoderError, match="no process can be started"):
        pool.decode(encoded(noise(1)))


def test_memory_for_a_large_image_is_given_back() -> None:
    with DecoderPool(1) as pool:
        pool.decode(heavy())
        pool.decode(encoded(noise(1)))  # when it is done with the one before
        (process,) = processes(pool)
        with open(f"/proc/{process}/status", encoding="ascii") as file:
            held = next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))
        assert held < 150 * 1024


def test_it_is_known_whether_decoders_are_confined(pool: DecoderPool) -> None:
    pool.decode(encoded(noise(1)))
    confined = pool.is_confined()
    (process,) = processes(pool)
    with open(f"/proc/{process}/status", encoding="ascii") as file:
        assert ("Seccomp:\t2" in file.read()) is confined
