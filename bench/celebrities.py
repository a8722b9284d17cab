"""Whom RecognizeCelebrities names: the volunteers of the London set, half of them celebrities.

    python bench/celebrities.py > celebrities.json

Needs the folder `london` in `$REKNOWN_SHARED/data` (default `../shared`), on which no threshold was
chosen. One half of the people is enrolled with the neutral picture each. Their smiling pictures are
the mates, both pictures of the other half the strangers; then the halves change places. Intervals
are exact and take pictures as independent, which two of one stranger are not.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from reknown.access.rights import ALL
from reknown.api import shapes
from reknown.api.call import Call
from reknown.api.operations.celebrities import recognize_celebrities
from reknown.api.page_tokens import PageTokens
from reknown.biometrics.rates import Rate
from reknown.cli.session import open_context
from reknown.evaluation.measures.intervals import exact
from reknown.services.galleries.enrolees import Enrolee
from reknown.services.galleries.enrolment import enrol_subjects

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reknown.services.context import Context

_DATA = Path(os.environ.get("REKNOWN_SHARED", "../shared")) / "data" / "london"


def main() -> None:
    neutral, smiling = (_pictures(folder) for folder in ("neutral_front", "smiling_front"))
    people = sorted(neutral.keys() & smiling.keys())
    random.Random(27).shuffle(people)
    halves = people[::2], people[1::2]
    counts: Counter[str] = Counter()
    for known, strangers in (halves, halves[::-1]):
        with TemporaryDirectory() as folder, open_context(Path(folder)) as context:
            enrolled = enrol_subjects(
                context, "stars", [Enrolee(neutral[person], person) for person in known]
            )
            counts["enrolled"] += sum(result.face is not None for result in enrolled)
            for person in known:
                names = _named(context, smiling[person])
                counts["mates"] += 1
                counts["missed"] += person not in names
                counts["misnamed"] += any(name != person for name in names)
            for person in strangers:
                for picture in (neutral[person], smiling[person]):
                    counts["strangers"] += 1
                    counts["strangers named"] += bool(_named(context, picture))
    rates = {
        "missed": Rate(counts["missed"], counts["mates"]),
        "misnamed": Rate(counts["misnamed"], counts["mates"]),
        "strangers named": Rate(counts["strangers named"], counts["strangers"]),
    }
    shown = {name: _shown(rate) for name, rate in rates.items()}
    json.dump({"enrolled": counts["enrolled"], **shown}, sys.stdout, indent=1)


def _shown(rate: Rate) -> dict[str, Any]:
    interval = exact(rate)
    within = [round(interval.low, 5), round(interval.high, 5)]
    return {"errors": rate.errors, "trials": rate.trials, "interval": within}


def _pictures(folder: str) -> dict[str, Path]:
    """By the number of the person."""
    return {path.name.partition("_")[0]: path for path in (_DATA / folder).glob("*.jpg")}


def _named(context: Context, picture: Path) -> list[str]:
    call = Call(context, PageTokens(bytes(32)), ALL, "us-east-1", celebrities="stars")
    image = shapes.Image(bytes=picture.read_bytes())
    answer = recognize_celebrities(call, shapes.RecognizeCelebritiesRequest(image=image))
    faces: Iterable[shapes.Celebrity] = answer.celebrity_faces or ()
    return [face.name or "" for face in faces]


if __name__ == "__main__":
    main()
