"""What a verification report is about: how much was compared, and what failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reknown.biometrics.rates import wilson
from reknown.biometrics.text import counted
from reknown.evaluation.measures.failures import failure_to_acquire, failure_to_enrol
from reknown.evaluation.runs.formats import rate_data, rate_words
from reknown.reporting.blocks import Caution, Table
from reknown.reporting.report import Section

if TYPE_CHECKING:
    from reknown.evaluation.data.images import EvaluatedImages
    from reknown.evaluation.data.score_files import ScoreFile
    from reknown.evaluation.runs.comparisons import ComparedImages, Comparisons
    from reknown.reporting.blocks import Block


def data_section(images: EvaluatedImages, compared: ComparedImages, listed: bool) -> Section:
    """Images, pairs and failures."""
    data, templates = compared.comparisons, images.templates
    codes, names = images.manifest.subjects()
    fta = failure_to_acquire(templates.failed)
    fte = failure_to_enrol(templates.failed, codes)
    excluded = compared.excluded
    figures = {
        "data": {
            "pictures": len(codes),
            "subjects": len(names),
            "digest": images.digest(),
            "pairs": "listed" if listed else "all",
            "mated": len(data.mated),
            "non_mated": data.tail.comparisons,
            "excluded_mated": {
                "same_picture": excluded.same_image,
                "near_duplicates": excluded.near_duplicates,
                "same_session": excluded.same_session,
            },
            "non_mated_duplicates": compared.non_mated_duplicates,
        },
        "system": {
            "pack": templates.space.pack,
            "space": templates.space.fingerprint,
            "detector": templates.detector,
            "face": templates.choose,
        },
        "failures": {
            "fta": rate_data(fta, wilson(fta)),
            "fte": rate_data(fte, wilson(fte)),
            "mated_comparisons": data.mated_failures,
            "non_mated_comparisons": data.tail.failures,
        },
    }
    rows = (
        ("images", f"{len(codes):,} of {counted(len(names), 'subject')}"),
        ("pairs", "a published list" if listed else "every image with every other"),
        ("mated comparisons", f"{len(data.mated):,}"),
        ("non-mated comparisons", f"{data.tail.comparisons:,}"),
        ("failure to acquire (FTA)", rate_words(fta, wilson(fta))),
        ("failure to enrol (FTE)", rate_words(fte, wilson(fte))),
        ("mated pairs left out as the same image", f"{excluded.same_image:,}"),
        ("mated pairs left out as near duplicates", f"{excluded.near_duplicates:,}"),
        ("model pack", templates.space.pack),
    )
    blocks: list[Block] = [Table("What was compared", ("what", "how much"), rows)]
    if compared.non_mated_duplicates:
        blocks.append(
            Caution(
                f"Images that lie under two names: {compared.non_mated_duplicates:,}. They count "
                "as false matches here; if the labels are wrong, the rates are too high."
            )
        )
    return Section("Data", tuple(blocks), figures)


def scores_section(file: ScoreFile, data: Comparisons) -> Section:
    """The same of a file of scores."""
    figures = {
        "data": {
            "subjects": len(file.subject_names) or None,
            "digest": file.digest,
            "pairs": "scores",
            "mated": len(data.mated),
            "non_mated": data.tail.comparisons,
        },
        "failures": {
            "mated_comparisons": data.mated_failures,
            "non_mated_comparisons": data.tail.failures,
        },
    }
    rows = (
        ("mated comparisons", f"{len(data.mated):,}"),
        ("failed among them", f"{data.mated_failures:,}"),
        ("non-mated comparisons", f"{data.tail.comparisons:,}"),
        ("failed among them", f"{data.tail.failures:,}"),
    )
    blocks: list[Block] = [Table("What was compared", ("what", "how much "), rows)]
    if data.clusters is None:
        blocks.append(
            Caution(
                "The file does not say who was compared, so the intervals take the comparisons "
                "for independent: they are narrower than the truth. Add the columns subject_a "
                "and subject_b."
            )
        )
    return Section("Data", tuple(blocks), figures)
