"""For whom is it wrong? Error rates of declared groups at one threshold (ISO/IEC 19795-10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.biometrics.rates import wilson
from reknown.biometrics.text import counted
from reknown.evaluation.measures.designs import AllPairsDesign, ListedPairsDesign
from reknown.evaluation.measures.differentials import (
    PairTrials,
    cross_matrix_of,
    group_rates,
)
from reknown.evaluation.measures.intervals import clustered_fmr, clustered_wilson
from reknown.evaluation.measures.scores import UNLABELLED
from reknown.evaluation.runs.formats import (
    NOTHING,
    interval_text,
    number,
    of,
    rate_data,
    rate_text,
    similarity_text,
)
from reknown.evaluation.runs.judging import (
    GroupPlan,
    Judged,
    differential_data,
    group_rate_data,
    joint_measures,
    judge,
    measures_of,
    remark,
    verdict_blocks,
)
from reknown.reporting.blocks import Axis, Caution, Forest, ForestRow, HeatMap, Table, Text
from reknown.reporting.report import Section, assembled

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reknown.evaluation.measures.arrays import Ints, Mask
    from reknown.evaluation.measures.designs import PairDesign
    from reknown.evaluation.measures.differentials import Evidence
    from reknown.evaluation.measures.intervals import ClusteredRate
    from reknown.evaluation.runs.group_data import GroupColumn, GroupData
    from reknown.reporting.blocks import Block
    from reknown.reporting.report import Report


# a difference of false non-matches is looked for where one in a hundred would show
_TARGET_FNMR = 0.01
_MOST_LEVELS = 3
_EXPLAINED = (
    "All groups are judged at one threshold. FMR is that of two subjects of the same group; FNMR "
    "that of two images of one subject. Labels are those that were declared with the images: "
    "none was guessed. A subject's label holds for all of its images. Intervals are at 95 % and "
    "allow for comparisons that share a subject. An image without a template matches nothing.",
)


def groups_report(data: GroupData, plan: GroupPlan | None = None) -> Report:
    """Rates, cross-group matrix, measures and their chance, for each of the columns.

    Raises `InputError` where nothing was compared.
    """
    plan = plan or GroupPlan()
    columns = [_Column(data, column, plan) for column in data.columns]
    sections = [_compared(data, plan), _pairing(data), *(column.section() for column in columns)]
    figures = [column.figures() for column in columns]
    return assembled("Error rates by group", sections, columns=figures)


def _compared(data: GroupData, plan: GroupPlan) -> Section:
    rates = {"FMR, any two subjects": _every_pair(data)}
    if data.mated is not None:
        rates["FNMR"] = _everybody(data.mated)
    operating, cautions, dyads = data.operating, _general(data), _dyads(data)
    text = (
        f"Threshold for everybody: score {operating.score:.6f}, similarity "
        f"{similarity_text(operating.similarity)}, from {operating.source}; it stands for FMR "
        f"{operating.target:.3g}."
    )
    people = f"The false matches are of {dyads:,} pairs of subjects, some with several images."
    blocks: tuple[Block, ...] = (
        Text.of(text, *_EXPLAINED, people),
        _rate_table("Everybody", ("rate", "value "), rates),
        *map(Caution, cautions),
    )
    figures = {
        "threshold": {
            "score": operating.score,
            "similarity": operating.similarity,
            "target_fmr": operating.target,
            "source": operating.source,
        },
        "minimum_subjects": plan.minimum_subjects,
        "fmr": _rate_of(_every_pair(data)),
        "fnmr": None if data.mated is None else _rate_of(_everybody(data.mated)),
        "false_match_subject_pairs": dyads,
        "cautions": cautions,
    }
    return Section("What was compared", blocks, figures)


def _general(data: GroupData) -> tuple[str, ...]:
    """What must be known of all the figures."""
    fmr = _every_pair(data)
    low, target = clustered_wilson(fmr).low, data.operating.target
    if data.operating.chosen_here or low <= target:
        return data.cautions
    text = (
        f"FMR is {number(fmr.rate.value)} here, and not below {number(low)}, where the calibration "
        f"says {number(target)}: for images like these calibrate again or raise the threshold."
    )
    return (*data.cautions, text)


def _dyads(data: GroupData) -> int:
    wrong = np.sort(data.non_mated.false_matches, axis=1)
    return len(np.unique(wrong, axis=0))


def _pairing(data: GroupData) -> Section:
    text = (
        "The more alike two subjects are, the more often they match falsely. Columns are taken in "
        "the order given, the coarsest first; level 0 pairs anybody and is the most optimistic."
    )
    levels = dict(_levels(data))
    table = _rate_table("FMR by what both subjects share", ("level", "FMR "), levels)
    figures = [{"pairing": name} | _rate_of(rate) for name, rate in levels.items()]
    return Section("Pairing levels", (Text.of(text), table), {"pairing": figures})


def _levels(data: GroupData) -> Iterator[tuple[str, ClusteredRate]]:
    """The FMR among subjects who share nothing, the first label, the first two and so on."""
    evidence = data.non_mated
    yield "L0, any two", _every_pair(data)
    joint = np.zeros(evidence.subjects, np.intp)
    names: list[str] = []
    for level, column in enumerate(data.columns[:_MOST_LEVELS], 1):
        known = (joint != UNLABELLED) & (column.codes != UNLABELLED)
        joint = np.where(known, joint * len(column.names) + column.codes, UNLABELLED)
        names.append(column.name)
        try:
            rate = _sharing(evidence, joint)
        except InputError:
            return  # nobody shares all of these labels
        yield f"L{level}, same {' and '.join(names)}", rate


def _sharing(evidence: PairTrials, codes: Ints) -> ClusteredRate:
    """FMR where both subjects have the same code."""
    inside = _same(codes, evidence.false_matches)
    design: PairDesign = evidence.design
    if isinstance(design, ListedPairsDesign):
        design = ListedPairsDesign(design.pairs[_same(codes, design.pairs)], evidence.subjects)
    elif isinstance(design, AllPairsDesign):
        images = np.where(codes == UNLABELLED, 0, design.images)
        design = AllPairsDesign(images, np.maximum(codes, 0))
    return clustered_fmr(evidence.false_matches[inside], design)


def _same(codes: Ints, pairs: Ints) -> Mask:
    one, other = codes[pairs[:, 0]], codes[pairs[:, 1]]
    return np.asarray((one == other) & (one != UNLABELLED))


class _Column:
    """What one column of groups comes to."""

    def __init__(self, data: GroupData, column: GroupColumn, plan: GroupPlan) -> None:
        self._data, self._column, self._plan = data, column, plan
        self._fmr = judge("FMR", data.non_mated, column, data.operating.target, plan)
        self._fnmr = None
        if data.mated is not None:
            self._fnmr = judge("FNMR", data.mated, column, _TARGET_FNMR, plan)
        self._shown = [group.group for group in self._fmr.groups if group.rate is not None]
        self._subjects = np.bincount(
            column.codes[column.codes != UNLABELLED], minlength=len(column.names)
        )

    def section(self) -> Section:
        """Tables, plots and the verdicts."""
        blocks: list[Block] = [self._table(judged) for judged in self._both()]
        if self._column.failures:
            blocks.append(self._failures())
        blocks.extend(self._forest(judged) for judged in self._both())
        if len(self._shown) > 1:
            blocks.append(self._heat_map())
        for judged in self._both():
            blocks.extend(verdict_blocks(judged, self._column))
        if measures := self._measures():
            rows = tuple((name, number(value)) for name, value in measures.items())
            blocks.append(Table("How far the groups lie apart", ("measure", "value "), rows))
        blocks.extend(self._cautions())
        return Section(f"Groups by {self._column.name}", tuple(blocks))

    def figures(self) -> dict[str, Any]:
        """The same for JSON."""
        return {
            "column": self._column.name,
            "unlabelled_subjects": int((self._column.codes == UNLABELLED).sum()),
            "groups": [self._group_data(group) for group in range(len(self._column.names))],
            "differentials": {j.name: differential_data(j, self._column) for j in self._both()},
            "measures": self._measures(),
            "cross_fmr": self._cross_data(),
        }

    def _both(self) -> list[Judged]:
        return [judged for judged in (self._fmr, self._fnmr) if judged is not None]

    def _table(self, judged: Judged) -> Table:
        rows = tuple(
            (
                self._column.names[group.group],
                f"{group.subjects:,}",
                of(group.rate),
                rate_text(group.rate),
                interval_text(group.interval),
                remark(group),
            )
            for group in judged.groups
        )
        head = ("group", "subjects ", "errors of trials ", f"{judged.name} ", "interval ", "remark")
        return Table(f"{judged.name} by {self._column.name}", head, rows)

    def _failures(self) -> Table:
        rows = []
        for group, failures in enumerate(self._column.failures):
            few = self._subjects[group] < self._plan.minimum_subjects
            rates = (None, None) if few else (failures.fta, failures.fte)
            cells = [
                NOTHING if rate is None else f"{of(rate)} ({rate_text(rate)})" for rate in rates
            ]
            name, images = self._column.names[group], self._column.images[group]
            rows.append((name, f"{self._subjects[group]:,}", f"{images:,}", *cells))
        head = ("group", "subjects ", "images ", "FTA, images ", "FTE, subjects ")
        return Table(f"Failures to find a face, by {self._column.name}", head, tuple(rows))

    def _forest(self, judged: Judged) -> Forest:
        rows = tuple(
            ForestRow(
                self._column.names[group.group],
                None if group.rate is None else group.rate.value,
                None if group.interval is None else group.interval.low,
                None if group.interval is None else group.interval.high,
            )
            for group in judged.groups
        )
        everybody = self._reference(judged)
        caption = f"{judged.name} by {self._column.name} with 95 % intervals"
        return Forest(caption, Axis(judged.name, log=True), rows, everybody)

    def _reference(self, judged: Judged) -> float | None:
        if judged is self._fmr:
            evidence = self._data.non_mated
            return len(evidence.false_matches) / evidence.design.comparisons
        return None if self._data.mated is None else _everybody(self._data.mated).rate.value

    def _heat_map(self) -> HeatMap:
        errors, trials = self._cross()
        values = tuple(
            tuple(
                None if trials[one, other] == 0 else float(errors[one, other] / trials[one, other])
                for other in range(len(self._shown))
            )
            for one in range(len(self._shown))
        )
        labels = tuple(self._column.names[group] for group in self._shown)
        return HeatMap(f"FMR between groups by {self._column.name}", labels, values)

    def _cross(self) -> tuple[Ints, Ints]:
        """False matches and comparisons among the groups that are large enough to be shown."""
        places = np.full(len(self._column.names) + 1, UNLABELLED)
        places[self._shown] = np.arange(len(self._shown))
        matrix = cross_matrix_of(self._data.non_mated, places[self._column.codes])
        return matrix.errors, matrix.trials

    def _cross_data(self) -> dict[str, Any] | None:
        if len(self._shown) < 2:
            return None
        errors, trials = self._cross()
        names = [self._column.names[group] for group in self._shown]
        return {"groups": names, "errors": errors.tolist(), "trials": trials.tolist()}

    def _measures(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for judged in self._both():
            if judged.usable:
                found |= measures_of(judged)
        if self._fnmr is not None and self._fmr.usable and self._fnmr.usable:
            found |= joint_measures(self._fmr, self._fnmr)
        return found

    def _cautions(self) -> Iterator[Caution]:
        missing = int((self._column.codes == UNLABELLED).sum())
        if missing:
            yield Caution(
                f"{counted(missing, 'subject has', 'subjects have')} no label: in no group."
            )
        for group in self._shown:
            failures = self._column.failures
            if failures and failures[group].fta.errors:
                yield Caution(
                    f"{self._column.names[group]}: {of(failures[group].fta)} images gave no "
                    "template; this lowers FMR and raises FNMR. The figures with failures left "
                    "out are in the JSON."
                )

    def _group_data(self, group: int) -> dict[str, Any]:
        data: dict[str, Any] = {
            "group": self._column.names[group],
            "subjects": int(self._subjects[group]),
            "images": self._column.images[group] if self._column.images else None,
        }
        if self._subjects[group] >= self._plan.minimum_subjects and self._column.failures:
            failures = self._column.failures[group]
            data["fta"] = rate_data(failures.fta)
            data["fte"] = rate_data(failures.fte, wilson(failures.fte))
        for judged in self._both():
            data[judged.name.lower()] = group_rate_data(judged, group)
        return data | self._successes(group)

    def _successes(self, group: int) -> dict[str, Any]:
        data = {}
        for name, evidence in (
            ("fmr_of_successes", self._data.succeeded_non_mated),
            ("fnmr_of_successes", self._data.succeeded_mated),
        ):
            if evidence is not None:
                minimum = self._plan.minimum_subjects
                rates = group_rates(evidence, self._column.codes, _TARGET_FNMR, minimum)
                known = rates[group] if group < len(rates) else None
                data[name] = None if known is None else rate_data(known.rate, known.interval)
        return data


def _everybody(evidence: Evidence) -> ClusteredRate:
    return evidence.clustered(np.ones(evidence.subjects, bool))


def _every_pair(data: GroupData) -> ClusteredRate:
    return clustered_fmr(data.non_mated.false_matches, data.non_mated.design)


def _rate_table(
    caption: str, columns: tuple[str, str], rates: Mapping[str, ClusteredRate]
) -> Table:
    rows = tuple(
        (name, of(found.rate), rate_text(found.rate), interval_text(clustered_wilson(found)))
        for name, found in rates.items()
    )
    return Table(caption, (columns[0], "errors of trials ", columns[1], "interval "), rows)


def _rate_of(rate: ClusteredRate) -> dict[str, Any]:
    return rate_data(rate.rate, clustered_wilson(rate)) or {}
