"""Messages between the process that evaluates and the one that waits for it: lines of JSON."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from reknown.reporting.layout import PageLayout
from reknown.structs import resolved

KINDS = ("verify", "identify", "groups", "calibrate")


class EvaluationPlan(msgspec.Struct, frozen=True):
    """What to measure, in the terms of the commands; `by` are columns, none for all.

    `worst_group` is the column whose worst group sets the scores of a calibration.
    """

    kind: str
    choose: str = "central"
    similarities: tuple[float, ...] = ()
    by: tuple[str, ...] = ()
    dataset: str = ""
    worst_group: str | None = None


class EvaluationTask(msgspec.Struct, frozen=True):
    """A plan on the pictures in a folder, or those that a `manifest` names in it.

    `cache` and `packs` are where templates, converted models and further packs are kept.
    """

    plan: EvaluationPlan
    pack: str
    folder: str
    manifest: bytes | None
    cache: str
    packs: str


class Looked(msgspec.Struct, frozen=True, tag=True):
    """It goes on; so many pictures are done."""

    done: int


class Measured(msgspec.Struct, frozen=True, tag=True):
    """The end: the report laid out, its figures as JSON, and the calibration as TOML if any."""

    layout: PageLayout
    figures: str
    calibration: str | None


class EvaluationFailed(msgspec.Struct, frozen=True, tag=True):
    """The end: what was wrong, for people."""

    reason: str


Message: TypeAlias = Looked | Measured | EvaluationFailed

TASKS: msgspec.json.Decoder[EvaluationTask] = msgspec.json.Decoder(resolved(EvaluationTask))
MESSAGES: msgspec.json.Decoder[Message] = msgspec.json.Decoder(resolved(Message))
LAYOUTS: msgspec.json.Decoder[PageLayout] = msgspec.json.Decoder(resolved(PageLayout))
