"""`reknown text`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.cli.options import Data, Draw, Json

if TYPE_CHECKING:
    from reknown.biometrics.words import Line, Word
    from reknown.services.images.text import Reading
    from reknown.vision.draw import Label


def text(
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE...", help="Image files, or folders of them.")
    ],
    confidence: Annotated[
        float,
        typer.Option(
            "--confidence", min=0, max=100, help="Leave out words that are read less surely."
        ),
    ] = 80,
    draw: Draw = None,
    data: Data = None,
    json: Json = False,
) -> None:
    """Read the text in images: lines from the top, and how surely each was read, 0 to 100.

    Latin letters with accents, Chinese, Japanese, digits and signs; Greek as far as it has no
    accents; no Cyrillic. Needs the extra `text`. Who read is recorded (`reknown ledger`), not
    what it said. Status 1 when an image shows no text, 2 when one cannot be read.
    """
    from reknown.biometrics.word_filter import WordFilter
    from reknown.cli.images import View, found_images, show_all
    from reknown.cli.session import open_context
    from reknown.services.images.text import read_text_of_all

    view: View[Reading] = View(
        image=lambda found: found.image,
        positive=lambda found: bool(found.lines),
        as_json=lambda found: {"lines": [_line(line) for line in found.lines]},
        as_text=_print,
        labels=_labels,
        drawn="text",
    )
    images = found_images(images)
    with open_context(data) as context:
        results = read_text_of_all(context, images, WordFilter(confidence / 100))
        decode = context.platform.executor.decode
        show_all(results, images, view, decode=decode, json=json, draw=draw)


def _line(line: Line) -> dict[str, object]:
    return _text(line) | {"words": [_text(word) for word in line.words]}


def _text(found: Line | Word) -> dict[str, object]:
    return {
        "text": found.text,
        "confidence": found.confidence,
        "box": found.box,
        "outline": found.outline,
    }


def _print(path: Path, found: Reading) -> None:
    from reknown.cli.output import printable

    image = found.image
    title = f"{path}: {image.width} x {image.height} pixels, lines: {len(found.lines)}"
    typer.echo(printable(title))
    for number, line in enumerate(found.lines, 1):
        typer.echo(printable(f"{number:4}  {100 * line.confidence:5.1f}  {line.text}"))


def _labels(found: Reading) -> list[Label]:
    from reknown.vision.draw import Label

    return [
        Label(line.box, (str(number),), outline=line.outline)
        for number, line in enumerate(found.lines, 1)
    ]
