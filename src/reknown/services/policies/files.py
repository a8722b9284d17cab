"""Policies as people write them: TOML, one line a rule."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import msgspec

from reknown.biometrics.errors import InputError
from reknown.biometrics.policy import Policy
from reknown.storage.small_files import read_small_text
from reknown.structs import resolved

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST = 100_000
_FIELDS = tuple(field.name for field in fields(Policy))
_PLACE = re.compile(r"(.*) - at `\$\.([a-z_]+)[^`]*`")

TEMPLATE = """\
# What may be done with a collection. Set it with:
#   reknown collections policy COLLECTION --set FILE
# What is left out is not limited. With governed = true nothing that counts may be left out.

# What it may be searched for; whoever searches says which, with --purpose or X-Reknown-Purpose.
purposes = ["missing-person"]
# Forbidden whatever is allowed; * stands for anything. Some purposes are forbidden everywhere.
forbidden_purposes = ["marketing*"]
# What the law calls the ground you stand on, in your own words.
legal_basis = "explicit consent, GDPR article 9(2)(a)"
# Only people with a valid consent are enrolled: reknown consent give
consent_required = true

# Days until `reknown sweep`, a server or a worker deletes it for good.
keep_faces = 365
keep_sightings = 30
keep_jobs = 7
keep_records = 1095

# Searches below are refused.
least_similarity = 90.0
# So is a search where a stranger would be expected to reach more references than this by chance:
# the larger the collection, the higher the similarity it asks for.
most_expected_false_candidates = 0.01
# Who may search: keys as key:ID, people as cli:NAME; * stands for anything. Empty for anyone.
searchers = []
# So many minutes a day a person may be followed before cameras; with 0 none is watched.
live_minutes = 60
# Films of cameras in which nobody is clear but who is known: reknown watch --record
recording = false
# After so many searches within so many days with the same image, or that found the same person,
# each further one needs the approval of somebody else: reknown approvals
repeat_searches = 10
repeat_days = 7

# Candidates from this similarity on are judged by so many people, 1 or 2: reknown reviews
review_from = 80.0
reviewers = 2
# Known non-mates among them, as a share: they measure the reviewers.
review_seeds = 0.1

suspended = false
governed = true
"""


def read_policy_file(path: Path) -> Policy:
    """The policy in a file; raises `InputError` that names line and field."""
    return read_policy_text(read_small_text(path, _LARGEST), str(path))


def read_policy_text(text: str, where: str) -> Policy:
    """The policy in a text that people know as `where`; raises as `read_policy_file` does."""
    if len(text) > _LARGEST:
        raise _too_large(where)
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where} is not valid TOML: {error}") from error
    try:
        return as_policy(document)
    except InputError as error:
        found = re.match("[a-z_]+", str(error))
        line = found and _line_of(text, found[0])
        raise InputError(f"{where}{f', line {line}' if line else ''}: {error}") from error


def as_policy(document: dict[str, Any]) -> Policy:
    """The policy of these fields; raises `InputError` that begins with the field's name."""
    for name in document:
        if name not in _FIELDS:
            close = get_close_matches(name, _FIELDS, n=1)
            advice = f": did you mean {close[0]}?" if close else f": there are {', '.join(_FIELDS)}"
            raise InputError(f"{name} is not a rule{advice}")
    try:
        return msgspec.convert(document, resolved(Policy))
    except msgspec.ValidationError as error:
        if isinstance(error.__cause__, InputError):
            raise error.__cause__ from None
        found = _PLACE.fullmatch(str(error))
        message = f"{found[2]}: {found[1]}" if found else str(error)
        raise InputError(message.replace("`", "")) from error


def as_toml(policy: Policy) -> str:
    """All rules that are not as they are without a policy, a line each."""
    default = Policy()
    lines = (
        f"{name} = {_value(getattr(policy, name))}\n"
        for name in _FIELDS
        if getattr(policy, name) != getattr(default, name)
    )
    return "".join(lines)


def _too_large(where: str) -> InputError:
    return InputError(f"{where} has more than {_LARGEST:,} bytes: a policy has a few hundred")


def _value(value: object) -> str:
    """JSON's strings, lists, numbers and truth values are TOML's as well."""
    return msgspec.json.encode(value).decode()


def _line_of(text: str, field: str) -> int | None:
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(rf"\s*[\"']?{re.escape(field)}[\"']?\s*=", line):
            return number
    return None
