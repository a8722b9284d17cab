"""What the holder of an access key may do."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from reknown.biometrics.errors import AccessError, InputError

_OPERATION = re.compile(r"[A-Za-z0-9*?]{1,128}")
_COLLECTION = re.compile(r"[A-Za-z0-9_.\-*?]{1,255}")
_MOST = 100
# What takes biometric data out of the server or puts it in, what shows people as they are at this
# moment, and what changes the rules that its holder is under, has to be granted on purpose.
BY_NAME = (
    "ReknownExportTemplates",
    "ReknownGrantApproval",
    "ReknownImportTemplates",
    "ReknownLookThroughCamera",
    "ReknownPutPolicy",
    "ReknownRecordConsent",
    "ReknownResumeSearches",
    "ReknownStopSearches",
    "ReknownWithdrawApproval",
    "ReknownWithdrawConsent",
)
# What only people do, in the console, with an access key too.
IN_CONSOLE = (
    "ReknownAddToArchive",
    "ReknownEvaluate",
    "ReknownListStoredFilms",
    "ReknownReadLedger",
    "ReknownStopJob",
)
_CHARACTERS = {"operation": "letters, digits", "collection": "letters, digits, -, ., _"}


@dataclass(frozen=True, slots=True)
class Rights:
    """Operations and the collections to use them on, as patterns.

    `*` stands for any characters and `?` for any one. Raises `InputError` for an
    invalid pattern, for none at all and for more than 100 of a kind.
    """

    operations: tuple[str, ...]
    collections: tuple[str, ...]

    def __post_init__(self) -> None:
        _check("operation", self.operations, _OPERATION)
        _check("collection", self.collections, _COLLECTION)

    def permits(self, operation: str, collection: str | None, *, by_name: bool = False) -> bool:
        """Whether the operation is allowed on the collection, None if it has none.

        `by_name` is for what no pattern shall allow by chance: the operation's own name has
        to be among the rights.
        """
        if by_name:
            allowed = operation in self.operations
        else:
            allowed = any(matches(pattern, operation) for pattern in self.operations)
        return allowed and (collection is None or self.permits_collection(collection))

    def permits_collection(self, name: str) -> bool:
        """Whether the collection may be seen at all."""
        return any(matches(pattern, name) for pattern in self.collections)

    def to_json(self) -> str:
        """The rights as text."""
        return json.dumps({"operations": self.operations, "collections": self.collections})

    @classmethod
    def from_json(cls, text: str) -> Rights:
        """The rights that `to_json` wrote; raises `AccessError` for anything else."""
        try:
            value = json.loads(text)
            return cls(_strings(value["operations"]), _strings(value["collections"]))
        except (ValueError, TypeError, KeyError, InputError) as error:
            raise AccessError(
                "the stored rights of an access key are damaged: restore a backup of the database"
            ) from error


def matches(pattern: str, name: str) -> bool:
    """Whether the whole name, letter case included, is what the pattern of a right stands for."""
    return fnmatchcase(name, pattern)


def _check(what: str, patterns: tuple[str, ...], form: re.Pattern[str]) -> None:
    if not 1 <= len(patterns) <= _MOST:
        raise InputError(f"an access key takes 1 to {_MOST} patterns of {what}s")
    for pattern in patterns:
        if not form.fullmatch(pattern):
            raise InputError(
                f"invalid {what} pattern {pattern!r} ({_CHARACTERS[what]}, * and ? only)"
            )


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError("not a list of strings")
    return tuple(value)


ALL = Rights(("*",), ("*",))
