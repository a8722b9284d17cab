"""What reviews cost a search, and whether changed packets are found.

    python -m bench.reviews > reviews.json

`milliseconds` are those of a search of 20,000 drawn faces with one candidate, and of 5,000 drawn
sightings, without a policy, with cases, and with a known non-mate in each of them, turn about:
medians and 95th percentiles of 300 each, each committed. `flips` are single bits changed at random
places of a packet, once as JSON and once as a ZIP file, and how many of them were found and told
with a part.
"""

from __future__ import annotations

import json
import random
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import numpy as np
from bench import gallery

from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.policy import Policy
from reknown.biometrics.sightings import Medium, MediumKind, Sighting
from reknown.biometrics.thresholds import ThresholdChoice
from reknown.gallery.cache import IndexCache
from reknown.gallery.policies import set_policy
from reknown.gallery.sightings import keep_sightings
from reknown.ledger.actor import Actor
from reknown.objects.allow import NoObjects
from reknown.review import check_packet
from reknown.review.opinions import CandidateJudgement, Ground, Opinion
from reknown.review.reviewers import Reviewer, today_utc
from reknown.services.context import Context, Platform
from reknown.services.reviews import cases
from reknown.services.reviews.packets import make_packet
from reknown.services.reviews.reviewers import add_reviewer
from reknown.services.searches.search import Query, Unit
from reknown.services.searches.sightings import find_person
from reknown.services.searches.stored import search_by_face
from reknown.vision.engines import Engines

if TYPE_CHECKING:
    from collections.abc import Callable

    from reknown.services.reviews.packets import DisclosurePacket

_SIZE = 20_000
_SEARCHES, _FLIPS = 300, 20_000
_POLICIES = {
    "without": Policy(),
    "cases": Policy(reviewers=1, review_seeds=0),
    "cases with a known non-mate": Policy(reviewers=1, review_seeds=1),
}
_PERSON, _SIGHTINGS = "user 0", 5_000
_QUERY = Query(gallery.COLLECTION, ThresholdChoice(score=-1.0), 1, Unit.REFERENCES)
_REVIEWER = Actor("cli:ann")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, gallery.filled(Path(folder), _SIZE) as filled:
        platform = Platform(
            filled.database,
            Engines(gallery.DrawnPack(), gallery.SPACE.pack),
            cast("Any", None),  # nothing is extracted
            IndexCache(2**30),
            NoObjects(),
        )
        context = Context(platform, Actor("bench"))
        _see(context)
        costs = {"faces": _costs(context, _search), "sightings": _costs(context, _find)}
        report = {"milliseconds": costs, "flips": _flips(_packet(context))}
    print(json.dumps(report, indent=1))


def _costs(context: Context, search: Callable[[Context], object]) -> dict[str, Any]:
    spent: dict[str, list[float]] = {name: [] for name in _POLICIES}
    search(context)
    for _ in range(_SEARCHES):
        for name, policy in _POLICIES.items():
            _set(context, policy)
            begun = time.perf_counter()
            search(context)
            spent[name].append(1000 * (time.perf_counter() - begun))
    return {
        name: {
            "median": round(statistics.median(times), 2),
            "p95": round(statistics.quantiles(times, n=20)[-1], 2),
        }
        for name, times in spent.items()
    }


def _packet(context: Context) -> DisclosurePacket:
    """Of a case that is decided, with a known non-mate."""
    _set(context, _POLICIES["cases with a known non-mate"])
    (case,) = _search(context)
    assert case is not None
    add_reviewer(context, Reviewer(_REVIEWER.name, today_utc() + timedelta(days=1)))
    desk = context.by(_REVIEWER)
    judgement = CandidateJudgement(Opinion.DIFFERENT, (Ground.EARS,))
    for number in cases.read_case(desk, gallery.COLLECTION, case).left:
        cases.judge(desk, gallery.COLLECTION, case, number, judgement)
    return make_packet(context, gallery.COLLECTION, case)


def _flips(packet: DisclosurePacket) -> dict[str, Any]:
    chance = random.Random(47)
    names = {*packet.parts, "contents", "container"}
    report = {}
    for kind, data in (("json", packet.as_json()), ("zip", packet.as_zip())):
        told = [_told(data, chance) for _ in range(_FLIPS)]
        named = sum(bool({fault.partition(":")[0] for fault in each} & names) for each in told)
        report[kind] = {
            "bytes": len(data),
            "flips": _FLIPS,
            "found": sum(map(bool, told)),
            "named": named,
        }
    return report


def _told(data: bytes, chance: random.Random) -> list[str]:
    broken = bytearray(data)
    broken[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    try:
        return check_packet.check(bytes(broken))
    except check_packet.PacketError as error:
        return [str(error)]


def _set(context: Context, policy: Policy) -> None:
    with context.database.begin() as connection:
        set_policy(connection, gallery.COLLECTION, policy)


def _search(context: Context) -> tuple[str | None, ...]:
    return search_by_face(context, _QUERY, gallery.face_id(0)).cases


def _see(context: Context) -> None:
    """Keeps the faces of a film."""
    medium = Medium("ab" * 32, MediumKind.VIDEO, "film.mp4")
    drawn = np.random.default_rng(54).normal(size=(_SIGHTINGS, gallery.SPACE.dimension))
    drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
    box = BoundingBox(0.1, 0.1, 0.2, 0.2)
    seen = [
        Sighting(str(uuid4()), medium, at, at + 9, at, box, 0.9, 60, True, 1, vector)
        for at, vector in enumerate(drawn.astype(np.float32))
    ]
    with context.database.begin() as connection:
        keep_sightings(connection, gallery.COLLECTION, medium, seen, gallery.SPACE, None)


def _find(context: Context) -> str | None:
    threshold = ThresholdChoice(score=-1.0)
    return find_person(context, gallery.COLLECTION, _PERSON, threshold, limit=1).case


if __name__ == "__main__":
    main()
