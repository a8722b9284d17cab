"""What every part of a manifest is made of: files with digests, and how they become networks."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, ClassVar

import msgspec
from msgspec import Meta

from reknown.vision.packs.recipes import Recipe

if TYPE_CHECKING:
    from collections.abc import Mapping

# Plain HTTP only to this very machine, for tests and local mirrors.
URL_PATTERN = r"https://[\w.-]+(:\d+)?/\S*|http://(127\.0\.0\.1|localhost)(:\d+)?/\S*"
_PACKAGE = "package:"
_PACKAGE_PATTERN = _PACKAGE + r"[A-Za-z_]\w*(/[\w-][\w.-]*)+"
# Whatever may hold a pickle (.pkl, .pt, .pth, .bin, .ckpt) is not among them.
_SUFFIXES = frozenset({".onnx", ".dat", ".lz4", ".tflite"})
_HUGE = 1e9

Text = Annotated[str, Meta(min_length=1)]
Digest = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Source = Annotated[str, Meta(pattern=rf"\A({_PACKAGE_PATTERN}|{URL_PATTERN})\Z", max_length=2000)]
Count = Annotated[int, Meta(gt=0)]
Positive = Annotated[float, Meta(gt=0, le=_HUGE)]


class ManifestTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of a manifest."""


class PackFile(ManifestTable, frozen=True, kw_only=True):
    """One model file; without a digest there is no pack.

    `source` is `package:NAME/path/inside` (then `distribution` names what to install) or an
    HTTPS address; `size` in bytes; `licence` an SPDX identifier or text.
    """

    source: Source
    sha256: Digest
    size: Annotated[int, Meta(gt=0, le=2**30)]
    licence: Text
    training_data: Text
    licence_url: str = ""
    distribution: str = ""

    def __post_init__(self) -> None:
        if self.suffix not in _SUFFIXES:
            raise ValueError(f"`{self.suffix}` files are refused, not of {sorted(_SUFFIXES)}")
        if self.in_package != bool(self.distribution):
            raise ValueError("`distribution` belongs to files inside packages, and to those only")

    @property
    def in_package(self) -> bool:
        """Whether the file lies in an installed package instead of on a server."""
        return self.source.startswith(_PACKAGE)

    @property
    def package_path(self) -> tuple[str, ...]:
        """The package's name and the path inside it."""
        return PurePosixPath(self.source.removeprefix(_PACKAGE)).parts

    @property
    def suffix(self) -> str:
        """The file name's ending, with its dot."""
        return PurePosixPath(self.source).suffix


class PackPart(ManifestTable, frozen=True, kw_only=True, tag_field="kind"):
    """How a pack does one task. A kind is a subclass; its tag is the `kind` of the manifest.

    `files` has a field for each file, named by its role, and `recipes` one recipe for each
    role: a role means the same in every kind. A kind also has a method `load`, which makes
    what does the task of the networks by name.
    """

    recipes: ClassVar[tuple[Recipe, ...]] = ()
    files: ManifestTable

    def roles(self) -> Mapping[str, PackFile]:
        """The files by role."""
        named = ((role, getattr(self.files, role)) for role in self.files.__struct_fields__)
        return {role: file for role, file in named if file is not None}

    def working_bytes(self) -> int:
        """What working on one image takes, roughly: networks keep it for the next image."""
        return 0
