"""Tables that lie about how much is in them, and edits without end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hostile_videos.boxes import FULL, STBL, TICKS, box, changed, children, number, plain

if TYPE_CHECKING:
    from collections.abc import Callable

TABLES = (b"stts", b"ctts", b"stsc", b"stsz", b"stco", b"stss", b"elst")


def edits(count: int) -> bytes:
    """An edit list that shows the same second again and again."""
    entry = number(TICKS // 2) + number(TICKS) + number(1, 2) + number(0, 2)
    return changed(
        plain(), (b"moov", b"trak"), lambda trak: box(b"trak", _with(trak, count, entry))
    )


def _with(trak: bytes, count: int, entry: bytes) -> bytes:
    kept = [box(kind, body) for kind, body in children(trak) if kind != b"edts"]
    return b"".join(
        [kept[0], box(b"edts", box(b"elst", FULL, number(count), entry * count)), *kept[1:]]
    )


def declared(table: bytes) -> Callable[[int], bytes]:
    """A table of one entry that says it has many."""

    def make(count: int) -> bytes:
        sizes = number(0) if table == b"stsz" else b""
        made = box(table, FULL, sizes, number(count), bytes(12))
        if table == b"elst":
            return changed(
                plain(),
                (b"moov", b"trak"),
                lambda trak: box(b"trak", trak, box(b"edts", made)),
            )
        return changed(
            plain(),
            STBL,
            lambda stbl: box(b"stbl", *(box(k, b) for k, b in children(stbl) if k != table), made),
        )

    return make


def _with_table(kind: bytes, body: bytes) -> bytes:
    return changed(plain(), (*STBL, kind), lambda _: box(kind, body))


def samples_of_one_size(count: int) -> bytes:
    """One number for the sizes of all samples, and as many samples as fit a number."""
    return _with_table(b"stsz", FULL + number(1) + number(count))


def samples_of_no_size(count: int) -> bytes:
    """Samples of nothing: a table says once how long they take, another how many a chunk has."""
    data = _with_table(b"stts", FULL + number(1) + number(count) + number(1))
    data = changed(
        data, (*STBL, b"stsz"), lambda _: box(b"stsz", bytes(4), number(2**31), number(count))
    )
    return changed(
        data,
        (*STBL, b"stsc"),
        lambda _: box(b"stsc", FULL, number(1), number(1), number(count), number(1)),
    )


def sound_only(count: int) -> bytes:
    """The same without frames."""
    data = samples_of_one_size(count)
    return changed(
        data,
        (b"moov", b"trak", b"mdia", b"hdlr"),
        lambda body: box(b"hdlr", body[:8], b"soun", body[12:]),
    )


def shared_samples(count: int) -> bytes:
    """So many frames, all of them the same bytes."""
    first = int.from_bytes(dict(children(_stbl()))[b"stco"][8:12], "big")
    size = int.from_bytes(dict(children(_stbl()))[b"stsz"][12:16], "big")
    tables = {
        b"stts": FULL + number(1) + number(count) + number(1),
        b"stsz": FULL + number(size) + number(count),
        b"stsc": FULL + number(1) + number(1) + number(1) + number(1),
        b"stco": FULL + number(count) + number(first) * count,
    }

    def change(stbl: bytes) -> bytes:
        kept = [box(k, b) for k, b in children(stbl) if k in {b"stsd"}]
        return box(b"stbl", *kept, *(box(kind, body) for kind, body in tables.items()))

    return changed(plain(), STBL, change)


def _stbl() -> bytes:
    data = plain()
    for kind in STBL:
        data = dict(children(data))[kind]
    return data
