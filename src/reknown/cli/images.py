"""What commands over many images have in common: progress, output, drawing, status."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import typer

from reknown.biometrics.errors import InputError, ReknownError
from reknown.cli.output import (
    EXIT_DONE,
    EXIT_ERROR,
    EXIT_NEGATIVE,
    console,
    print_json,
    print_left_out,
    printable,
    progress,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from reknown.services.images.sources import ImageInfo, Source
    from reknown.vision.draw import Label
    from reknown.vision.images import Decode

Result = TypeVar("Result")
_OTHER_FORMATS = {".bmp", ".gif", ".tif", ".tiff", ".webp"}


@dataclass(frozen=True, slots=True)
class View(Generic[Result]):
    """How one image's result is shown.

    `positive` says whether it holds what was asked, `drawn` is in the names of drawings in a
    folder.
    """

    image: Callable[[Result], ImageInfo]
    positive: Callable[[Result], bool]
    as_json: Callable[[Result], dict[str, object]]
    as_text: Callable[[Path, Result], None]
    labels: Callable[[Result], list[Label]]
    drawn: str = "faces"


def show_all(
    results: Iterable[tuple[Source, Result | ReknownError]],
    paths: Sequence[Path],
    view: View[Result],
    *,
    decode: Decode,
    json: bool,
    draw: Path | None,
) -> None:
    """Shows each result as it comes and ends the command with the worst status.

    `decode` is for the images to be drawn on.
    """
    targets = _targets(paths, draw, view.drawn)
    status = EXIT_DONE
    with progress() as bar:
        task = bar.add_task("images", total=len(paths), visible=len(paths) > 1)
        for path, (_, result), target in zip(paths, results, targets, strict=True):
            status = max(status, _show(path, result, view, json=json))
            if target is not None and not isinstance(result, ReknownError):
                _draw(path, decode, view.labels(result), target, json=json)
            bar.advance(task)
    raise typer.Exit(status)


def _show(
    path: Path,
    result: Result | ReknownError,
    view: View[Result],
    *,
    json: bool,
) -> int:
    if isinstance(result, ReknownError):
        error = {"type": type(result).__name__, "message": str(result)}
        if json:
            print_json({"image": str(path), "error": error})
        else:
            console(error=True).print(printable(f"{path}: {result}"), style="red", markup=False)
        return EXIT_ERROR
    if not json:
        for warning in view.image(result).warnings:
            note = printable(f"{path}: {warning}")
            console(error=True).print(note, style="yellow", markup=False)
    if json:
        print_json({"image": str(path)} | image_json(view.image(result)) | view.as_json(result))
    else:
        view.as_text(path, result)
    return EXIT_DONE if view.positive(result) else EXIT_NEGATIVE


def _draw(path: Path, decode: Decode, labels: list[Label], target: Path, *, json: bool) -> None:
    from reknown.reporting.files import write_bytes
    from reknown.vision.draw import drawn_file

    write_bytes(target, drawn_file(path, decode, labels, target))
    if not json:
        console().print(printable(f"drawn: {target}"), style="dim", markup=False)


def image_json(image: ImageInfo) -> dict[str, object]:
    """What identifies an image in machine output, when it was taken, what is wrong with it."""
    return {
        "sha256": image.sha256,
        "width": image.width,
        "height": image.height,
        "taken": image.taken,
        "warnings": image.warnings,
    }


def found_images(places: Sequence[Path]) -> list[Path]:
    """The images at these places; what folders hold besides is counted on standard error.

    Raises `InputError` for folders without any.
    """
    from collections import Counter

    from reknown.vision.folders import images_at

    left_out: Counter[str] = Counter()
    found = list(images_at(places, left_out))
    print_left_out(left_out)
    if not found:
        raise InputError(f"no images in {', '.join(map(str, places))}")
    return found


def _targets(paths: Sequence[Path], draw: Path | None, drawn: str) -> list[Path | None]:
    """Where each image's drawing goes; never onto one of the images themselves."""
    if draw is None:
        return [None] * len(paths)
    if draw.suffix.lower() in _OTHER_FORMATS:
        raise InputError(f"cannot draw to {draw}: the name must end in .jpg or .png")
    if draw.suffix.lower() in {".jpg", ".jpeg", ".png"}:
        if len(paths) > 1:
            raise InputError(f"{draw} is one file: for several images --draw needs a folder")
        targets = [draw]
    else:
        targets = [draw / f"{path.stem}.{drawn}.png" for path in paths]
        if len(set(targets)) < len(targets):
            targets = [draw / f"{i:05d}-{path.stem}.{drawn}.png" for i, path in enumerate(paths, 1)]
    for target in targets:
        require_no_original(target, paths)
    return [*targets]


def require_no_original(target: Path, originals: Sequence[Path]) -> None:
    """Raises `InputError` when a picture would take the place of the image it is made from."""
    if target.resolve() in {path.resolve() for path in originals}:
        raise InputError(f"{target} would overwrite the image itself: give another file")
