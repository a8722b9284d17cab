"""Writes docs/model-card.md and the table in MODEL-LICENCES.md from reports and manifests.

    .venv/bin/python tools/generate_model_card.py [--check]

`--check` writes nothing and ends with 1 when a file is not up to date.
"""

from __future__ import annotations

import json
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

from reknown.vision.packs.manifest import parse_manifest

_ROOT = Path(__file__).parent.parent
_REPORTS = _ROOT / "docs" / "reports"
_BEGIN, _END = "<!-- generated -->\n", "<!-- end -->\n"
_PACK = "public-domain"
_HEAD = """# Model card: public-domain

The default pack: MTCNN finds faces, dlib's network of 2017 makes templates. This page is
generated from the figures in [reports/](reports/) and the pack's manifest
(`tools/generate_model_card.py`); [accuracy.md](accuracy.md) says how the recipe was found and
[reading-a-report.md](reading-a-report.md) what the words mean.

**For:** finding candidates among people who agreed to be enrolled, with a person looking at every
candidate. **Not for:** deciding anything about anybody on its own. It is years behind what
vendors submit to NIST, and it has not been tested by NIST.

It has no notion of ethnicity, nationality, religion, immigration status, sexuality, age, gender or
emotion, and no defence against photos of photos.
"""
_LONDON = """
On 102 volunteers of the Face Research Lab London Set, who named their ethnicity and gender
themselves, two pictures each of one sitting, at the same similarity 80 (FMR 1e-4 on LFW):

{everybody}
Groups with fewer than {minimum} people get no figure here, and no ratio is given where a group
has too few comparisons: these volunteers are too few to say for whom it is worse, and enough to
see that it is worse on people who resemble each other than LFW suggests.

| Grouping | Group | People | False matches within the group | Missed mates |
|---|---|---|---|---|
{rows}
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
        )
    )


def licences() -> str:
    """The table of the pack's files."""
    text = files("reknown.vision.packs") / "builtin" / f"{_PACK}.toml"
    manifest = parse_manifest(text.read_text(encoding="utf-8"))
    rows = [
        f"| {role} | {file.licence} | {file.training_data} | `{file.sha256[:16]}` |"
        for role, file in manifest.files().items()
    ]
    return "| File | Licence | Trained on | SHA-256 |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"


def _lfw() -> str:
    default, accurate, folds = (
        _report(name) for name in ("lfw-view2", "lfw-view2-accurate", "lfw-view2-folds")
    )
    data, missed = default["data"], default["failures"]["fta"]
    pairs = zip(default["points"], accurate["points"], strict=True)
    rows = [
        f"| {point['similarity']:.0f} | {point['target_fmr']:g} | {_counted(point['fmr'])} | "
        f"{_counted(point['fnmr'])} | {_counted(better['fnmr'])} |"
        for point, better in pairs
    ]
    held = [
        f"| {point['target_fmr']:g} | {_counted(point['fmr'])} | {_counted(point['fnmr'])} |"
        for point in default["held_out"]["points"]
    ]
    return "\n".join(
        (
            f"All pairs of the {data['pictures']:,} pictures of {data['subjects']:,} people of LFW",
            f"view 2. No face was found in {missed['errors']} of {missed['trials']:,} pictures;",
            "failures count as errors. Intervals are of 95 % and clustered by subject.",
            "",
            "| Similarity | FMR asked for | False matches | Missed mates | with `--accurate` |",
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
            f"LFW has wrong labels: {default['duplicates']['count']} pairs of pictures look the",
            "same, one of them under two names, and several of the most similar pairs of",
            "different names are plainly one person. They count as false matches here.",
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
    rows = [
        f"| {column['column']} | {group['group']} | {group['subjects']} | "
        f"{_group(group, 'fmr', figures)} | {_group(group, 'fnmr', figures)} |"
        for column in figures["columns"]
        for group in column["groups"]
    ]
    return _LONDON.format(
        everybody=everybody, minimum=figures["minimum_subjects"], rows="\n".join(rows)
    )


def _group(group: dict[str, Any], rate: str, figures: dict[str, Any]) -> str:
    if group["subjects"] < figures["minimum_subjects"]:
        return f"too few: {figures['minimum_subjects'] - group['subjects']} more people needed"
    return _counted(group[rate])


def _counted(rate: dict[str, Any]) -> str:
    return (
        f"{rate['errors']:,} of {rate['trials']:,} ({rate['rate']:.3g}; "
        f"{rate['low']:.2g} to {rate['high']:.2g})"
    )


def _report(name: str) -> Any:
    return json.loads((_REPORTS / f"{name}.json").read_text(encoding="utf-8"))


def _with_table(text: str) -> str:
    before, _, rest = text.partition(_BEGIN)
    return before + _BEGIN + licences() + _END + rest.partition(_END)[2]


if __name__ == "__main__":
    card, licence_page = _ROOT / "docs" / "model-card.md", _ROOT / "MODEL-LICENCES.md"
    wanted = {card: page(), licence_page: _with_table(licence_page.read_text(encoding="utf-8"))}
    if "--check" in sys.argv:
        sys.exit(any(path.read_text(encoding="utf-8") != text for path, text in wanted.items()))
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")
