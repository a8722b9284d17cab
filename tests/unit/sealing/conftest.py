from __future__ import annotations

from unit.databases import location

__all__ = ["location"]
