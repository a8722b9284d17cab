"""`reknown video identify`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reknown.biometrics.errors import GalleryError, InputError, ModelError, ReknownError
from reknown.cli.among import AmongFaces, AmongUsers, EnrolledSince, EnrolledUntil
from reknown.cli.options import (
    Approval,
    CollectionName,
    Data,
    Json,
    Purpose,
    Score,
    Threshold,
)
from reknown.configuration import DEFAULT_COLLECTION

if TYPE_CHECKING:
    from reknown.biometrics.quality_filter import QualityFilter
    from reknown.services.context import Context
    from reknown.services.searches.search import Query, Searched
    from reknown.services.videos.identification import VideoIdentification

_MAX_DAYS = 3650


@dataclass(frozen=True, slots=True)
class _Wishes:
    """The options that apply to each clip."""

    query: Query
    searched: Searched
    keep: int | None
    report: Path | None
    annotate: Path | None
    blur_unknown: bool
    quality: QualityFilter
    json: bool


def identify(
    clips: Annotated[
        list[Path],
        typer.Argument(
            metavar="CLIP...",
            help="Films: MP4, MOV, MKV, WebM, AVI, MPG, TS, MTS, WMV, FLV, 3GP or GIF.",
        ),
    ],
    collection: CollectionName = DEFAULT_COLLECTION,
    threshold: Threshold = None,
    score: Score = None,
    top: Annotated[int, typer.Option("--top", min=1, max=100, help="Candidates a face.")] = 5,
    among_users: AmongUsers = None,
    enrolled_since: EnrolledSince = None,
    enrolled_until: EnrolledUntil = None,
    among_faces: AmongFaces = None,
    keep: Annotated[
        int | None,
        typer.Option(
            "--keep",
            metavar="DAYS",
            min=1,
            max=_MAX_DAYS,
            help="Keep the faces as templates, without images, for so many days: "
            "`reknown video search` finds them until then. Keeping a video again replaces "
            "what was kept of it.",
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar="FILE",
            help="Write a page with a timeline and the best view of each person: one HTML file "
            "that loads nothing. It holds images of the people.",
        ),
    ] = None,
    annotate: Annotated[
        Path | None,
        typer.Option(
            "--annotate", metavar="FILE", help="Write the video with boxes and names: an MP4."
        ),
    ] = None,
    blur_unknown: Annotated[
        bool,
        typer.Option(
            "--blur-unknown",
            help="With --annotate: make the faces of people without a candidate unrecognisable. "
            "A face that was not found is not blurred.",
        ),
    ] = False,
    any_quality: Annotated[
        bool,
        typer.Option(
            "--any-quality",
            help="Search also with faces that would not be enrolled: more names, more wrong ones.",
        ),
    ] = False,
    purpose: Purpose = None,  # noqa: ARG001 - its callback takes it
    approval: Approval = None,  # noqa: ARG001 - its callback takes it
    data: Data = None,
    json: Json = False,
) -> None:
    """Find out who of a gallery appears in a video, and when.

    Every face is followed through the video, and its best views are searched for in the
    gallery. Answers are intervals with candidates for a person to check, never
    identifications; a person without a candidate is "unknown" with a number of the video's own.
    A face whose best view would not be enrolled is not searched for: it says why.
    Each search is recorded (`reknown ledger`). Status 1 when a video shows nobody with a
    candidate.
    """
    from reknown.biometrics.quality_filter import ANY_QUALITY, DEFAULT_FILTER
    from reknown.biometrics.thresholds import ThresholdChoice
    from reknown.cli.among import among_of
    from reknown.cli.identify import print_search, warn_of
    from reknown.cli.session import open_context
    from reknown.services.extras import require_video_support
    from reknown.services.searches.search import Query, open_search

    require_video_support()
    _check_targets(clips, report, annotate, blur_unknown=blur_unknown)
    among = among_of(among_users, enrolled_since, enrolled_until, among_faces)
    query = Query(collection, ThresholdChoice(threshold, score), top, among=among)
    with open_context(data) as context:
        searched = open_search(context, query)
        quality = ANY_QUALITY if any_quality else DEFAULT_FILTER
        wishes = _Wishes(query, searched, keep, report, annotate, blur_unknown, quality, json)
        if not json:
            print_search(searched)
        warn_of(searched.threshold, searched.references)
        raise typer.Exit(max(_attempt(path, context, wishes) for path in clips))


def _check_targets(
    clips: list[Path], report: Path | None, annotate: Path | None, *, blur_unknown: bool
) -> None:
    """Raises `InputError` for wishes that cannot be met, before any work is done."""
    if blur_unknown and annotate is None:
        raise InputError("--blur-unknown is for --annotate: name the video to write, too")
    for name, target, suffix in (("report", report, ".html"), ("annotate", annotate, ".mp4")):
        if target is None:
            continue
        if len(clips) > 1:
            raise InputError(f"--{name} takes one video at a time")
        if target.suffix.lower() != suffix:
            raise InputError(f"--{name} {target}: the name must end in {suffix}")
        if target.resolve() == clips[0].resolve():
            raise InputError(f"--{name} would overwrite the video {target}")


def _attempt(path: Path, context: Context, wishes: _Wishes) -> int:
    """Shows what one clip gives, its error too; the exit status."""
    from reknown.cli.output import EXIT_ERROR, console, print_json, printable

    try:
        return _identify(path, context, wishes)
    except (GalleryError, ModelError):  # not the video's fault: the next one would fail too
        raise
    except ReknownError as error:
        if wishes.json:
            problem = {"type": type(error).__name__, "message": str(error)}
            print_json({"video": str(path), "error": problem})
        else:
            console(error=True).print(printable(f"{path}: {error}"), style="red", markup=False)
        return EXIT_ERROR


def _identify(path: Path, context: Context, wishes: _Wishes) -> int:
    from reknown.cli.output import EXIT_DONE, EXIT_NEGATIVE, print_json
    from reknown.cli.video.clips import progress_bar
    from reknown.cli.video.output import as_json, print_text
    from reknown.services.archive.sightings import Keeping
    from reknown.services.videos.clips import analyse_clip
    from reknown.services.videos.identification import identify_video

    platform, pack, cut_outs = context.platform, wishes.searched.space.pack, bool(wishes.report)
    with progress_bar(path.name) as progress:
        analysis = analyse_clip(platform, path, pack, progress, cut_outs=cut_outs)
    keeping = None if wishes.keep is None else Keeping(_plain_name(path), wishes.keep)
    found = identify_video(context, wishes.query, analysis, keeping, wishes.quality)
    _warn(path, analysis.warnings)
    if wishes.json:
        print_json(as_json(path, found))
    else:
        print_text(path, found)
    _write(path, found, wishes)
    return EXIT_DONE if found.identified else EXIT_NEGATIVE


def _write(path: Path, found: VideoIdentification, wishes: _Wishes) -> None:
    from reknown.cli.output import console, printable
    from reknown.cli.video.annotate import annotate_clip
    from reknown.cli.video.report import write_report

    out = console()
    if wishes.report is not None:
        write_report(wishes.report, path.name, found)
        if not wishes.json:
            out.print(printable(f"report: {wishes.report}"), style="dim", markup=False)
    if wishes.annotate is not None:
        target = wishes.annotate
        warnings = annotate_clip(path, found, target, blur_unknown=wishes.blur_unknown)
        _warn(path, [text for text in warnings if text not in found.analysis.warnings])
        if not wishes.json:
            out.print(printable(f"annotated: {target}"), style="dim", markup=False)


def _warn(path: Path, warnings: tuple[str, ...] | list[str]) -> None:
    from reknown.cli.output import printable

    for warning in warnings:
        typer.secho(printable(f"warning: {path}: {warning}"), fg="yellow", err=True)


def _plain_name(path: Path) -> str:
    """The name as text, whatever bytes the file system holds."""
    import os

    return os.fsencode(path.name).decode("utf-8", "replace")
