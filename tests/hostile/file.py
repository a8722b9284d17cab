"""What a hostile file is: its name, how it is made, and what has to become of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")
SIZES = ("small", "medium", "large")


class Fate(StrEnum):
    """What has to become of a file; for what may, either answer is right if it is cheap."""

    REFUSED = "refused"
    DECODED = "decoded"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class HostileFile:
    """One of three sizes of a kind; the same bytes at every call of `make`."""

    kind: str
    size: str
    fate: Fate
    make: Callable[[], bytes]

    @property
    def name(self) -> str:
        """Of the file, without an ending: what a file calls itself is no matter."""
        return f"{self.kind}-{self.size}"


def three(
    kind: str, make: Callable[[T], bytes], sizes: tuple[T, T, T], *fates: Fate
) -> Iterator[HostileFile]:
    """The three sizes of a kind, with one fate for all or one for each."""
    each = fates if len(fates) == 3 else fates * 3
    for size, value, fate in zip(SIZES, sizes, each, strict=True):
        yield HostileFile(kind, size, fate, partial(make, value))
