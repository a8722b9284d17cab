"""Stable names for what every run draws again: ids, secrets, times, digests of images."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_LEDGER = "ledger"
_UUID = r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
_KEY_ID = r"\bRK[A-Z2-7]{18}\b"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(\+00:00|Z| UTC)?")
# Who runs the story, and when.
_PRESENT = {
    "actor": (re.compile(r"^cli:.*"), "cli:<user>"),
    "command": (re.compile(r"(?<=--month )\d{4}-\d\d"), "<month>"),
    "month": (re.compile(r"\d{4}-\d\d"), "<month>"),
}
_DRAWN = re.compile(f"({_UUID})|({_KEY_ID})")
# What `doctor` finds out about the machine.
_MACHINE = (
    (re.compile(r"\d+ cores.*"), "<processor>"),
    (re.compile(r"compiled for [A-Z0-9]+|with NumPy, .*"), "<kernel>"),
    (re.compile(r"SRT can.*"), "<libsrt>"),
    (re.compile(r"\b\d+ ms\b"), "<time>"),
    (re.compile(r"[\d,]+\.\d MiB"), "<size>"),
    (re.compile(r"at most (any number|\d+)"), "at most <limit>"),
    (re.compile(r"\b\d+\.\d+\.\d+(\.\d+)*\b"), "<version>"),
)
# What proofs say that no two runs share: keys, hashes, signatures.
_PROOFS = (
    (re.compile(r"(?s)^reknown\.local/[0-9a-f]{32}\n\d+\n.*\Z"), "<note>"),
    (re.compile(r"\A[A-Za-z0-9+/]{43}=\Z"), "<hash>"),
    (re.compile(r"reknown\.local/[0-9a-f]{32}\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{44}"), "<public key>"),
    (re.compile(r"reknown\.witness/[0-9a-f]{16}\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{44}"), "<witness>"),
    (re.compile(r"reknown\.local/[0-9a-f]{32}"), "<ledger>"),
    (re.compile(r"(?<=sign-in\?link=)[\w-]{43}"), "<token>"),
)
# By the last word of its key: what an id belongs to.
_KINDS = {
    "access_key_id": "access key",
    "approval": "approval",
    "approval_id": "approval",
    "ApprovalId": "approval",
    "case": "case",
    "CaseId": "case",
    "face": "face",
    "face_id": "face",
    "FaceId": "face",
    "FaceIds": "face",
    "Id": "celebrity",
    "ImageId": "image",
    "job": "job",
    "JobId": "job",
    "judgement_sha256": "digest",
    "Logref": "request",
    "NextToken": "token",
    "OrderSeed": "seed",
    "seed": "seed",
    "SessionId": "session",
    "seeds_sha256": "digest",
    "request_id": "request",
    "secret_access_key": "secret",
    "subject_id": "subject",
    "sighting_id": "sighting",
    "track_id": "track",
}
_WHOLE = {
    *("Id", "job", "JobId", "NextToken", "secret_access_key", "SessionId"),
    *("judgement_sha256", "OrderSeed", "seed", "seeds_sha256"),
}
# What a story gives to see it refused is no id that was drawn.
_GIVEN = re.compile(r"00000000-0000-.*|RK2+|(.)\1+|.{1,19}")


@dataclass(slots=True)
class Placeholders:
    """Numbers values in the order in which they come up, and knows them again.

    Each belongs to the file that shows it first: there it is `<face 1>`, in all others
    `<face 1 of enroll>`. So one more id in a file renumbers that file alone. `known` are
    texts with a name of their own, such as digests of images.
    """

    known: Mapping[str, str] = field(default_factory=dict)
    _names: dict[str, tuple[str, str]] = field(default_factory=dict)
    _counts: dict[tuple[str, str], int] = field(default_factory=dict)

    def clean(self, text: str, key: str, file: str) -> str:
        """`text`, which stands under `key`, as it goes into `file`."""
        for value, name in self.known.items():
            text = text.replace(value, name)
        for pattern, name in (*_PROOFS, *(_MACHINE if key == "detail" else ())):
            text = pattern.sub(name, text)
        if key == "root":
            return "<root>"
        if key in _WHOLE and not _GIVEN.fullmatch(text):
            return self._name(text, _KINDS[key], file)
        text = _DRAWN.sub(lambda found: self._name(found[0], _kind(found, key), file), text)
        for value in self._names:  # jobs and tokens have no form of their own
            if len(value) > 36 and value in text:
                text = text.replace(value, self._name(value, "", file))
        if key in _PRESENT:
            pattern, name = _PRESENT[key]
            text = pattern.sub(name, text)
        return _MOMENT.sub("<time>", text)

    def _name(self, value: str, kind: str, file: str) -> str:
        if _GIVEN.fullmatch(value):
            return value
        if value not in self._names and file == _LEDGER and kind == "request":
            return "<request>"  # its answer did not show it
        if value not in self._names:
            number = self._counts[kind, file] = self._counts.get((kind, file), 0) + 1
            self._names[value] = (f"{kind} {number}", file)
        name, home = self._names[value]
        return f"<{name}>" if home == file else f"<{name} of {home}>"


def _kind(found: re.Match[str], key: str) -> str:
    return "access key" if found[2] else _KINDS.get(key, "id")
