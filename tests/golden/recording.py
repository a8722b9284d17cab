"""What was done and answered, in files that people can read."""

from __future__ import annotations

import difflib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from golden.figures import rounded, settled

if TYPE_CHECKING:
    from golden.placeholders import Placeholders

EXPECTED = Path(__file__).with_name("expected")
_WRITES = os.environ.get("REKNOWN_GOLDEN") == "write"
_WIDTH = 100
_MOMENTS = {
    *("CreationTimestamp", "CompletionTimestamp", "DateCreated", "LastUpdatedTimestamp"),
    *("OpenedAt", "GivenAt", "WithdrawnAt", "GrantedAt", "ExpiresAt", "StartedAt", "FinishedAt"),
    "LastUpdateTimestamp",
}


@dataclass(slots=True)
class Recording:
    """Steps by the file that they belong to, in the order of the story."""

    placeholders: Placeholders
    files: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, file: str, step: dict[str, Any]) -> None:
        """One step more."""
        cleaned = self._clean(step, "", file)
        for row in cleaned.get("out", [cleaned]):
            if isinstance(row, dict):
                _order(row)
                _rub_out(row)
        self.files.setdefault(file, []).append(cleaned)

    def _clean(self, value: Any, key: str, file: str) -> Any:
        if isinstance(value, dict):
            clean = self.placeholders.clean
            cleaned = {
                clean(name, "subject_id", file): self._clean(item, name, file)
                for name, item in value.items()
            }
            return dict(sorted(cleaned.items())) if key == "names" else cleaned
        if isinstance(value, (list, tuple)):
            return [self._clean(item, key, file) for item in value]
        if isinstance(value, str):
            return self.placeholders.clean(value, key, file)
        if isinstance(value, (int, float)) and key in _MOMENTS:
            return "<time>"
        return rounded(value, key) if isinstance(value, float) else value


_ORDERLESS = {
    *("delete tracks", "delete sightings", "delete faces", "delete user"),
    *("erase", "withdraw consent", "purge faces"),
}


def _order(row: dict[str, Any]) -> None:
    """Sorts what a row of the ledger lists by ids, which are drawn."""
    record = row.get("record", {})
    if row.get("operation") in _ORDERLESS:
        for name in {"faces", "sightings", "tracks"} & set(record):
            if isinstance(record[name], list):  # others only count
                record[name].sort()


def _rub_out(row: dict[str, Any]) -> None:
    """What differs in every backup, with every master key, and with time."""
    record = row.get("record", {})
    if row.get("operation") == "adopt master key":
        record["fingerprint"] = "<fingerprint>"
    if "public_key" in row and "fingerprint" in row:
        row["fingerprint"] = "<fingerprint>"
    certificate = row.get("certificate", {})
    proven = (certificate.get("proof") or {}).get("record", {}).get("detail", {})
    for told in (certificate, proven, record):
        if isinstance(told.get("keys"), list):
            told["keys"] = ["<sha256>" for _ in told["keys"]]
    if "checkpoints" in row:  # one a minute is kept
        row["checkpoints"] = "<checkpoints>"
    for told in (row, record):
        if "backup" in row or row.get("operation") in ("back up", "restore"):
            told |= {name: f"<{name}>" for name in ("bytes", "sha256", "size") if name in told}


def differences(story: str, file: str, steps: list[dict[str, Any]]) -> str:
    """How the steps differ from those kept in the file, as a diff; writes them if asked to."""
    path = EXPECTED / story / f"{file}.json"
    if _WRITES:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(layout(steps) + "\n", encoding="utf-8")
    if not path.exists():
        return f"{path.name} is missing: write it with REKNOWN_GOLDEN=write"
    before = json.loads(path.read_text(encoding="utf-8"))
    return diff(before, steps, path.name)


def diff(before: Any, after: Any, name: str = "") -> str:
    """Both as they are kept, line by line; empty when they are equal."""
    one, other = layout(before).splitlines(), layout(settled(before, after)).splitlines()
    return "\n".join(difflib.unified_diff(one, other, f"expected/{name}", "now", lineterm=""))


def layout(value: Any, indent: int = 0) -> str:
    """JSON with every part on one line that fits there."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) + indent <= _WIDTH or not isinstance(value, (dict, list)) or not value:
        return flat
    inner = "\n" + " " * (indent + 1)
    if isinstance(value, dict):
        named = (
            (f"{json.dumps(name, ensure_ascii=False)}: ", item) for name, item in value.items()
        )
        parts = [name + layout(item, indent + 1) for name, item in named]
        return "{" + inner + ("," + inner).join(parts) + inner[:-1] + "}"
    parts = [layout(item, indent + 1) for item in value]
    return "[" + inner + ("," + inner).join(parts) + inner[:-1] + "]"
