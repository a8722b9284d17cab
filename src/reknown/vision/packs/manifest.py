"""What a model pack declares: a detector, an embedder, their files and a calibration."""

from __future__ import annotations

import math
import tomllib
from dataclasses import asdict, fields
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from reknown.biometrics.calibration import Calibration
from reknown.biometrics.errors import InputError, ModelFileError
from reknown.vision.detect.mtcnn import MtcnnSettings
from reknown.vision.detect.yunet import YunetSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Plain HTTP only to this very machine, for tests and local mirrors.
URL_PATTERN = r"https://[\w.-]+(:\d+)?/\S*|http://(127\.0\.0\.1|localhost)(:\d+)?/\S*"
NAME_PATTERN = r"[a-z0-9][a-z0-9._-]{0,63}"
_PACKAGE = "package:"
_PACKAGE_PATTERN = _PACKAGE + r"[A-Za-z_]\w*(/[\w-][\w.-]*)+"
# Whatever may hold a pickle (.pkl, .pt, .pth, .bin, .ckpt) is not among them.
_SUFFIXES = frozenset({".onnx", ".dat", ".lz4"})

Text = Annotated[str, Meta(min_length=1)]
Digest = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Source = Annotated[str, Meta(pattern=rf"\A({_PACKAGE_PATTERN}|{URL_PATTERN})\Z", max_length=2000)]
Coordinate = Annotated[float, Meta(ge=0, le=1024)]
Point = tuple[Coordinate, Coordinate]
Margin = Annotated[float, Meta(ge=0, le=1)]


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class PackFile(_Table, frozen=True, kw_only=True):
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


class MtcnnFiles(_Table, frozen=True, kw_only=True):
    """Keras' weights of the three networks."""

    pnet: PackFile
    rnet: PackFile
    onet: PackFile


class YunetFiles(_Table, frozen=True, kw_only=True):
    """One ONNX graph, and Keras' weights of O-Net where the landmarks are to be its."""

    yunet: PackFile
    onet: PackFile | None = None


class ResnetFiles(_Table, frozen=True, kw_only=True):
    """dlib's serialised network."""

    resnet: PackFile


class SfaceFiles(_Table, frozen=True, kw_only=True):
    """One ONNX graph."""

    sface: PackFile


class MtcnnPart(_Table, frozen=True, kw_only=True, tag_field="kind", tag="mtcnn"):
    """MTCNN as detector."""

    files: MtcnnFiles
    settings: MtcnnSettings = MtcnnSettings()


class YunetPart(_Table, frozen=True, kw_only=True, tag_field="kind", tag="yunet"):
    """YuNet as detector."""

    files: YunetFiles
    settings: YunetSettings = YunetSettings()


class _Embedder(_Table, frozen=True, kw_only=True, tag_field="kind"):
    """Where the landmarks come to lie and what is fused.

    `points` are pixels of a chip of `chip` pixels cut without margin, in picture order: eye,
    eye, nose, mouth, mouth. Each of `crops` is a margin around it as a share of the side;
    the feature maps of all crops, and of their mirror images if `mirror`, are averaged.
    `map_weight` is the share of the fused map's channel means in the template.
    """

    points: tuple[Point, Point, Point, Point, Point]
    crops: Annotated[tuple[Margin, ...], Meta(min_length=1, max_length=8)] = (0.0,)
    mirror: bool = False
    map_weight: Annotated[float, Meta(ge=0, le=100)] = 0.0


class DlibResnetPart(_Embedder, frozen=True, kw_only=True, tag="dlib-resnet"):
    """dlib's ResNet as embedder: 128 values and the 256 before them."""

    dimension: ClassVar[int] = 384
    files: ResnetFiles
    chip: Literal[150] = 150


class SfacePart(_Embedder, frozen=True, kw_only=True, tag="sface"):
    """SFace as embedder: one chip without margin, 128 values."""

    dimension: ClassVar[int] = 128
    files: SfaceFiles
    chip: Literal[112] = 112

    def __post_init__(self) -> None:
        if self.crops != (0.0,) or self.mirror or self.map_weight:
            raise ValueError("sface takes one crop without margin, mirror or map")


class CalibrationCheck(_Table, frozen=True, kw_only=True):
    """What the thresholds came to on other pictures, compared within one `group` of people.

    At each of the `similarities`, 0 to 100: how many of the `comparisons` of strangers
    matched, with the limits of that rate at 95 %.
    """

    dataset: Text
    group: Text
    people: Annotated[int, Meta(gt=1)]
    comparisons: Annotated[int, Meta(gt=0)]
    similarities: tuple[Annotated[float, Meta(ge=0, le=100)], ...]
    false_matches: tuple[Annotated[int, Meta(ge=0)], ...]
    low: tuple[Annotated[float, Meta(ge=0, le=1)], ...]
    high: tuple[Annotated[float, Meta(ge=0, le=1)], ...]

    def __post_init__(self) -> None:
        counted = {len(self.false_matches), len(self.low), len(self.high)}
        if counted != {len(self.similarities)}:
            raise ValueError("a check has a count and limits for each of its similarities")


class CalibrationTable(_Table, frozen=True, kw_only=True):
    """A measured `biometrics.calibration.Calibration` and what it was measured with.

    `fingerprint` is of the template space, `detector` of the detector that found the faces,
    `dataset_digest` of the pictures or scores. `false_matches` counts the comparisons at or
    above each score; `low` and `high` limit each rate with 95 % confidence, 0 and 1 where no
    interval was measured. `worst_of` names the group column when the rates are those of the
    worst group instead of everybody's. `checks` are counts on other pictures. These six may be
    absent.
    """

    fingerprint: Digest
    detector: Digest
    scores: tuple[Annotated[float, Meta(ge=-1, le=1)], ...]
    false_match_rates: tuple[Annotated[float, Meta(gt=0, le=1)], ...]
    dataset: Text
    comparisons: Annotated[int, Meta(gt=0)]
    dataset_digest: Annotated[str, Meta(pattern=r"\A([0-9a-f]{64})?\Z")] = ""
    false_matches: tuple[Annotated[int, Meta(ge=0)], ...] = ()
    low: tuple[Annotated[float, Meta(ge=0, le=1)], ...] = ()
    high: tuple[Annotated[float, Meta(ge=0, le=1)], ...] = ()
    worst_of: str = ""
    checks: tuple[CalibrationCheck, ...] = ()

    def __post_init__(self) -> None:
        self.table()
        counted = {len(self.false_matches), len(self.low), len(self.high)}
        if counted not in ({0}, {len(self.scores)}):
            raise ValueError("counts and intervals belong to all scores of a calibration or none")

    def table(self) -> Calibration:
        """The table itself. Raises `InputError` when it is not of the form asked for."""
        return Calibration(self.scores, self.false_match_rates, self.dataset, self.comparisons)


class PackManifest(_Table, frozen=True, kw_only=True):
    """A whole pack; `non_commercial` ones ask for their licence to be accepted."""

    name: Annotated[str, Meta(pattern=rf"\A{NAME_PATTERN}\Z")]
    summary: Text
    non_commercial: bool
    detector: MtcnnPart | YunetPart
    embedder: DlibResnetPart | SfacePart
    calibration: CalibrationTable | None = None

    def files(self) -> dict[str, PackFile]:
        """All files by role."""
        parts = (self.detector.files, self.embedder.files)
        roles = ((role, getattr(part, role)) for part in parts for role in part.__struct_fields__)
        return {role: file for role, file in roles if file is not None}


def parse_manifest(text: str) -> PackManifest:
    """Reads a manifest from TOML.

    Raises `ModelFileError` for anything that is not one, with the place of the fault.
    """
    try:
        document = tomllib.loads(text)
        manifest = msgspec.convert(document, PackManifest)
    except (ValueError, RecursionError, msgspec.MsgspecError, InputError) as error:
        raise ModelFileError(f"not a pack manifest: {error}") from error
    settings = document["detector"].get("settings", {})
    if unknown := settings.keys() - {f.name for f in fields(manifest.detector.settings)}:
        raise ModelFileError(f"not a pack manifest: unknown detector settings {sorted(unknown)}")
    if not all(0 < number < math.inf for number in _numbers(asdict(manifest.detector.settings))):
        raise ModelFileError("not a pack manifest: detector settings are positive numbers")
    return manifest


def read_manifest(path: Path) -> PackManifest:
    """Reads a manifest file, which is named after its pack.

    Raises `ModelFileError` for a file that cannot be read or is no such manifest.
    """
    try:
        manifest = parse_manifest(path.read_text("utf-8"))
    except (OSError, ValueError, ModelFileError) as error:
        raise ModelFileError(f"{path}: {error}") from error
    if manifest.name != path.stem:
        raise ModelFileError(f"{path}: the file of pack {manifest.name} has to bear its name")
    return manifest


def read_calibration(path: Path) -> CalibrationTable:
    """Reads a file with a [calibration] block alone, as `reknown evaluate calibrate` writes it.

    Raises `ModelFileError` for a file that cannot be read or holds anything else.
    """
    try:
        document = tomllib.loads(path.read_text("utf-8"))
        return msgspec.convert(document, _CalibrationFile).calibration
    except (OSError, ValueError, RecursionError, msgspec.MsgspecError, InputError) as error:
        raise ModelFileError(f"{path}: not a calibration: {error}") from error


class _CalibrationFile(_Table, frozen=True, kw_only=True):
    calibration: CalibrationTable


def _numbers(settings: dict[str, float | tuple[float, ...]]) -> Iterator[float]:
    for value in settings.values():
        yield from value if isinstance(value, tuple) else (value,)
