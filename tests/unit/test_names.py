from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2] / "src"
WIRE = SOURCES / "reknown" / "api" / "shapes.py"


def test_no_two_public_classes_have_one_name() -> None:
    """But for the shapes of the wire, which Amazon has named."""
    names = Counter(
        node.name
        for path in SOURCES.rglob("*.py")
        if path != WIRE
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert len(names) > 200
    assert [name for name, count in names.items() if count > 1] == []
