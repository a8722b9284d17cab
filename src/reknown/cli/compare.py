"""`reknown compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.cli.options import Data, Draw, Json, Pack, Score, Threshold

if TYPE_CHECKING:
    from reknown.services.images.verification import Verification
    from reknown.vision.draw import Label

_COLUMNS = ("face in B ", "left ", "top ", "similarity ", "score ", "false match rate ", "result")


def compare(
    a: Annotated[Path, typer.Argument(help="Image whose largest face is the probe.")],
    b: Annotated[Path, typer.Argument(help="Image whose faces are all compared with it.")],
    threshold: Threshold = None,
    score: Score = None,
    draw: Draw = None,
    pack: Pack = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Compare the largest face of A with every face of B.

    Each comparison is recorded (`reknown ledger`). Status 0 when a face reaches the threshold,
    1 when none does.
    """
    from reknown.biometrics.thresholds import ThresholdChoice
    from reknown.cli.images import require_no_original
    from reknown.cli.output import EXIT_DONE, EXIT_NEGATIVE
    from reknown.cli.session import open_context
    from reknown.reporting.files import write_bytes
    from reknown.services.images.verification import VerificationTerms, verify
    from reknown.vision.draw import drawn_file

    if draw is not None:
        require_no_original(draw, (a, b))
    terms = VerificationTerms(ThresholdChoice(threshold, score))
    with open_context(data, pack) as context:
        found = verify(context, a, b, terms)
        _show(found, json=json)
        if draw is not None:
            decode = context.platform.executor.decode
            write_bytes(draw, drawn_file(b, decode, _labels(found), draw))
    raise typer.Exit(EXIT_DONE if found.accepted else EXIT_NEGATIVE)


def _show(found: Verification, *, json: bool) -> None:
    from reknown.cli.output import console, one_in, percent, print_json, print_table

    pairs = [{"face": face, "comparison": outcome} for face, outcome in found.comparisons]
    if json:
        answer = {"threshold": found.threshold.score, "probe": found.probe, "faces": pairs}
        print_json(answer | {"warnings": found.warnings})
        return
    for warning in found.warnings:
        console(error=True).print(warning, style="yellow", markup=False)
    image = found.reference_image
    rows = [
        (
            number,
            *face.box.pixels(image.width, image.height)[:2],
            percent(outcome.similarity),
            f"{outcome.score:.4f}",
            one_in(outcome.false_match_rate),
            "above threshold" if outcome.accepted else "below threshold",
        )
        for number, (face, outcome) in enumerate(found.comparisons, 1)
    ]
    threshold = found.threshold
    rate = one_in(threshold.false_match_rate)
    title = f"threshold: similarity {percent(threshold.similarity)}, false match rate {rate}"
    print_table(_COLUMNS, rows, title)


def _labels(found: Verification) -> list[Label]:
    from reknown.cli.output import percent
    from reknown.vision.draw import Label

    return [
        Label(face.box, (f"similarity {percent(outcome.similarity)}",), outcome.accepted)
        for face, outcome in found.comparisons
    ]
