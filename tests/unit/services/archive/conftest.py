from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from archives import seeing
from reknown.cli.demo_images import GRACE, jpeg

if TYPE_CHECKING:
    from pathlib import Path

    from archives import See
    from reknown.services.context import Context
    from reknown.vision.analyze import Engine


@pytest.fixture(scope="session")
def grace() -> bytes:
    return jpeg(GRACE.crop())


@pytest.fixture
def archive(tmp_path: Path, eileen: bytes, grace: bytes) -> Path:
    """Three photographs of two people, a copy, and what is none."""
    root = tmp_path / "archive"
    for name, data in {
        "2019/IMG_20190314_153012.jpg": eileen,
        "2019/copy of it.jpg": eileen,
        "party/grace.JPG": grace,
        "party/broken.jpg": eileen[:2000],
        "party/empty.png": b"",
        "party/notes.txt": b"who was it?",
        ".trash/gone.jpg": eileen,
        "@eaDir/thumb.jpg": eileen,
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (root / "party" / "link.jpg").symlink_to(root / "party" / "grace.JPG")
    return root


@pytest.fixture
def see(context: Context, collection: str, engine: Engine) -> See:
    """Keeps an image of these people; the ids of the sightings, in their order."""
    return seeing(context, collection, engine.space)
