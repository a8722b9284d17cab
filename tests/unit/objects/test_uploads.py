from __future__ import annotations

import errno
import os
import time
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from reknown.biometrics.errors import InputError, ObjectNotFoundError
from reknown.objects.uploads import Uploads

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path / "deep" / "uploads", 100, 0)


def _names(uploads: Uploads) -> list[str]:
    return sorted(each.name for each in uploads.root.iterdir())


def _kept(uploads: Uploads, data: bytes = b"film") -> str:
    arriving = uploads.begin()
    arriving.write(data)
    arriving.finish()
    arriving.keep()
    arriving.close()
    return arriving.name


def test_what_is_kept_is_there_until_it_is_deleted(uploads: Uploads) -> None:
    name = _kept(uploads)
    with uploads.open(name) as file:
        assert file.read() == b"film"
    uploads.delete(name)
    uploads.delete(name)
    with pytest.raises(ObjectNotFoundError):
        uploads.open(name)


def test_it_is_nobody_elses_to_read(uploads: Uploads) -> None:
    name = _kept(uploads)
    assert uploads.path_of(name).stat().st_mode & 0o777 == 0o600
    assert uploads.root.stat().st_mode & 0o777 == 0o700


def test_what_is_not_kept_leaves_nothing(uploads: Uploads) -> None:
    arriving = uploads.begin()
    arriving.write(b"film")
    assert len(_names(uploads)) == 1
    with pytest.raises(ObjectNotFoundError):  # not before it has come whole
        uploads.open(arriving.name)
    arriving.close()
    assert _names(uploads) == []


def test_what_comes_is_counted(uploads: Uploads) -> None:
    arriving = uploads.begin()
    arriving.write(b"0" * 60)
    with pytest.raises(InputError, match="--upload-limit"):
        arriving.write(b"0" * 41)
    arriving.close()
    assert _names(uploads) == []


def test_a_disk_that_has_no_room_takes_nothing(uploads: Uploads) -> None:
    full = Uploads(uploads.root, 100, 2**62)
    with pytest.raises(InputError, match="no room"):
        full.begin()
    with pytest.raises(InputError, match="no room"):
        full.require_room(1)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_disk_that_fills_up_meanwhile_is_said(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    arriving = uploads.begin()
    full = open("/dev/full", "wb", buffering=0)  # noqa: SIM115 - the upload closes it
    arriving._file.close()
    monkeypatch.setattr(arriving, "_file", full)
    with pytest.raises(InputError, match="no space left"):
        arriving.write(b"film")
    arriving.close()
    assert _names(uploads) == []


@pytest.mark.parametrize(
    "name", ["", "..", "../reknown.db", "0" * 63, "0" * 64 + ".part", "A" * 64]
)
def test_other_names_lead_nowhere(uploads: Uploads, name: str) -> None:
    with pytest.raises(ObjectNotFoundError):
        uploads.open(name)
    with pytest.raises(ObjectNotFoundError):
        uploads.delete(name)


def test_what_was_left_by_the_dead_is_swept(uploads: Uploads) -> None:
    wanted, left, new = _kept(uploads), _kept(uploads), uploads.begin()
    (uploads.root / "notes.txt").write_text("the operator's own")
    for name in (wanted, left):
        os.utime(uploads.path_of(name), (0, 0))
    assert uploads.sweep({wanted}, 60) == 1
    assert _names(uploads) == sorted([wanted, new.name + ".part", "notes.txt"])
    new.close()


def test_where_nothing_came_nothing_is_swept(uploads: Uploads) -> None:
    assert uploads.sweep(set(), 0) == 0


def test_what_waits_for_its_other_pieces_is_swept_like_others(uploads: Uploads) -> None:
    number = "0" * 64
    with uploads.resumed(number) as resumed:
        resumed.add(0, b"fi")
    assert uploads.waiting(number) == 2
    assert uploads.sweep([], 60.0) == 0
    assert uploads.sweep([], -60.0) == 1
    assert uploads.waiting(number) == 0


def test_a_full_disk_leaves_what_had_come(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = "0" * 64
    with uploads.resumed(number) as resumed:
        resumed.add(0, b"fi")

        def full(_descriptor: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(InputError):
            resumed.add(2, b"lm")
        monkeypatch.undo()
    assert uploads.waiting(number) == 2


def test_what_has_come_whole_is_not_taken_again_while_it_is_there(uploads: Uploads) -> None:
    number = "0" * 64
    again = pytest.raises(InputError, match="already arrived")
    with uploads.resumed(number) as resumed:
        resumed.add(0, b"film")
        with closing(resumed.arrived()) as arrived:
            with again, uploads.resumed(number):  # while it is looked at
                pass
            arrived.keep()
    assert arrived.name == number
    with again, uploads.resumed(number):
        pass
    assert _names(uploads) == [number]
    uploads.delete(number)
    with uploads.resumed(number):
        pass


def test_what_was_no_film_may_be_sent_again(uploads: Uploads) -> None:
    number = "0" * 64
    with uploads.resumed(number) as resumed:
        resumed.add(0, b"film")
        resumed.arrived().close()
    # as a process leaves it that was killed while it looked at it
    (uploads.root / f"{number}.part").write_bytes(b"film")
    with uploads.resumed(number) as resumed:
        assert resumed.size == 0
        resumed.add(0, b"film")
        resumed.arrived().close()
    assert _names(uploads) == []


def test_what_was_forgotten_meanwhile_is_not_taken_for_what_came_since(uploads: Uploads) -> None:
    number = "0" * 64
    with uploads.resumed(number) as first:
        first.add(0, b"film")
        uploads.forget(number)
        with uploads.resumed(number) as second:
            second.add(0, b"fi")
        with pytest.raises(InputError, match="stopped meanwhile"):
            first.arrived()
    assert uploads.waiting(number) == 2


def _begun(uploads: Uploads, number: int, seconds_ago: float) -> str:
    name = "0" * 63 + str(number)
    with uploads.resumed(name) as resumed:
        resumed.add(0, b"fi")
    moment = time.time() - seconds_ago
    os.utime(uploads.root / f"{name}.waiting", (moment, moment))
    return name


def test_what_is_being_sent_is_not_forgotten_for_another(uploads: Uploads) -> None:
    for number in range(3):
        _begun(uploads, number, 100)
    with pytest.raises(InputError, match="3 films of yours are being sent"):
        _begun(uploads, 3, 0)
    oldest = uploads.root / f"{_names(uploads)[0]}"
    os.utime(oldest, (0, 0))
    _begun(uploads, 3, 0)
    assert not oldest.exists()
    assert len(_names(uploads)) == 3


def test_what_another_process_forgets_meanwhile_is_in_nobodys_way(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        _begun(uploads, number, 1000)
    gone = "0" * 63 + "9.waiting"
    monkeypatch.setattr(Uploads, "_files", lambda _: [*_names(uploads), gone])
    _begun(uploads, 3, 0)
    assert len(_names(uploads)) == 3


def test_one_writes_at_a_time(uploads: Uploads) -> None:
    number = "0" * 64
    with (
        uploads.resumed(number),
        pytest.raises(InputError, match="already being sent"),
        uploads.resumed(number),
    ):
        pass


@pytest.mark.parametrize("number", ["", "../x", "0" * 63, "0" * 64 + "/", "A" * 64])
def test_a_number_is_no_path(uploads: Uploads, number: str) -> None:
    with pytest.raises(ObjectNotFoundError), uploads.resumed(number):
        pass
