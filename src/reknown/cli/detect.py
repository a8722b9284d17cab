"""`reknown detect`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.cli.options import Data, Draw, Json, Pack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reknown.biometrics.faces import FaceAttributes, Judgement
    from reknown.services.images.sources import Extraction
    from reknown.vision.draw import Label

_COLUMNS = (
    "face ", "left ", "top ", "size ", "confidence ", "yaw ", "pitch ", "roll ",
    "sharpness ", "luminance ", "eyes ", "magnitude ", "quality ",
)  # fmt: skip


def detect(
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE...", help="Image files, or folders of them.")
    ],
    attributes: Annotated[
        bool,
        typer.Option("--attributes", help="Say what the faces do, as far as it is measured."),
    ] = False,
    draw: Draw = None,
    pack: Pack = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Find the faces in images, with pose and quality.

    Boxes are in pixels, pose in degrees, quality from 0 (bad) to 100 after ISO/IEC 29794-5:
    sharpness, luminance, the distance of the eyes, the magnitude of the template, which says
    most about how well the face can be recognised, and all of it in one.

    With --attributes: whether eyes and mouth are open, smiles, sunglasses, each with how often
    such an answer is right, and where the eyes look; needs the pack `attributes` (`reknown models
    show attributes`).

    Who looked is recorded (`reknown ledger`). Status 1 when an image shows no face, 2 when one
    cannot be read.
    """
    from reknown.cli.images import View, found_images, show_all
    from reknown.cli.session import open_context
    from reknown.services.images.detection import detect_all

    view: View[Extraction] = View(
        image=lambda found: found.image,
        positive=lambda found: bool(found.found),
        as_json=lambda found: {"faces": found.faces},
        as_text=_print,
        labels=_labels,
    )
    images = found_images(images)
    with open_context(data, pack) as context:
        results = detect_all(context, images, templates=True, attributes=attributes)
        decode = context.platform.executor.decode
        show_all(results, images, view, decode=decode, json=json, draw=draw)


def _print(path: Path, found: Extraction) -> None:
    from reknown.cli.output import print_table, printable

    image = found.image
    title = f"{path}: {image.width} x {image.height} pixels, faces: {len(found.faces)}"
    if not found.faces:
        typer.echo(printable(title))
        return
    rows = []
    for number, face in enumerate(found.faces, 1):
        left, top, right, bottom = face.box.pixels(image.width, image.height)
        pose, quality = face.pose, face.quality
        angles = (f"{angle:+.0f}°" for angle in (pose.yaw, pose.pitch, pose.roll))
        scores = (
            quality.sharpness,
            quality.luminance_mean,
            quality.inter_eye_distance,
            quality.magnitude,
            quality.unified_score,
        )
        place = (number, left, top, f"{right - left} x {bottom - top}")
        rows.append(
            (
                *place,
                f"{face.confidence:.3f}",
                *angles,
                *(each.score if each else "-" for each in scores),
            )
        )
    print_table(_COLUMNS, rows, title)
    if any(face.attributes for face in found.faces):
        told = [
            (number, *_told(face.attributes))
            for number, face in enumerate(found.faces, 1)
            if face.attributes is not None
        ]
        print_table(("face ", "eyes open", "mouth open", "smile", "sunglasses", "gaze"), told)
    _print_classified(found)


def _print_classified(found: Extraction) -> None:
    """What the operator's own classifiers answer, the likeliest label of each."""
    from reknown.cli.output import print_table

    answers = [each.attributes.classified if each.attributes else {} for each in found.faces]
    names = sorted({name for shares in answers for name in shares})
    if not names:
        return
    rows = [
        (number, *(_likeliest(shares[name]) if name in shares else "-" for name in names))
        for number, shares in enumerate(answers, 1)
    ]
    print_table(("face ", *(name.replace("_", " ") for name in names)), rows)


def _likeliest(shares: Mapping[str, float]) -> str:
    best = max(shares, key=lambda label: shares[label])
    return f"{best} ({100 * shares[best]:.0f} %)"


def _told(found: FaceAttributes) -> Iterator[str]:
    for judged in (found.eyes_open, found.mouth_open, found.smile, found.sunglasses):
        yield "-" if judged is None else _answer(judged)
    gaze = found.gaze
    yield "-" if gaze is None else f"yaw {gaze.yaw:+.0f}°, pitch {gaze.pitch:+.0f}°"


def _answer(judged: Judgement) -> str:
    return f"{'yes' if judged.value else 'no'} ({100 * judged.confidence:.0f} %)"


def _labels(found: Extraction) -> list[Label]:
    from reknown.vision.draw import Label

    return [
        Label(face.box, (f"face {number}", f"quality {face.quality.unified_score.score}"))
        for number, face in enumerate(found.faces, 1)
    ]
