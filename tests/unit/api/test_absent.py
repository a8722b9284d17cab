from __future__ import annotations

import pytest

from reknown.api.absent import instead_of
from reknown.api.catalogue import OPERATIONS
from reknown.api.registry import HANDLERS

ABSENT = sorted(OPERATIONS.keys() - HANDLERS.keys())


@pytest.mark.parametrize("operation", ABSENT)
def test_every_absent_operation_says_what_to_use_instead(operation: str) -> None:
    what, _, instead = instead_of(operation).partition(": ")
    assert what.startswith("Reknown ")
    assert instead
    assert "docs/" not in instead


def test_models_of_the_caller_are_no_labels() -> None:
    assert instead_of("DetectCustomLabels") == instead_of("CreateProject")
    assert instead_of("DetectLabels") != instead_of("DetectCustomLabels")


def test_labels_of_moderation_are_no_labels_either() -> None:
    for operation in ("DetectModerationLabels", "GetContentModeration", "StartMediaAnalysisJob"):
        assert "does not judge" in instead_of(operation)
    assert "objects and scenes" in instead_of("StartLabelDetection")


def test_what_is_named_instead_is_here() -> None:
    for operation in ABSENT:
        for name in ("SearchFacesByImage", "StartFaceSearch", "DetectFaces"):
            assert name not in instead_of(operation) or name in HANDLERS
