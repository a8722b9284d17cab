"""The engine of each model pack in use, loaded when it is first needed."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.biometrics.templates import TemplateSpace
    from reknown.vision.analyze import Engine


class Engines:
    """Loads packs by name with `load`; safe to use from several threads."""

    def __init__(self, load: Callable[[str], Engine], default: str) -> None:
        self._load = load
        self._loaded = {default: load(default)}
        self._default = default
        self._lock = Lock()

    @property
    def default(self) -> Engine:
        """The engine for new collections and for requests without one."""
        return self._loaded[self._default]

    def of(self, space: TemplateSpace) -> Engine:
        """The engine that makes templates of this space.

        Raises `ModelError` when its pack cannot be loaded here, `SpaceMismatchError` when
        the pack of that name makes others.
        """
        with self._lock:
            if space.pack not in self._loaded:
                self._loaded[space.pack] = self._load(space.pack)
            engine = self._loaded[space.pack]
        engine.space.require(space)
        return engine
