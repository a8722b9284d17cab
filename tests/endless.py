"""`impatient.py` with images that never come to an end: those that hold `FOR_EVER`."""

from __future__ import annotations

import json
import sys
import threading
from typing import TYPE_CHECKING, Any
from unittest import mock

import impatient
from reknown.services.executor import LocalExecutor

if TYPE_CHECKING:
    from collections.abc import Mapping

FOR_EVER = b"this one takes for ever"


def program(connections: Mapping[str, float]) -> tuple[str, ...]:
    """The command line of it, for `servers.serving`."""
    return sys.executable, __file__, json.dumps({"connections": connections, "bodies": {}})


def endless(image: bytes) -> bytes:
    """The JPEG with a comment that makes it one."""
    return image[:2] + b"\xff\xfe" + (len(FOR_EVER) + 2).to_bytes(2, "big") + FOR_EVER + image[2:]


def main() -> None:
    extract = LocalExecutor.extract

    def extract_or_not(executor: LocalExecutor, data: bytes, *rest: Any) -> Any:
        if FOR_EVER in data:
            threading.Event().wait()
        return extract(executor, data, *rest)

    with mock.patch.object(LocalExecutor, "extract", extract_or_not):
        impatient.main()


if __name__ == "__main__":
    main()
