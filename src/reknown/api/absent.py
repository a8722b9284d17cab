"""The operations that are not implemented: what is lacking, and what to use instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_AMAZON = "send the call to Amazon with a client that has no endpoint_url"
_TRAINING = f"Reknown trains no models: {_AMAZON}, or train and run one of your own"
# By a part of the name; the first that fits.
_INSTEAD: Mapping[str, str] = {
    "FaceLiveness": "Reknown cannot tell a person from a picture of one: "
    f"{_AMAZON}, or have somebody watch",
    "CustomLabels": _TRAINING,
    "Project": _TRAINING,
    "Dataset": _TRAINING,
    "Moderation": "Reknown does not judge what images show: "
    f"{_AMAZON}, or run a moderation model of your own",
    "MediaAnalysis": "Reknown does not judge what images show: "
    f"{_AMAZON}, or run a moderation model of your own",
    "Label": "Reknown has no labels of objects and scenes, but DetectFaces counts people who show "
    f"their faces: {_AMAZON}, or run a labelling model of your own",
    "Segment": "Reknown does not list a video's shots: "
    f"{_AMAZON}, or run a scene detector such as PySceneDetect",
    "ProtectiveEquipment": "Reknown sees neither bodies nor what they wear: "
    f"{_AMAZON}, or run a detector of your own",
}


def instead_of(operation: str) -> str:
    """What is lacking and what to use instead of an operation of Amazon that is not here."""
    return next(advice for part, advice in _INSTEAD.items() if part in operation)
