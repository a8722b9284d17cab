"""`reknown compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reknown.cli.options import Draw, Json, Pack, Score, Threshold

_COLUMNS = ("face in B ", "left ", "top ", "similarity ", "score ", "false match rate ", "result")


def compare(
    a: Annotated[Path, typer.Argument(help="Picture whose largest face is the probe.")],
    b: Annotated[Path, typer.Argument(help="Picture whose faces are all compared with it.")],
    threshold: Threshold = None,
    score: Score = None,
    draw: Draw = None,
    pack: Pack = None,
    json: Json = False,
) -> None:
    """Compare the largest face of A with every face of B.

    Status 0 when one reaches the threshold, 1 when none does.
    """
    from reknown.cli.output import (
        EXIT_DONE,
        EXIT_NEGATIVE,
        one_in,
        percent,
        print_json,
        print_table,
    )
    from reknown.cli.pictures import require_no_original
    from reknown.cli.session import open_engine, threshold_of
    from reknown.services.extraction import extract
    from reknown.services.photos import read_photo
    from reknown.services.quality_filter import ANY_QUALITY
    from reknown.services.verification import verify
    from reknown.vision.draw import Label, draw_labels, save_picture

    if draw is not None:
        require_no_original(draw, (a, b))
    engine = open_engine(pack)
    limit = threshold_of(engine.calibration, threshold, score)
    photos = [read_photo(engine, path) for path in (a, b)]
    shown = [photos[0].faces[:1], photos[1].faces]
    probe, reference = (
        extract(engine, photo.image, faces, ANY_QUALITY, len(faces))
        for photo, faces in zip(photos, shown, strict=True)
    )
    result = verify(probe, reference, limit)
    if json:
        print_json(
            {
                "threshold": limit.score,
                "probe": result.probe,
                "faces": [
                    {"face": face, "comparison": comparison}
                    for face, comparison in result.comparisons
                ],
            }
        )
    else:
        image = photos[1].image
        rows = [
            (
                number,
                *face.box.pixels(image.width, image.height)[:2],
                percent(outcome.similarity),
                f"{outcome.score:.4f}",
                one_in(outcome.false_match_rate),
                "above threshold" if outcome.accepted else "below threshold",
            )
            for number, (face, outcome) in enumerate(result.comparisons, 1)
        ]
        print_table(
            _COLUMNS,
            rows,
            f"threshold: similarity {percent(limit.similarity)}, false match rate "
            f"{one_in(limit.false_match_rate)}",
        )
    if draw is not None:
        labels = [
            Label(face.box, (f"similarity {percent(outcome.similarity)}",), outcome.accepted)
            for face, outcome in result.comparisons
        ]
        save_picture(draw_labels(photos[1].image.pixels, labels), draw)
    raise typer.Exit(EXIT_DONE if result.accepted else EXIT_NEGATIVE)
