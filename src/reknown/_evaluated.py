"""What an evaluation measured, out of its report."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reknown._notebook import Shown, paragraph, table
from reknown.biometrics.text import counted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from reknown.reporting.report import Report


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """`errors` of `trials`; in 19 of 20 such samples the true rate is from `low` to `high`."""

    errors: int
    trials: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """Errors per trial."""
        return self.errors / self.trials

    def __str__(self) -> str:
        return (
            f"{self.value:.2g} ({self.errors:,} of {self.trials:,}; "
            f"{self.low:.2g} to {self.high:.2g})"
        )


@dataclass(frozen=True, slots=True)
class ThresholdRates:
    """Both error rates at a threshold; failures count as errors.

    `similarity` is None where the pack is not calibrated. `expected` is the false match rate
    that the threshold stands for. The rates are None at a similarity so low that the matches were
    not counted.
    """

    similarity: float | None
    score: float
    expected: float
    false_matches: ErrorRate | None
    false_non_matches: ErrorRate | None


@dataclass(frozen=True, slots=True, repr=False)
class EvaluatedPeople(Shown):
    """How often a model pack is wrong about some people.

    `failures` are images without a usable face. `at_similarity` are the pack's own thresholds,
    which were not chosen on these people; `at_rate` those that keep to a false match rate among
    them. `cautions` say what to know before relying on a figure; `figures` is all that was
    measured, in the terms of JSON.
    """

    people: int
    images: int
    mated: int
    non_mated: int
    failures: ErrorRate
    at_similarity: tuple[ThresholdRates, ...]
    at_rate: tuple[ThresholdRates, ...]
    cautions: tuple[str, ...]
    figures: Mapping[str, Any] = field(compare=False)
    _report: Report = field(compare=False)

    def save(self, path: str | PathLike[str]) -> None:
        """Writes the whole report as one HTML file that loads nothing; raises `InputError`."""
        from reknown.reporting.files import write_text  # noqa: PLC0415
        from reknown.reporting.page import render  # noqa: PLC0415 - plots load late

        write_text(Path(path).expanduser(), render(self._report))

    def __str__(self) -> str:
        lines = (
            f"{name}: false matches {wrong}, false non-matches {missed}"
            for name, _, wrong, missed in self._rows()
        )
        cautions = (f"Caution: {caution}" for caution in self.cautions)
        return "\n".join([self._summary(), *lines, *cautions])

    def _summary(self) -> str:
        return (
            f"{counted(self.images, 'image')} of {counted(self.people, 'person', 'people')}; "
            f"{self.failures.errors:,} without a usable face; "
            f"{self.mated:,} mated and {self.non_mated:,} non-mated comparisons"
        )

    def _rows(self) -> list[tuple[str, str, str, str]]:
        """Each threshold in words, its score and both rates."""
        named = [(f"similarity {r.similarity:g}", r) for r in self.at_similarity]
        named += [(f"false match rate {r.expected:g}", r) for r in self.at_rate]
        return [
            (name, f"{r.score:.4f}", _rate(r.false_matches), _rate(r.false_non_matches))
            for name, r in named
        ]

    def _repr_html_(self) -> str:
        columns = ("threshold", "score", "false matches", "false non-matches")
        notes = "".join(map(paragraph, self.cautions))
        return paragraph(self._summary()) + table(columns, self._rows()) + notes


def evaluated(report: Report) -> EvaluatedPeople:
    """The figures of a verification report, typed."""
    from reknown.reporting.blocks import Caution  # noqa: PLC0415 - plots load late

    figures = report.figures
    data, failures = figures["data"], figures["failures"]
    blocks = (block for section in report.sections for block in section.blocks)
    return EvaluatedPeople(
        people=data["subjects"],
        images=data["pictures"],
        mated=data["mated"],
        non_mated=data["non_mated"],
        failures=_error_rate(failures["fta"]),
        at_similarity=tuple(map(_at_similarity, figures["calibrated"] or ())),
        at_rate=tuple(map(_at_rate, figures["points"])),
        cautions=tuple(block.text for block in blocks if isinstance(block, Caution)),
        figures=figures,
        _report=report,
    )


def _at_similarity(found: Mapping[str, Any]) -> ThresholdRates:
    """A threshold of the pack; it has no rates where more matched than were kept to count."""
    rates = (_error_rate(found[name]) if name in found else None for name in ("fmr", "fnmr"))
    return ThresholdRates(found["asked_similarity"], found["score"], found["promised_fmr"], *rates)


def _at_rate(found: Mapping[str, Any]) -> ThresholdRates:
    rates = (_error_rate(found["fmr"]), _error_rate(found["fnmr"]))
    return ThresholdRates(found["similarity"], found["threshold"], found["target_fmr"], *rates)


def _error_rate(found: Mapping[str, Any]) -> ErrorRate:
    return ErrorRate(found["errors"], found["trials"], found["low"], found["high"])


def _rate(rate: ErrorRate | None) -> str:
    return "not counted" if rate is None else str(rate)
