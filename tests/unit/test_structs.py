"""Threads that decode a type for the first time do not crash the process."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import reknown

# without `resolved` this ends by SIGSEGV within a second
_RACE = """
import sys, threading
import msgspec
from reknown.structs import resolved

sys.setswitchinterval(1e-6)
value = {name: {"x": 1, "y": "a", "z": [1], "w": {}} for name in "abc"}

def fresh():
    global Inner
    class Inner(msgspec.Struct):
        x: "int"
        y: "str"
        z: "list[int]"
        w: "dict[str, int]"
    class Outer(msgspec.Struct):
        a: "Inner"
        b: "Inner"
        c: "Inner"
    return Outer

def decode(kind, barrier):
    barrier.wait()
    assert msgspec.convert(value, resolved(kind)).c.z == [1]

for _ in range(300):
    barrier = threading.Barrier(4)
    threads = [threading.Thread(target=decode, args=(kind, barrier)) for kind in [fresh()] * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


def test_a_type_is_resolved_by_one_thread_while_others_wait() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _RACE], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_every_type_that_is_decoded_is_resolved() -> None:
    root = Path(reknown.__file__).parent
    places = [place for path in root.rglob("*.py") for place in _unresolved(path)]
    assert places == []


def _unresolved(path: Path) -> list[str]:
    """Where types go to msgspec as they are; text and bytes have no fields."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if path.name == "structs.py":
        return []
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [
        f"{path.name}:{call.lineno}"
        for call in calls
        for kind in _kinds(call)
        if not ast.unparse(kind).startswith("resolved(") and ast.unparse(kind) != "bytes"
    ]


def _kinds(call: ast.Call) -> list[ast.expr]:
    """The types that a call gives to msgspec, in all the ways it takes them."""
    match ast.unparse(call.func).split("."):
        case ["msgspec", *_, "Decoder"]:
            place = 0
        case ["msgspec", *_, "decode"]:
            place = 9  # by name alone
        case ["msgspec", "convert"]:
            place = 1
        case _:
            return []
    named = [keyword.value for keyword in call.keywords if keyword.arg == "type"]
    return named + call.args[place : place + 1]
