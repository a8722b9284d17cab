"""What a pack of attributes declares: its networks, how their points are read, with what error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from reknown.vision.packs.part import ManifestTable, PackFile, PackPart, Text
from reknown.vision.packs.recipes import Recipe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reknown.vision.attributes.analyst import FaceMeshAnalyst
    from reknown.vision.inference import Network

Finite = Annotated[float, Meta(ge=-1e4, le=1e4)]
Share = Annotated[float, Meta(ge=0, le=1)]
Counted = Annotated[int, Meta(ge=0)]
Measure = Literal["lid_gap", "mouth_gap", "mouth_width", "mouth_lift", "eye_shade", "lower_shade"]
Attribute = Literal["eyes_open", "mouth_open", "smile", "sunglasses"]


def _convert_mesh(data: bytes) -> Mapping[str, bytes]:
    from reknown.vision.packs.tflite_graph import mesh_network  # noqa: PLC0415

    return {"mesh": mesh_network(data)}


def _convert_iris(data: bytes) -> Mapping[str, bytes]:
    from reknown.vision.packs.tflite_graph import iris_network  # noqa: PLC0415

    return {"iris": iris_network(data)}


class AttributeCheck(ManifestTable, frozen=True, kw_only=True):
    """What was counted on images of people that nothing was fitted on.

    Of `yes` images that show the attribute it was `missed` on some; of `no` images that do not,
    some were `false`ly said to.
    """

    dataset: Text
    yes: Counted
    missed: Counted
    no: Counted
    false: Counted

    def __post_init__(self) -> None:
        if self.missed > self.yes or self.false > self.no:
            raise ValueError("more errors than images")


class AttributeMeasure(ManifestTable, frozen=True, kw_only=True):
    """The probability of an attribute: the logistic function of `bias` plus weighted measures.

    `dataset` is what it was fitted on, of which `yes` images showed it and `no` images did not;
    they were weighted to be as frequent as in a random sample, `prior`.
    """

    attribute: Attribute
    bias: Finite
    weights: dict[Measure, Finite]
    dataset: Text
    yes: Counted
    no: Counted
    prior: Share
    checks: tuple[AttributeCheck, ...] = ()


class PoseCorrection(ManifestTable, frozen=True, kw_only=True):
    """What makes up for the mesh turning less than the head does.

    Yaw times `yaw_gain`; to the pitch are added `pitch_offset` degrees and `pitch_by_yaw` for the
    square of a hundred degrees of uncorrected yaw.
    """

    dataset: Text
    yaw_gain: Annotated[float, Meta(ge=0.5, le=2)] = 1.0
    pitch_offset: Finite = 0.0
    pitch_by_yaw: Finite = 0.0


class GazeTable(ManifestTable, frozen=True, kw_only=True):
    """Where an eye turns (`GazeGeometry`).

    `within` is the share of `images` of people who looked into the camera whose gaze was measured
    less than ten degrees off.
    """

    dataset: Text
    radius: Annotated[float, Meta(gt=0, le=1)]
    inward: Finite
    down: Finite
    back: Finite
    within: Share
    images: Counted


class FaceMeshFiles(ManifestTable, frozen=True, kw_only=True):
    """MediaPipe's networks in the format of TensorFlow Lite."""

    mesh: PackFile
    iris: PackFile


class FaceMeshPart(PackPart, frozen=True, kw_only=True, tag="face-mesh"):
    """468 points, the irises, and what is read off them."""

    recipes = (
        Recipe("mesh", ("mesh",), _convert_mesh),
        Recipe("iris", ("iris",), _convert_iris),
    )
    files: FaceMeshFiles
    pose: PoseCorrection
    gaze: GazeTable
    measures: tuple[AttributeMeasure, ...]

    def load(self, networks: Mapping[str, Network]) -> FaceMeshAnalyst:
        """What measures."""
        from reknown.vision.attributes.analyst import FaceMeshAnalyst  # noqa: PLC0415
        from reknown.vision.attributes.head import mean_head  # noqa: PLC0415

        return FaceMeshAnalyst(networks["mesh"], networks["iris"], self, mean_head())
