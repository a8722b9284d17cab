"""Calls through boto3, recorded as they went over the wire."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from botocore import xform_name
from botocore.exceptions import ClientError

import callers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from golden.recording import Recording
    from servers import Server

# What boto3 itself would refuse has to reach the server.
_AS_GIVEN: dict[str, Any] = {**callers.NO_RETRIES, "parameter_validation": False}


@dataclass(slots=True)
class Caller:
    """Calls operations by their names; `who` tells keys apart in the recording."""

    server: Server
    recording: Recording
    key: tuple[str, str]
    who: str = ""
    images: Mapping[str, str] = field(default_factory=dict)
    _client: Any = field(default=None, init=False)
    _answer: dict[str, Any] = field(default_factory=dict, init=False)

    def __call__(self, operation: str, **request: Any) -> dict[str, Any]:
        """What boto3 makes of the answer; empty for an error."""
        parsed = self._call(operation, request)
        caller = {"caller": self.who} if self.who else {}
        step = {**caller, "request": request, **self._answer}
        self.recording.add(operation, self._readable(step))
        return parsed

    def _call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if self._client is None:
            self._client = callers.distinct(self.server.client(self.key, **_AS_GIVEN))
            self._client.meta.events.register("before-parse.rekognition", self._keep)
        try:
            answer: dict[str, Any] = getattr(self._client, xform_name(operation))(**request)
        except ClientError:
            return {}
        return answer

    def _keep(self, response_dict: dict[str, Any], **_: Any) -> None:
        self._answer = {
            "status": response_dict["status_code"],
            "answer": json.loads(response_dict["body"] or b"null"),
        }

    def _readable(self, value: Any, key: str = "") -> Any:
        """Templates by their first values, images by the names of their files."""
        if isinstance(value, dict):
            return {name: self._readable(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [self._readable(item, key) for item in value]
        if key == "Vector":
            return _outline(b64decode(value) if isinstance(value, str) else value)
        if isinstance(value, bytes):
            return self.images.get(hashlib.sha256(value).hexdigest(), f"<{len(value)} bytes>")
        return value


def _outline(template: bytes) -> dict[str, Any]:
    vector = np.frombuffer(template, "<f4")
    length = float(np.linalg.norm(vector))
    return {"values": len(vector), "length": length, "first": [float(v) for v in vector[:6]]}
