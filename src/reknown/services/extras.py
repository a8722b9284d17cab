"""The extras that an installation may lack, asked for before any work is done."""

from __future__ import annotations

from importlib.util import find_spec

from reknown.biometrics.errors import InputError


def require_video_support() -> None:
    """Raises `InputError` when this installation lacks what videos need."""
    _require("videos need", "video", {"av": "PyAV", "jinja2": "jinja2"})


def require_evaluation_support() -> None:
    """Raises `InputError` when this installation lacks what evaluations need."""
    _require(
        "evaluations need", "evaluation", {name: name for name in ("scipy", "jinja2", "matplotlib")}
    )


def require_text_support() -> None:
    """Raises `InputError` when this installation lacks what reading text needs."""
    _require("reading text needs", "text", {"rapidocr": "rapidocr"})


def require_cluster_support() -> None:
    """Raises `InputError` when this installation lacks what work on a cluster needs."""
    _require("a cluster needs", "cluster", {"distributed": "distributed"})


def _require(what: str, extra: str, needed: dict[str, str]) -> None:
    missing = [name for module, name in needed.items() if find_spec(module) is None]
    if missing:
        raise InputError(f"{what} {' and '.join(missing)}: pip install 'reknown[{extra}]'")
