"""Are names of photo programs given to the right faces, and how fast is an archive read? JSON.

`python -m bench.regions LFW_IMAGES [PHOTOS]` makes group photos of four people each from Labeled
Faces in the Wild, frames the faces as programs do, some tightly and some the whole head, and enrols
the names. The frames come from where LFW has its faces, not from any detector of ours.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.rates import wilson_of
from reknown.cli.session import open_context
from reknown.services.galleries.enrolment import Outcome
from reknown.services.galleries.labelled import enrol_labelled, labelled_photos
from reknown.services.searches.images import identify
from reknown.services.searches.search import Query
from reknown.services.searches.sidecars import write_names
from reknown.xmp.markup import description, document, item
from reknown.xmp.regions import Region

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.biometrics.records import FaceRecord
    from reknown.services.context import Context

# Heads side by side: what LFW has around them is cut off.
_CROP = (50, 50, 200, 200)
_SIDE, _FACE = 150, (25, 20, 100, 115)
_PHOTOS = 100
_SCALES, _SHIFT = (0.8, 2.0), 0.15


def main() -> None:
    images, photos = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else _PHOTOS
    with tempfile.TemporaryDirectory() as scratch:
        album, bare = Path(scratch, "album"), Path(scratch, "bare")
        makes = random.Random(0)
        chosen = makes.sample(sorted(images.rglob("*.jpg")), 4 * photos)
        make_album(album, bare, chosen, makes)
        with open_context(Path(scratch, "data")) as context:
            report = measured(context, album, bare)
    json.dump({"photos": photos, "names": 4 * photos} | report, sys.stdout, indent=1)
    sys.stdout.write("\n")


def make_album(album: Path, bare: Path, chosen: list[Path], makes: random.Random) -> None:
    """Each photo once with a sidecar, and once without in the other folder."""
    album.mkdir()
    bare.mkdir()
    for number in range(0, len(chosen), 4):
        canvas = Image.new("RGB", (2 * _SIDE, 2 * _SIDE))
        regions = []
        for place in range(4):
            left, top = _SIDE * (place % 2), _SIDE * (place // 2)
            with Image.open(chosen[number + place]) as tile:
                canvas.paste(tile.convert("RGB").crop(_CROP), (left, top))
            regions.append(Region(f"{number + place}", framed(left, top, makes)))
        name = f"{number:05d}.jpg"
        for folder in (album, bare):
            canvas.save(folder / name, quality=92)
        listed = description(map(item, regions), canvas.size)
        (album / f"{name}.xmp").write_bytes(document(listed))


def framed(left: int, top: int, makes: random.Random) -> BoundingBox:
    """A frame around the face of the tile there, of anybody's taste."""
    x, y, width, height = _FACE
    scale = makes.uniform(*_SCALES)
    shifts = [makes.uniform(-_SHIFT, _SHIFT) for _ in range(2)]
    centre = (left + x + width * (0.5 + shifts[0]), top + y + height * (0.5 + shifts[1]))
    size = (width * scale, height * scale)
    whole = 2 * _SIDE
    return BoundingBox(
        (centre[0] - size[0] / 2) / whole,
        (centre[1] - size[1] / 2) / whole,
        size[0] / whole,
        size[1] / whole,
    )


def measured(context: Context, album: Path, bare: Path) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    started = time.perf_counter()
    for results in enrol_labelled(context, "people", labelled_photos(album)):
        for result in results:
            counts[result.reason.split(":")[0] or outcome(result.outcome, result.face)] += 1
    took = {"enrol, a photo": (time.perf_counter() - started) / (counts.total() / 4)}
    named, right = counts.total() - counts["no face found in its region"], counts["right"]
    wrong = counts["wrong"]
    took["pass over, a photo"] = per_photo(lambda: passed_over(context, bare), bare)
    took["pass over what is in, a photo"] = per_photo(lambda: passed_over(context, album), album)
    took["write a sidecar"] = written(context, sorted(bare.glob("*.jpg"))[:50])
    interval = wilson_of(wrong, named)
    return {
        "counts": counts,
        "right": right,
        "given to another face": {
            "of": named,
            "count": wrong,
            "interval": [interval.low, interval.high],
        },
        "seconds": took,
    }


def outcome(found: Outcome, face: FaceRecord | None) -> str:
    """Whether the face is in the tile of its name."""
    if found is not Outcome.ENROLLED or face is None:
        return found.name
    tile = int(face.user or "") % 4
    x, y = face.box.left + face.box.width / 2, face.box.top + face.box.height / 2
    return "right" if (int(x * 2), int(y * 2)) == (tile % 2, tile // 2) else "wrong"


def passed_over(context: Context, folder: Path) -> None:
    for _ in enrol_labelled(context, "people", labelled_photos(folder)):
        pass


def per_photo(work: Callable[[], None], folder: Path) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) / len(list(folder.glob("*.jpg")))


def written(context: Context, photos: list[Path]) -> float:
    """Beside the search, which takes what it takes."""
    found = [identify(context, Query("people"), photo) for photo in photos]
    started = time.perf_counter()
    for photo, each in zip(photos, found, strict=True):
        write_names(context, photo, each)
    return (time.perf_counter() - started) / len(photos)


if __name__ == "__main__":
    main()
