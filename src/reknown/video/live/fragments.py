"""What a Kinesis video stream says of its fragments, read from its bytes on their way.

Each is a Matroska document of its own: tags that name it, a cluster with its pictures, and a token
that says how to go on behind it. Pictures are not looked into where the cluster says how long it
is, as whoever films could write anything there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from reknown.biometrics.live import Fragment

# The first bit that is set says how many bytes a size has.
_SIZE = (
    rb"([\x80-\xff]|[\x40-\x7f].|[\x20-\x3f].{2}|[\x10-\x1f].{3}"
    rb"|[\x08-\x0f].{4}|[\x04-\x07].{5}|[\x02\x03].{6}|\x01.{7})"
)
_TOKEN, _NUMBER = b"CONTINUATION_TOKEN", b"FRAGMENT_NUMBER"
_SERVER, _PRODUCER = b"SERVER_TIMESTAMP", b"PRODUCER_TIMESTAMP"
_TAG = rb"AWS_KINESISVIDEO_(" + b"|".join((_TOKEN, _NUMBER, _SERVER, _PRODUCER)) + rb")\x44\x87"
# How many nanoseconds a step of the clock has.
_STEP = rb"(\x2a\xd7\xb1)"
# Up to where a cluster begins by this clock; a checksum may come first.
_CLUSTER = rb"\x1f\x43\xb6\x75" + _SIZE + rb"(?:\xbf\x84.{4})?\xe7"
_ELEMENT = re.compile(
    rb"(?:" + _TAG + rb"|" + _STEP + rb"|" + _CLUSTER + rb")" + _SIZE, flags=re.DOTALL
)
_LONGEST_VALUE, _LONGEST_ELEMENT, _LONGEST_NUMBER = 128, 256, 8
_WORD = re.compile(rb"[\x20-\x7e]{1,128}")
_DIGITS = re.compile(rb"[0-9]{1,128}")
_SECONDS = re.compile(rb"[0-9]{1,10}(\.[0-9]{1,9})?")
_MILLISECOND, _SECOND = 10**6, 10**9
# Fragments are some seconds long.
_LONGEST_SECONDS = 30.0
_REMEMBERED = 128
_ROUNDED = 0.001


@dataclass(frozen=True, slots=True)
class _Begun:
    """A cluster that begins at `clock` seconds of the stream's own clock; None: of what fragment
    is not known."""

    clock: float
    fragment: Fragment | None


class FragmentLog:
    """Which fragments came last, in whatever parts their bytes come; `token` is the last one's.

    `note` is for one thread, all else for any.
    """

    def __init__(self) -> None:
        self.token: str | None = None
        self._rest = b""
        self._to_skip = 0
        self._step = _MILLISECOND
        self._said: dict[bytes, bytes] = {}
        self._begun: tuple[_Begun, ...] = ()

    def note(self, data: bytes) -> None:
        """These bytes have come."""
        skipped = min(self._to_skip, len(data))
        self._to_skip -= skipped
        data = self._rest + data[skipped:]
        done = 0
        while found := _ELEMENT.search(data, done):
            size = _number_of(found[4])
            value = data[found.end() : found.end() + size]
            if size > _LONGEST_VALUE:
                done = found.end()
            elif len(value) < size:
                break
            else:
                done = self._take(found, value)
        self._to_skip += max(done - len(data), 0)
        self._rest = data[max(done, len(data) - _LONGEST_ELEMENT) :]

    def at(self, stamp: float) -> Fragment | None:
        """That of the frame at so many seconds of the stream's own clock, if it is known."""
        for begun in reversed(self._begun):
            if begun.clock > stamp + _ROUNDED:
                continue
            offset = max(round(stamp - begun.clock, 3), 0.0)
            if begun.fragment is None or offset > _LONGEST_SECONDS:
                return None
            return replace(begun.fragment, offset_seconds=offset)
        return None

    def _take(self, found: re.Match[bytes], value: bytes) -> int:
        """Notes what an element says; where to look for the next one."""
        tag, step, cluster, _ = found.groups()
        end = found.end() + len(value)
        if tag == _TOKEN:
            self.token = value.decode() if _WORD.fullmatch(value) else self.token
        elif tag is not None:
            self._said[tag] = value
        elif step is not None:
            self._step = int.from_bytes(value[:_LONGEST_NUMBER]) or _MILLISECOND
        else:
            self._begin(value)
            end = max(end, found.end(3) + _number_of(cluster))
        return end

    def _begin(self, value: bytes) -> None:
        """A cluster begins at this time; what was said before is of it and of no other."""
        said, self._said = self._said, {}
        begun = _Begun(int.from_bytes(value[:_LONGEST_NUMBER]) * self._step / _SECOND, _named(said))
        before = self._begun[-_REMEMBERED + 1 :]
        if before and begun.clock <= before[-1].clock:  # it is another clock
            before = ()
        self._begun = (*before, begun)


def _number_of(size: bytes) -> int:
    """What a size says; 0 where it says that it is not known."""
    bits = 7 * len(size)
    number = int.from_bytes(size) & ((1 << bits) - 1)
    return 0 if number == (1 << bits) - 1 else number


def _named(said: dict[bytes, bytes]) -> Fragment | None:
    number, server, producer = (said.get(name, b"") for name in (_NUMBER, _SERVER, _PRODUCER))
    if not (_DIGITS.fullmatch(number) and all(map(_SECONDS.fullmatch, (server, producer)))):
        return None
    return Fragment(number.decode(), float(server), float(producer), offset_seconds=0.0)
