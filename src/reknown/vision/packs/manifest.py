"""What a pack declares: how it does each task, and a calibration."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from reknown.biometrics.calibration import Calibration
from reknown.biometrics.errors import InputError, ModelFileError
from reknown.storage.small_files import read_small_text
from reknown.structs import resolved
from reknown.vision.attributes.classifiers import ClassifiersPart
from reknown.vision.attributes.part import FaceMeshPart
from reknown.vision.detect.mtcnn import MtcnnPart
from reknown.vision.detect.onet import OnetPart
from reknown.vision.detect.yunet import YunetPart
from reknown.vision.embed.dlib_resnet import DlibResnetPart
from reknown.vision.embed.sface import SfacePart
from reknown.vision.packs.part import Digest, ManifestTable, PackFile, PackPart, Text
from reknown.vision.text.detector import DbPart
from reknown.vision.text.orientation import OrientationPart
from reknown.vision.text.recogniser import CtcPart

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reknown.vision.packs.recipes import Recipe

ATTRIBUTES, CLASSIFIERS = "attributes", "classifiers"
"""The name of the pack that measures attributes."""
NAME_PATTERN = r"[a-z0-9][a-z0-9._-]{0,63}"


class CalibrationCheck(ManifestTable, frozen=True, kw_only=True):
    """What the thresholds came to on other images, compared within one `group` of people.

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


class CalibrationTable(ManifestTable, frozen=True, kw_only=True):
    """A measured `biometrics.calibration.Calibration` and what it was measured with.

    `fingerprint` is of the template space, `detector` of the detector that found the faces,
    `dataset_digest` of the images or scores. `false_matches` counts the comparisons at or
    above each score; `low` and `high` limit each rate with 95 % confidence, 0 and 1 where no
    interval was measured. `worst_of` names the group column when the rates are those of the
    worst group instead of everybody's. `checks` are counts on other images. These six may be
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


class PackDeclaration(ManifestTable, frozen=True, kw_only=True):
    """A whole pack; `non_commercial` ones ask for their licence to be accepted.

    The fields that are parts are the registry of tasks. Each names the kinds that can do its
    task; the `kind` in the manifest picks the one whose `load` is called. A new kind is a file
    of its own and its name here, a new task a field here.
    """

    name: Annotated[str, Meta(pattern=rf"\A{NAME_PATTERN}\Z")]
    summary: Text
    non_commercial: bool

    def __post_init__(self) -> None:
        roles = [role for part in self.parts() for role in part.roles()]
        if len(set(roles)) < len(roles):
            raise ValueError("two parts have a file of the same role")

    def parts(self) -> tuple[PackPart, ...]:
        """The parts that are declared, in the order of the work."""
        fields = (getattr(self, name) for name in self.__struct_fields__)
        return tuple(field for field in fields if isinstance(field, PackPart))

    def files(self) -> dict[str, PackFile]:
        """All files by role."""
        return {role: file for part in self.parts() for role, file in part.roles().items()}

    def recipes(self) -> dict[str, Recipe]:
        """What becomes of each file, by its role."""
        return {recipe.role: recipe for part in self.parts() for recipe in part.recipes}


class PackManifest(PackDeclaration, frozen=True, kw_only=True):
    """A model pack: it finds faces and makes templates."""

    detector: MtcnnPart | YunetPart
    points: OnetPart | None = None
    embedder: DlibResnetPart | SfacePart
    calibration: CalibrationTable | None = None


class AttributesManifest(PackDeclaration, frozen=True, kw_only=True):
    """A pack that measures what faces do, whichever pack has found them."""

    attributes: FaceMeshPart


class ClassifiersManifest(PackDeclaration, frozen=True, kw_only=True):
    """An operator's pack of classifiers, of what nothing here measures."""

    classifiers: ClassifiersPart


class TextManifest(PackDeclaration, frozen=True, kw_only=True):
    """A pack that reads text."""

    text_detector: DbPart
    text_orientation: OrientationPart
    text_recogniser: CtcPart


# By a task that no other pack has; any other manifest is one of a model pack.
_OTHERS: Mapping[str, type[PackDeclaration]] = {
    "attributes": AttributesManifest,
    "classifiers": ClassifiersManifest,
    "text_detector": TextManifest,
}


@lru_cache(maxsize=8)
def parse_any_manifest(text: str) -> PackDeclaration:
    """Reads a manifest of any pack from TOML; its tasks say which.

    Raises `ModelFileError` for anything that is not one, with the place of the fault.
    """
    try:
        document = tomllib.loads(text)
        kinds = (kind for task, kind in _OTHERS.items() if task in document)
        if kind := next(kinds, None):
            return msgspec.convert(document, resolved(kind))
        return msgspec.convert(_with_points(document), resolved(PackManifest))
    except (ValueError, RecursionError, msgspec.MsgspecError, InputError) as error:
        raise ModelFileError(f"not a pack manifest: {error}") from error


def parse_manifest(text: str) -> PackManifest:
    """The same of a model pack; raises `ModelFileError` for another pack too."""
    manifest = parse_any_manifest(text)
    if not isinstance(manifest, PackManifest):
        raise ModelFileError(f"{manifest.name} is no pack for faces")
    return manifest


def _with_points(document: dict[str, Any]) -> dict[str, Any]:
    """Earlier manifests named O-Net among the files of YuNet."""
    match document:
        case {"detector": {"kind": "yunet", "files": {"onet": onet, **files}, **detector}, **rest}:
            points = {"kind": "onet", "files": {"onet": onet}}
            detector |= {"kind": "yunet", "files": files}
            return {"points": points} | rest | {"detector": detector}
    return document


def read_manifest(path: Path) -> PackDeclaration:
    """Reads a manifest file, which is named after its pack.

    Raises `ModelFileError` for a file that cannot be read or is not such a manifest.
    """
    try:
        manifest = parse_any_manifest(read_small_text(path))
    except (InputError, ModelFileError) as error:
        raise ModelFileError(f"{path}: {error}") from error
    if manifest.name != path.stem:
        raise ModelFileError(f"{path}: the file of pack {manifest.name} has to bear its name")
    return manifest


def read_calibration(path: Path) -> CalibrationTable:
    """Reads a file with a [calibration] block alone, as `reknown evaluate calibrate` writes it.

    Raises `ModelFileError` for a file that cannot be read or holds anything else.
    """
    try:
        document = tomllib.loads(read_small_text(path))
        return msgspec.convert(document, resolved(_CalibrationFile)).calibration
    except (ValueError, RecursionError, msgspec.MsgspecError, InputError) as error:
        raise ModelFileError(f"{path}: not a calibration: {error}") from error


class _CalibrationFile(ManifestTable, frozen=True, kw_only=True):
    calibration: CalibrationTable
