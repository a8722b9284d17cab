"""The packs that there are, and their networks ready to load."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from reknown.biometrics.errors import ModelFileError, ModelNotFoundError
from reknown.vision.packs.cache import (
    ModelCache,
    exclusive,
    is_sound,
    remove_graph,
    weights_of,
    write_graph,
)
from reknown.vision.packs.licences import require_accepted
from reknown.vision.packs.recipes import conversion_key, convert, older_keys
from reknown.vision.packs.sources import FileState, read_source, state

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reknown.vision.inference import Model
    from reknown.vision.packs.manifest import PackDeclaration, PackManifest
    from reknown.vision.packs.part import PackFile
    from reknown.vision.packs.recipes import Recipe

_BUILTIN = Path(__file__).with_name("builtin")


@dataclass(frozen=True, slots=True)
class FileStatus:
    """A file of a pack and what became of it."""

    role: str
    file: PackFile
    state: FileState


@dataclass(frozen=True, slots=True)
class PackSummary:
    """A pack in a line; `state` says whether its files are here, `size` is theirs in bytes."""

    name: str
    summary: str
    non_commercial: bool
    licences: tuple[str, ...]
    state: str
    size: int


class PackStore:
    """Built-in packs and those that `manifest_dirs` declare in files `NAME.toml`.

    A file `NAME.calibration` there is put in place of the pack's own calibration.
    """

    def __init__(self, cache_dir: Path, manifest_dirs: Sequence[Path] = ()) -> None:
        self.cache = ModelCache(cache_dir)
        self._folders = (_BUILTIN, *manifest_dirs)

    def names(self) -> list[str]:
        """The names of all packs, sorted."""
        return sorted({path.stem for folder in self._folders for path in folder.glob("*.toml")})

    def manifest(self, name: str) -> PackManifest:
        """What the model pack declares.

        Raises `ModelNotFoundError` for an unknown name and for a pack that is not for faces,
        `ModelFileError` for a manifest that is invalid or exists twice, and for an invalid
        calibration.
        """
        from reknown.vision.packs.manifest import PackManifest  # noqa: PLC0415

        if name not in self.names():
            raise _unknown(name, self.face_packs())
        manifest = self.any_manifest(name)
        if not isinstance(manifest, PackManifest):
            known = ", ".join(self.face_packs())
            raise ModelNotFoundError(f"{name} is no pack for faces; choose from: {known}")
        return manifest

    def mark(self, name: str) -> object:
        """What is another whenever a file of the pack that declares something was written."""
        names = f"{name}.toml", f"{name}.calibration"
        return tuple(_written(folder / each) for folder in self._folders for each in names)

    def face_packs(self) -> list[str]:
        """The names of the packs that find faces and make templates, sorted."""
        return [name for name in self.names() if self._is_for_faces(name)]

    def _is_for_faces(self, name: str) -> bool:
        from reknown.vision.packs.manifest import PackManifest  # noqa: PLC0415

        try:
            return isinstance(self.any_manifest(name), PackManifest)
        except ModelFileError:  # told of where that pack itself is asked for
            return False

    def any_manifest(self, name: str) -> PackDeclaration:
        """The same of any pack."""
        # Only in these: a manifest knows all parts of packs, which takes long to import.
        from reknown.vision.packs import manifest as manifests  # noqa: PLC0415

        paths = [folder / f"{name}.toml" for folder in self._folders]
        found = [p for p in paths if re.fullmatch(manifests.NAME_PATTERN, name) and p.is_file()]
        if not found:
            raise _unknown(name, self.names())
        if len(found) > 1:
            raise ModelFileError(f"pack {name} is declared twice: {found[0]} and {found[1]}")
        manifest = manifests.read_manifest(found[0])
        installed = self.calibration_file(name)
        if installed is None or not isinstance(manifest, manifests.PackManifest):
            return manifest
        calibration = manifests.read_calibration(installed)
        return msgspec.structs.replace(manifest, calibration=calibration)

    def calibration_file(self, name: str) -> Path | None:
        """The file that replaces the calibration of a pack, if there is one."""
        paths = (folder / f"{name}.calibration" for folder in self._folders[1:])
        return next((path for path in paths if path.is_file()), None)

    def status(self, name: str) -> tuple[FileStatus, ...]:
        """The state of each file; reads all of them."""
        files = self.any_manifest(name).files()
        return tuple(FileStatus(r, f, state(f, self.cache)) for r, f in files.items())

    def summaries(self) -> list[PackSummary]:
        """All packs by name; reads all of their files. Raises as `any_manifest` does."""
        return [self._summary(name) for name in self.names()]

    def _summary(self, name: str) -> PackSummary:
        manifest, files = self.any_manifest(name), self.status(name)
        return PackSummary(
            manifest.name,
            manifest.summary,
            manifest.non_commercial,
            tuple(sorted({each.file.licence for each in files})),
            state_of(files),
            sum(each.file.size for each in files),
        )

    def open(self, name: str) -> Mapping[str, Model]:
        """The pack's networks as ONNX, named as the recipes of its parts name them.

        They are files of the cache, or bytes where it cannot be written. Every byte is checked
        against its digest, each time. Raises `ModelNotFoundError`, `ModelFileError` or
        `LicenceNotAcceptedError`.
        """
        manifest = self.any_manifest(name)
        require_accepted(manifest, self.cache)
        recipes = manifest.recipes()
        networks: dict[str, Model] = {}
        for role, file in manifest.files().items():
            networks |= self._networks(recipes[role], file, name)
        return networks

    def _networks(self, recipe: Recipe, file: PackFile, pack: str) -> Mapping[str, Model]:
        source = read_source(file, self.cache, pack)
        if ready := self._converted(recipe, file):
            return ready
        with exclusive(self.cache.converted("").parent) as writable:
            if ready := self._converted(recipe, file):  # another process was first
                return ready
            made = convert(recipe, source)
            if writable:
                self._keep(made, file)
        return self._converted(recipe, file) or made

    def _keep(self, made: Mapping[str, bytes], file: PackFile) -> None:
        """A full disk costs the next process the conversion, and this one nothing."""
        # Only here, as it needs `onnx`.
        from reknown.vision.packs.external_data import move_weights  # noqa: PLC0415

        with suppress(ModelFileError):
            for graph, data in made.items():
                path = self.cache.converted(conversion_key(graph, file.sha256))
                write_graph(path, *move_weights(data, weights_of(path).name))
                for key in older_keys(graph, file.sha256):
                    remove_graph(self.cache.converted(key))

    def _converted(self, recipe: Recipe, file: PackFile) -> Mapping[str, Path]:
        """What was converted before, complete and sound; else nothing."""
        keys = {graph: conversion_key(graph, file.sha256) for graph in recipe.graphs}
        paths = {graph: self.cache.converted(key) for graph, key in keys.items()}
        return paths if all(map(is_sound, paths.values())) else {}


def state_of(files: Sequence[FileStatus]) -> str:
    """What became of a pack with these files, in words."""
    states = {file.state for file in files}
    if states == {FileState.READY}:
        return "ready"
    if FileState.DAMAGED in states:
        return "damaged"
    missing = (file for file in files if file.state is FileState.MISSING)
    return "not installed" if all(f.file.in_package for f in missing) else "not fetched"


def _unknown(name: str, known: Sequence[str]) -> ModelNotFoundError:
    return ModelNotFoundError(
        f"model pack {name!r} does not exist; choose from: {', '.join(known)}"
    )


def _written(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
