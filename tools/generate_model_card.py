"""Writes docs/reference/model-card.md and the tables in MODEL-LICENCES.md.

    .venv/bin/python tools/generate_model_card.py [--check]

`--check` writes nothing and ends with 1 when a file is not up to date.
"""

from __future__ import annotations

import json
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

from reknown.biometrics.rates import wilson_of
from reknown.vision.packs.manifest import (
    ATTRIBUTES,
    AttributesManifest,
    CalibrationCheck,
    PackDeclaration,
    PackManifest,
    parse_any_manifest,
    parse_manifest,
)

_ROOT = Path(__file__).parent.parent
_REPORTS = _ROOT / "docs" / "reports"
_END = "<!-- end -->\n"
_PACK = "opencv"
_FORMER = "public-domain"
_TEXT = "text"
_LEAST = 70
_HEAD = """# Model card: opencv

The default pack: YuNet finds faces, O-Net their landmarks, SFace makes templates. This page is
generated from the figures in [the reports](../reports/README.md) and the pack's manifest
(`tools/generate_model_card.py`); [Accuracy](../explanation/accuracy.md) says how the recipe was
found and [Reading a report](../explanation/reading-a-report.md) what the words mean.

**For:** finding candidates among people who agreed to be enrolled, with a person looking at every
candidate. **Not for:** deciding anything about anybody on its own. Networks of 2021 to 2023 are
behind what vendors submit to NIST, and this pack has not been tested by NIST.

It has no notion of ethnicity, nationality, religion, immigration status, sexuality, age, gender or
emotion, and no defence against photos of photos.
"""
_LONDON = """
On 102 volunteers of the Face Research Lab London Set, who named their ethnicity and gender
themselves, two images each of one sitting, at the same similarity 80 (FMR 1e-4 on LFW):

{everybody}
A threshold does not carry over. What those that ship with the pack let through among these
volunteers, everybody with everybody and within each group alone (`reknown models show {pack}`):

| Strangers within | People | {heads} |
|---|---|{rules}|
{rows}

In brackets the rate and its interval of 95 %, clustered by subject. Groups of fewer than 30
people are too small to be compared with each other, and the intervals say so; all together they
are enough to see that it is worse on people who resemble each other than LFW suggests. Photographs
of one sitting say nothing about misses on other days.
"""


def page() -> str:
    """The whole model card."""
    return "\n".join(
        (
            _HEAD,
            "## Files and licences\n",
            licences(),
            "## How often it is wrong\n",
            _lfw(),
            "## For whom\n" + _london(),
            "## What faces do\n",
            _attributes(),
        )
    )


def licences(pack: str = _PACK) -> str:
    """The table of a pack's files."""
    rows = [
        f"| {role} | {file.licence} | {file.training_data} | `{file.sha256[:16]}` |"
        for role, file in _any_manifest(pack).files().items()
    ]
    return "| File | Licence | Trained on | SHA-256 |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"


def _text(pack: str) -> str:
    manifest = files("reknown.vision.packs") / "builtin" / f"{pack}.toml"
    return manifest.read_text(encoding="utf-8")


def _manifest(pack: str = _PACK) -> PackManifest:
    return parse_manifest(_text(pack))


def _any_manifest(pack: str) -> PackDeclaration:
    return parse_any_manifest(_text(pack))


def _attributes() -> str:
    """What the pack of attributes gets wrong."""
    manifest = _any_manifest(ATTRIBUTES)
    assert isinstance(manifest, AttributesManifest)
    rows = [
        f"| {measure.attribute} | {check.dataset} | {_errors(check.missed, check.yes)} | "
        f"{_errors(check.false, check.no)} |"
        for measure in manifest.attributes.measures
        for check in measure.checks
    ]
    fitted = [
        f"| {m.attribute} | {', '.join(m.weights)} | {m.yes} | {m.no} | {m.prior:.3g} |"
        for m in manifest.attributes.measures
    ]
    gaze = manifest.attributes.gaze
    looking = round(gaze.within * gaze.images)
    return "\n".join(
        (
            "The pack `attributes` measures these with whichever pack finds the faces;",
            "[Attributes](../explanation/attributes.md) says how, and how good its poses are.",
            "Errors of people that nothing was fitted on, with Wilson intervals of 95 %:",
            "",
            "| Attribute | Images | Missed | Falsely said |",
            "|---|---|---|---|",
            *rows,
            "",
            "The answer and its confidence come from a logistic function of these measures, fitted",
            "on the other half of the people, with each answer weighted to be as frequent as among",
            "random images:",
            "",
            "| Attribute | Measures | Images with it | Without | Share with it |",
            "|---|---|---|---|---|",
            *fitted,
            "",
            f"The gaze was less than ten degrees off the camera in {_errors(looking, gaze.images)}",
            "images of people who looked at or near it.",
            "",
        )
    )


def _errors(errors: int, trials: int) -> str:
    if not trials:
        return "-"
    interval = wilson_of(errors / trials, trials)
    return (
        f"{errors} of {trials} ({100 * errors / trials:.1f} %; "
        f"{100 * interval.low:.1f} to {100 * interval.high:.1f})"
    )


def _lfw() -> str:
    default, former, folds = (
        _report(name) for name in ("lfw-view2", f"lfw-view2-{_FORMER}", "lfw-view2-folds")
    )
    data, missed = default["data"], default["failures"]["fta"]
    pairs = zip(default["points"], former["points"], strict=True)
    rows = [
        f"| {point['similarity']:.0f} | {point['target_fmr']:g} | {_counted(point['fmr'])} | "
        f"{_counted(point['fnmr'])} | {_counted(worse['fnmr'])} |"
        for point, worse in pairs
    ]
    held = [
        f"| {point['target_fmr']:g} | {_counted(point['fmr'])} | {_counted(point['fnmr'])} |"
        for point in default["held_out"]["points"]
    ]
    return "\n".join(
        (
            f"All pairs of the {data['pictures']:,} images of {data['subjects']:,} people of LFW",
            f"view 2. No face was found in {missed['errors']} of {missed['trials']:,} images;",
            "failures count as errors. Intervals are of 95 % and clustered by subject.",
            "",
            f"| Similarity | FMR asked for | False matches | Missed mates | by `{_FORMER}` |",
            "|---|---|---|---|---|",
            *rows,
            "",
            f"LFW's own ten folds: {100 * folds['folds']['accuracy']:.2f} % right (standard error "
            f"{100 * folds['folds']['standard_error']:.2f}).",
            "",
            f"Thresholds chosen on {default['held_out']['tuning_subjects']:,} of the people, "
            f"rates of the other {default['held_out']['testing_subjects']:,}:",
            "",
            "| FMR asked for | False matches | Missed mates |",
            "|---|---|---|",
            *held,
            "",
            f"LFW has wrong labels: {default['duplicates']['count']} pairs of images look the",
            "same, one of them under two names, and 20 or so of the most similar pairs have two",
            "names of one person, spelt in two ways. They count as false matches here, and set the",
            "last row: [Accuracy](../explanation/accuracy.md) has the figures without them.",
            "",
        )
    )


def _london() -> str:
    runs = _report("london")["runs"]
    figures = next(run["figures"] for run in runs if run["options"] == "--similarity 80")
    everybody = (
        f"- false matches: {_counted(figures['fmr'])}, all between "
        f"{figures['false_match_subject_pairs']} pairs of people\n"
        f"- missed mates: {_counted(figures['fnmr'])}\n"
    )
    checks = _manifest().calibration.checks  # type: ignore[union-attr]
    shown = [i for i, similarity in enumerate(checks[0].similarities) if similarity >= _LEAST]
    rows = [
        f"| {check.group} | {check.people} | {' | '.join(_checked(check, i) for i in shown)} |"
        for check in checks
    ]
    return _LONDON.format(
        everybody=everybody,
        pack=_PACK,
        heads=" | ".join(f"at similarity {checks[0].similarities[i]:.0f}" for i in shown),
        rules="|".join("---" for _ in shown),
        rows="\n".join(rows),
    )


def _checked(check: CalibrationCheck, i: int) -> str:
    return _counted(
        {
            "errors": check.false_matches[i],
            "trials": check.comparisons,
            "rate": check.false_matches[i] / check.comparisons,
            "low": check.low[i],
            "high": check.high[i],
        }
    )


def _counted(rate: dict[str, Any]) -> str:
    return (
        f"{rate['errors']:,} of {rate['trials']:,} ({rate['rate']:.3g}; "
        f"{rate['low']:.2g} to {rate['high']:.2g})"
    )


def _report(name: str) -> Any:
    return json.loads((_REPORTS / f"{name}.json").read_text(encoding="utf-8"))


def _with_tables(text: str) -> str:
    """The tables of the default pack, the former one, and those of attributes and of text."""
    for pack in (_PACK, _FORMER, ATTRIBUTES, _TEXT):
        before, _, rest = text.partition(f"<!-- generated: {pack} -->\n")
        table = f"<!-- generated: {pack} -->\n{licences(pack)}"
        text = before + table + _END + rest.partition(_END)[2]
    return text


if __name__ == "__main__":
    card, licence_page = _ROOT / "docs" / "reference" / "model-card.md", _ROOT / "MODEL-LICENCES.md"
    wanted = {card: page(), licence_page: _with_tables(licence_page.read_text(encoding="utf-8"))}
    if "--check" in sys.argv:
        sys.exit(any(path.read_text(encoding="utf-8") != text for path, text in wanted.items()))
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")
