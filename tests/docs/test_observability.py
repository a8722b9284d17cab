"""The pages on metrics and on the log name what the code writes, and nothing else."""

import ast
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from prometheus_client.parser import text_string_to_metric_families

from pages import ROOT
from reknown.api.metrics import Metrics
from reknown.biometrics.live import LiveCounts
from reknown.ledger.quotas import Quota, QuotaCount
from reknown.services.live.presence import MeasuredWatch
from reknown.services.quotas import KeyQuota

_REFERENCE = ROOT / "docs" / "reference"
_LEVELS = {"info", "warning", "error", "exception"}
# Said once for all lines.
_COMMON = {"event", "level", "timestamp", "exception", "logger"}
_AUTOMATIC = {"exc_info"}


def test_metrics() -> None:
    metrics = Metrics()
    metrics.answered("DetectFaces", "", 0.1)
    with metrics.stage("decode"):
        pass
    metrics.running.labels("storage").inc()
    metrics.waiting.labels("storage").inc()
    metrics.throttled.labels("room").inc()
    count = QuotaCount(Quota("images", "day", 500), datetime(2026, 11, 29, tzinfo=UTC), 20)
    metrics.watched("", [MeasuredWatch("hall", True, LiveCounts(), "connected")])
    text = metrics.text(1, {"FAILED": 1}, "", [KeyQuota("RK", count)], 1)
    families = text_string_to_metric_families(text.decode())
    measured = {
        (family.name + ("_total" if family.type == "counter" else ""), family.type, labels)
        for family in families
        for labels in [frozenset(family.samples[0].labels) - {"le"}]
        if not family.name.endswith("_created")
    }
    page = (_REFERENCE / "metrics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(reknown\w+)` \| (\w+) \|([^|]*)\|", page, re.MULTILINE)
    written = {(row[0], row[1], frozenset(re.findall(r"`(\w+)`", row[2]))) for row in rows}
    assert written == measured


def test_log_lines() -> None:
    written = _documented()
    logged: dict[str, set[str]] = {}
    for path in (ROOT / "src").rglob("*.py"):
        for event, fields in _log_calls(ast.parse(path.read_text(encoding="utf-8"))):
            logged.setdefault(event, set()).update(fields)
    assert written.keys() == logged.keys()
    assert written == logged


def _documented() -> dict[str, set[str]]:
    """The fields of each event: code in its section that is a plain name in lower case."""
    page = (_REFERENCE / "log.md").read_text(encoding="utf-8")
    found = {}
    for section in re.split(r"^### ", page, flags=re.MULTILINE)[1:]:
        event, _, text = section.partition("\n")
        text = text.partition("\n## ")[0]
        cells = re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE)
        listed = re.findall(r"Fields?(?: as of [^:]*)?: ([^.]*)\.", text)
        names = {name for part in [*cells, *listed] for name in re.findall(r"`(\w+)`", part)}
        found[event] = names - _COMMON
    return found


def _log_calls(tree: ast.Module) -> Iterator[tuple[str, set[str]]]:
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            spread = _dictionaries(function)
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and _logs(call):
                    (event,) = (a.value for a in call.args if isinstance(a, ast.Constant))
                    yield str(event), _fields(call, spread)


def _logs(call: ast.Call) -> bool:
    function = call.func
    return (
        isinstance(function, ast.Attribute)
        and function.attr in _LEVELS
        and ast.unparse(function.value).endswith("log")
    )


def _fields(call: ast.Call, spread: dict[str, set[str]]) -> set[str]:
    named = {keyword.arg for keyword in call.keywords if keyword.arg is not None}
    whole = [ast.unparse(keyword.value) for keyword in call.keywords if keyword.arg is None]
    return named.union(*(spread[name] for name in whole)) - _AUTOMATIC


def _dictionaries(function: ast.AST) -> dict[str, set[str]]:
    """The keys of dictionaries that the function gives a name."""
    return {
        ast.unparse(statement.targets[0]): {
            str(key.value) for key in statement.value.keys if isinstance(key, ast.Constant)
        }
        for statement in ast.walk(function)
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Dict)
    }
