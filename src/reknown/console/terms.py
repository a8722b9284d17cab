"""Codes that pages show as words: each is a message of the catalogs."""

from __future__ import annotations

_ROLES = ("keeper", "reviewer", "auditor", "operator")
_CASES = ("nobody-to-judge", "open", "disputed", "decided")
_OPINIONS = ("same", "different", "cannot-tell")
_GROUNDS = (
    *("face-shape", "hairline", "eyes", "nose", "mouth", "ears", "lines", "marks", "age", "pose"),
    *("quality", "covered"),
)
_EVALUATIONS = ("running", "done", "failed", "stopped", "interrupted")
_KEPT = ("faces", "sightings", "searches of films", "records of the ledger")
TERMS = frozenset({*_ROLES, *_CASES, *_OPINIONS, *_GROUNDS, *_EVALUATIONS, *_KEPT})
