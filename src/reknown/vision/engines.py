"""Stand-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reknown.biometrics.calibration import Calibration
    from reknown.biometrics.templates import TemplateSpace
    from reknown.vision.analyze import Engine
    from reknown.vision.packs.store import PackStore


class StoredPacks:
    def __init__(self, store: PackStore) -> None:
        self.store = store

    def load(self, pack: str) -> Engine:
        from reknown.vision.load import load_engine

        return load_engine(self.store, pack)

    def space(self, pack: str) -> TemplateSpace:
        from reknown.vision.packs.space import template_space

        return template_space(self.store.manifest(pack))

    def calibration(self, pack: str) -> Calibration | None:
        from reknown.vision.packs.space import pack_calibration

        return pack_calibration(self.store.manifest(pack))[0]


class Engines:
    def __init__(self, source: StoredPacks, default: str) -> None:
        self._source = source
        self._loaded: dict[str, Engine] = {}
        self.default_pack = default

    @property
    def default(self) -> Engine:
        return self.get(self.default_pack)

    def get(self, pack: str) -> Engine:
        if pack not in self._loaded:
            self._loaded[pack] = self._source.load(pack)
        return self._loaded[pack]

    def of(self, space: TemplateSpace) -> Engine:
        engine = self.get(space.pack)
        engine.space.require(space)
        return engine

    def space_of(self, pack: str) -> TemplateSpace:
        return self._source.space(pack)

    def calibration_of(self, space: TemplateSpace) -> Calibration | None:
        self.space_of(space.pack).require(space)
        return self._source.calibration(space.pack)
