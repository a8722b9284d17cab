"""What pages show, as JSON for programs of the same person: what is listed here and nothing else.

Results hold more than pages show: where files lie, templates, whose face a blind case has. So a
type that is not in the table is not told at all, by an error that tests meet.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum
from functools import reduce
from typing import Any

from starlette.responses import Response

_PLAIN = (str, int, float, bool, type(None))
_MATCH = ("similarity", "false_match_rate")
_SIGHTING = (
    "sighting_id",
    "name=medium.name",
    "sha256=medium.sha256",
    "taken=medium.taken.at",
    "start_ms",
    "end_ms",
    "best_ms",
    "quality",
)


def _name(field: str) -> str:
    return field.partition("=")[0]


def _way(field: str) -> str:
    return field.partition("=")[2] or field


def _within(inner: str, fields: Sequence[str]) -> Sequence[str]:
    """Fields of a type as those of another, which has it as `inner`."""
    return tuple(f"{_name(each)}={inner}.{_way(each)}" for each in fields)


# By the name of a type, which is unique: its fields, or a key of its own and the way to a value.
TOLD: Mapping[str, Sequence[str]] = {
    "AccessKey": (
        *("key_id", "name", "operations=rights.operations", "collections=rights.collections"),
        *("created_at", "expires_at", "purpose"),
    ),
    "Account": ("name", "role", "collections", "second_factor", "created_at"),
    "Accuracy": (
        *("pack=collection.space.pack", "faces=collection.faces"),
        *("dataset=calibration.dataset", "comparisons=calibration.comparisons"),
        *("thresholds", "advised", "drift"),
    ),
    "Consent": (
        *("number", "user", "given_at", "recorded_by", "text_sha256", "basis"),
        *("expires_at", "withdrawn_at"),
    ),
    "FaceRecord": ("face_id", "image=image.name", "sha256=image.sha256", "quality", "created_at"),
    "FaceSearch": ("searched=gallery.size", "threshold=gallery.threshold", "matches"),
    "FiledMedium": (
        *("sha256=medium.sha256", "name=medium.name", "kind=medium.kind"),
        *("taken=medium.taken.at", "problem=medium.problem", "faces"),
    ),
    "FilmPerson": ("number", "stretches", "candidates", "objections"),
    "FilmSearch": (
        *("job_id=job.job_id", "bucket=place.bucket", "film=place.key", "state=job.state"),
        *("created_at=job.created_at", "actor=job.actor"),
    ),
    "GroupRecord": ("number", "user", "sightings", "media", "ignored", "first", "last"),
    "ShownRecord": (
        *("id=event.id", "at=event.at", "actor=event.actor", "operation=event.operation"),
        *("kind=event.kind", "collection=event.collection", "purpose=event.purpose", "summary"),
    ),
    "LiveCounts": (
        *("frames", "looked", "passed_over", "faces", "searches", "events", "reconnects"),
        "lag_seconds",
    ),
    "MadeBackup": ("at", "actor", "taken_at", "file", "size", "master_key"),
    "MatchedFace": ("face_id", "user", "external_id", *_MATCH),
    "MergeProposal": ("one", "other", *_within("comparison", _MATCH)),
    "MergeProposals": ("threshold", "groups", "people", "left_out", "proposals"),
    "Objection": ("reason", "measure", "unit", "measured", "required"),
    "PackSummary": ("name", "summary", "non_commercial", "licences", "state", "size"),
    "PersonSearch": ("user", "searched=gallery.size", "threshold=gallery.threshold", "matches"),
    "PersonBefore": ("name", "similarity", "known", "since"),
    "ProposedSide": ("number", "name", "subject_id"),
    "Quota": ("measure", "period", "most"),
    "QuotaCount": ("quota", "since", "used"),
    "ReviewCase": ("case_id", "state", "opened_at", "reviewed", "reviewers"),
    "ScoreDrift": ("at", "shift", "drifted"),
    "ShownCandidate": (
        *(
            "number",
            "face_id=face.face_id",
            "sighting_id=sighting.sighting_id",
            "own",
            "rank",
            "similarity",
            "seeded",
            "opinion",
        ),
    ),
    "ShownCase": (
        *("case_id=case.case_id", "state=case.state", "opened_at=case.opened_at"),
        *("probe_kind=case.probe.kind", "probe_sha256=case.probe.sha256"),
        *("probe_number=case.probe.number", "candidates", "left", "revealed"),
        "barred",
    ),
    "ShownCollection": (
        *("name=collection.name", "people=collection.users", "faces=collection.faces"),
        *("pack=collection.space.pack", "expected", "waiting", "unknown", "drifted", "caution"),
    ),
    "SightingMatch": (
        *_within("record.sighting", _SIGHTING),
        *_within("comparison", _MATCH),
    ),
    "SightingRecord": _within("sighting", _SIGHTING),
    "Stretch": ("from_ms", "to_ms"),
    "Threshold": ("score", *_MATCH),
    "AlertList": ("name", "people", "size", "gone"),
    "Point": ("x", "y"),
    "WatchZone": ("corners=region",),
    "WatchLine": (
        *("name", "camera", "state", "message", "started_by", "since", "counts", "present"),
        *("similarity=plan.similarity", "score=plan.score", "limit=plan.limit"),
        *("zones=plan.zones", "schedule=plan.schedule", "least_height=plan.least_height"),
        *("least_quality=plan.least_quality", "away_seconds=plan.away_seconds", "alerts"),
        *("debounce_seconds=plan.debounce_seconds", "keep_days=plan.keep_days"),
    ),
    "UserRecord": ("subject_id", "name", "faces", "created_at"),
}


def answered(status: int, told: Mapping[str, Any]) -> Response:
    """The values of a page; to a browser they are never anything but data."""
    text = json.dumps(plain(told), indent=2, allow_nan=False)
    return Response(text, status, media_type="application/json")


def plain(value: Any) -> Any:
    """The value as JSON has it; raises `TypeError` for what nobody said may be told."""
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    return {name: plain(each) for name, each in _told(value).items()}


def _told(value: Any) -> Mapping[str, Any]:
    fields = TOLD.get(type(value).__name__)
    if fields is None:
        raise TypeError(f"no page's data has a {type(value).__name__}: say in TOLD what of it")
    return {_name(each): _at(value, _way(each)) for each in fields}


def _at(value: Any, way: str) -> Any:
    """What the way leads to, None where it ends before."""
    return reduce(_step, way.split("."), value)


def _step(value: Any, name: str) -> Any:
    return None if value is None else getattr(value, name)
