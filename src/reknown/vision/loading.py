"""What is loaded when it is first needed."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

Loaded = TypeVar("Loaded")


class LoadedOnce(Generic[Loaded]):
    """Loads on the first call and keeps it; what fails is tried again. Safe for many threads."""

    def __init__(self, load: Callable[[], Loaded]) -> None:
        self._load = load
        self._lock = Lock()
        self._loaded: list[Loaded] = []

    def __call__(self) -> Loaded:
        """What was loaded; raises what loading raises."""
        if not self._loaded:
            with self._lock:
                if not self._loaded:
                    self._loaded.append(self._load())
        return self._loaded[0]
