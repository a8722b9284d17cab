"""What galleries on disk depend on: whoever changes one of these makes them unreadable."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest

from decoding import decode_image
from reknown.cli.demo_images import EILEEN, GRACE
from reknown.vision.load import load_engine
from reknown.vision.packs.manifest import TextManifest
from reknown.vision.packs.space import (
    detector_fingerprint,
    pack_calibration,
    template_space,
    text_fingerprint,
)
from reknown.vision.packs.store import PackStore

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.cli.demo_images import Portrait

# By pack: the fingerprint of its template space, that of its detector, the dimension.
DIGESTS = {
    "opencv": (
        "f5cc97c8a2f11d4b15288fc1192676d0b5a231d8a72b796fc93a3bc671a338bd",
        "3b312120837dd19cc4e5403f0153139208eedd75dacf9f8f5d8ff0dc5235b12e",
        128,
    ),
    "opencv-zoo": (
        "f066fd2c2ed77c18699d3fbd93ccbc1798b2f0a1c061d5b65e7600ebba3ab591",
        "fe1fbac605c2198bbd8f9aee7c99b595220196f197ede8357d26349d4634dbd1",
        128,
    ),
    "public-domain": (
        "38f99a5b91e9aa48decfb09c34cbd2ccd5a6ec6fca39edac06b99b52915ea74c",
        "74c050868a733ba2ae45a99c80064c7fc3ea5807e981ae4483e05343a9373b7c",
        384,
    ),
    "public-domain-accurate": (
        "adff46261a3d73e99eac92c8a30d3267dfcd1b11857106c3c414ad3c180b1e52",
        "74c050868a733ba2ae45a99c80064c7fc3ea5807e981ae4483e05343a9373b7c",
        384,
    ),
}
# Eight values of the template of each portrait, evenly spaced.
TEMPLATES = [
    (
        "opencv",
        EILEEN,
        [-0.012085, 0.116235, 0.035898, -0.006472, 0.014614, -0.091720, -0.009443, -0.124690],
    ),
    (
        "opencv",
        GRACE,
        [-0.067327, -0.017856, -0.032874, -0.130320, -0.102705, 0.007772, -0.024960, -0.084773],
    ),
    (
        "public-domain",
        EILEEN,
        [-0.014170, 0.032924, -0.038273, 0.088373, 0.077150, 0.069099, 0.048226, 0.043526],
    ),
    (
        "public-domain",
        GRACE,
        [-0.009025, 0.045826, -0.060022, 0.068500, 0.075217, 0.071668, 0.044842, 0.033219],
    ),
    (
        "public-domain-accurate",
        EILEEN,
        [-0.014886, 0.037945, -0.043441, 0.084857, 0.074593, 0.067040, 0.046738, 0.040957],
    ),
    (
        "public-domain-accurate",
        GRACE,
        [-0.007947, 0.051919, -0.068855, 0.067970, 0.073543, 0.069727, 0.042912, 0.032950],
    ),
]

TEXT = "6297901747124a7b74e33512c48207f278eb58f5a160bbc27ef556a2b4aeb058"


def test_every_built_in_pack_is_here(tmp_path: Path) -> None:
    store = PackStore(tmp_path)
    assert store.face_packs() == sorted(DIGESTS)
    assert store.names() == sorted([*DIGESTS, "attributes", "text"])


def test_what_reads_text_stays(tmp_path: Path) -> None:
    manifest = PackStore(tmp_path).any_manifest("text")
    assert isinstance(manifest, TextManifest)
    assert text_fingerprint(manifest) == TEXT


@pytest.mark.parametrize("pack", DIGESTS)
def test_fingerprints_and_calibrations_stay(tmp_path: Path, pack: str) -> None:
    manifest = PackStore(tmp_path).manifest(pack)
    space, detector, dimension = DIGESTS[pack]
    made = template_space(manifest)
    assert (made.pack, made.fingerprint, made.dimension) == (pack, space, dimension)
    assert detector_fingerprint(manifest) == detector
    measured = manifest.calibration
    assert measured is not None
    assert (measured.fingerprint, measured.detector) == (space, detector)
    assert pack_calibration(manifest) == (measured.table(), "")


@pytest.mark.parametrize(("pack", "portrait", "values"), TEMPLATES)
def test_templates_stay(
    cache_folder: Path, pack: str, portrait: Portrait, values: list[float]
) -> None:
    """Bit for bit on one machine; processors round differently."""
    engine = load_engine(PackStore(cache_folder), pack)
    data = io.BytesIO()
    portrait.crop().save(data, "PNG")
    pixels = decode_image(data.getvalue()).pixels
    (template,) = engine.embed(pixels, engine.detect(pixels))
    assert template.space == engine.space
    found = template.vector[:: len(template.vector) // len(values)]
    np.testing.assert_allclose(found, values, atol=1e-4)
