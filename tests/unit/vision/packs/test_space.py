from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pytest

from reknown.vision.embed.dlib_resnet import DlibResnetPart
from reknown.vision.packs.manifest import CalibrationTable, parse_manifest
from reknown.vision.packs.space import (
    detector_fingerprint,
    pack_calibration,
    template_space,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.vision.packs.store import PackStore

DLIB = ((0.2273, 0.2214), (0.7528, 0.2212), (0.4901, 0.5156), (0.2541, 0.7802), (0.7261, 0.7802))


def test_references_follow_the_formula_of_dlib(store: PackStore) -> None:
    margins = (0.16, 0.20, 0.25)
    embedder = msgspec.structs.replace(store.manifest("public-domain").embedder, crops=margins)
    references = embedder.alignment().references
    assert references.shape == (3, 5, 2)
    for margin, found in zip(margins, references, strict=True):
        expected = (np.array(DLIB) + margin) / (1 + 2 * margin) * 150
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_references_without_margin_are_the_points(store: PackStore) -> None:
    embedder = store.manifest("opencv").embedder
    np.testing.assert_array_equal(embedder.alignment().references, [embedder.points])


def test_dimensions(store: PackStore) -> None:
    assert template_space(store.manifest("public-domain")).dimension == 384
    assert template_space(store.manifest("opencv")).dimension == 128


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('licence = "MIT"', 'licence = "MIT, as of today"'),
        ("https://example.org", "https://mirror.example.org"),
        ('summary = "for tests"', 'summary = "other words"'),
        ("[embedder]", "[detector.settings]\nmax_side = 320\n[embedder]"),
        ("[embedder]", "[embedder]\nchip = 112\ncrops = [0]"),
    ],
)
def test_what_leaves_the_fingerprint(manifest_text: Callable[..., str], old: str, new: str) -> None:
    text = manifest_text("mine")
    changed = text.replace(old, new)
    assert changed != text
    assert _fingerprint(changed) == _fingerprint(text)


def test_what_changes_the_fingerprint(store: PackStore, manifest_text: Callable[..., str]) -> None:
    manifest = store.manifest("public-domain")
    embedder = manifest.embedder
    assert isinstance(embedder, DlibResnetPart)
    other_file = msgspec.structs.replace(embedder.files.resnet, sha256="0" * 64)
    changes: list[dict[str, Any]] = [
        {},
        {"crops": (0.5, 0.25)},
        {"mirror": False},
        {"map_weight": 3.0},
        {"points": ((0.0, 0.0), *embedder.points[1:])},
        {"files": msgspec.structs.replace(embedder.files, resnet=other_file)},
    ]
    fingerprints = {
        template_space(
            msgspec.structs.replace(manifest, embedder=msgspec.structs.replace(embedder, **change))
        ).fingerprint
        for change in changes
    }
    fingerprints.add(_fingerprint(manifest_text("mine")))
    assert len(fingerprints) == len(changes) + 1


def test_calibration_counts_only_in_its_own_space(store: PackStore) -> None:
    manifest = store.manifest("public-domain")
    table = CalibrationTable(
        fingerprint=template_space(manifest).fingerprint,
        detector=detector_fingerprint(manifest),
        scores=(0.0, 0.9),
        false_match_rates=(1.0, 1e-4),
        dataset="pairs",
        comparisons=10_000,
    )
    calibrated = msgspec.structs.replace(manifest, calibration=table)
    calibration, reason = pack_calibration(calibrated)
    assert calibration is not None
    assert not reason
    assert calibration.threshold(1e-4) == 0.9

    foreign = msgspec.structs.replace(table, fingerprint="0" * 64)
    assert pack_calibration(msgspec.structs.replace(manifest, calibration=foreign)) == (
        None,
        f"the calibration of public-domain was measured in another template space "
        f"({'0' * 12}, not {table.fingerprint[:12]})",
    )
    other = msgspec.structs.replace(table, detector="0" * 64)
    _, reason = pack_calibration(msgspec.structs.replace(manifest, calibration=other))
    assert "measured with another detector" in reason

    bare = msgspec.structs.replace(manifest, calibration=None)
    assert pack_calibration(bare) == (None, "public-domain has no calibration")


def _fingerprint(text: str) -> str:
    return template_space(parse_manifest(text)).fingerprint
