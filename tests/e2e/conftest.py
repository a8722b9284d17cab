from __future__ import annotations

from browsing import browser
from postgres_server import postgres_url

__all__ = ["browser", "postgres_url"]
