from __future__ import annotations

from unit.databases import empty_location as location

__all__ = ["location"]
