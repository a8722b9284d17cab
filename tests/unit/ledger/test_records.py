from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import date, datetime
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import pytest
from msgspec import Meta, UnsetType

from reknown.api.registry import HANDLERS
from reknown.ledger import records
from reknown.ledger.codec import operations
from reknown.ledger.records import RECORDS, Failure, Refusal
from unit.ledger.examples import EXAMPLES

if TYPE_CHECKING:
    from collections.abc import Iterator

TYPES = (*RECORDS, Refusal, Failure)
# Words that an operator has chosen: for collections, watches, their tags, access keys, rights of
# accounts.
CHOSEN = {
    ("CreateCollectionRecord", "tags"),
    ("TagCollectionRecord", "set"),
    ("TagCollectionRecord", "removed"),
    ("CreateWatchRecord", "camera"),
    ("CreateWatchRecord", "output"),
    ("CreateWatchRecord", "values"),
    ("UpdateWatchRecord", "values"),
    ("UpdateWatchRecord", "former"),
    ("StartWatchRecord", "camera"),
    ("StopWatchRecord", "camera"),
    # what the watch itself says, with the names of its camera or collection
    ("FailWatchRecord", "reason"),
    ("TagWatchRecord", "set"),
    ("TagWatchRecord", "removed"),
    ("AddReviewerRecord", "collections"),
    ("RenewReviewerRecord", "collections"),
    ("CreateAccountRecord", "collections"),
    ("DeleteAccountRecord", "collections"),
    ("ChangeRoleRecord", "collections"),
    ("SetPolicyRecord", "policy"),
    ("GrantApprovalRecord", "reason"),
    ("StopSearchesRecord", "reason"),
    # one that has the person's name is refused
    ("GiveConsentRecord", "basis"),
    *(
        (name, field)
        for name in ("CreateKeyRecord", "RevokeKeyRecord", "RotateKeyRecord")
        for field in ("name", "operations", "collections")
    ),
}


def leaves(hint: Any) -> Iterator[Any]:
    """The types of the single values in a field, annotated where they are."""
    if get_origin(hint) is Annotated:
        base = get_args(hint)[0]
        constraints = [meta for meta in hint.__metadata__ if meta.title]
        yield from [hint] if constraints else leaves(base)
    elif is_dataclass(hint):
        for inner in get_type_hints(hint, include_extras=True).items():
            if inner[0] in {field.name for field in fields(hint)}:
                yield from leaves(inner[1])
    elif get_origin(hint) is Literal or not get_args(hint):
        yield hint
    else:
        for argument in get_args(hint):
            yield from leaves(argument)


def takes_any_words(leaf: Any) -> bool:
    """Whether a person's name could be its value."""
    plain = {float, bool, int, date, NoneType, UnsetType, Ellipsis}
    if get_origin(leaf) is Literal or leaf in plain:
        return False
    if get_origin(leaf) is not Annotated:
        return True
    base, *metas = get_args(leaf)
    if base in {float, int, date, datetime}:
        return False
    # an id or a digest of a fixed shape, a code without blanks, an operation of ours
    patterns = [meta.pattern for meta in metas if isinstance(meta, Meta) and meta.pattern]
    return not any(pattern.startswith(r"\A") and pattern.endswith(r"\Z") for pattern in patterns)


def test_no_field_can_hold_a_persons_name() -> None:
    wordy = {
        (record.__name__, name)
        for record in TYPES
        for name, hint in get_type_hints(record, include_extras=True).items()
        if name in {field.name for field in fields(record)}
        if any(takes_any_words(leaf) for leaf in leaves(hint))
    }
    assert wordy == CHOSEN


@pytest.mark.parametrize("record", EXAMPLES, ids=lambda record: type(record).__name__)
def test_every_text_of_a_record_is_checked(record: Any) -> None:
    """A name in the place of any text but the operators' own is refused."""
    stored = msgspec.to_builtins(record)
    for path in paths_of_texts(stored):
        if (type(record).__name__, path[0]) in CHOSEN:
            continue
        named = replaced(stored, path, "Ada Lovelace")
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(named, type(record))


def paths_of_texts(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, str):
        yield path
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from paths_of_texts(inner, (*path, key))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from paths_of_texts(inner, (*path, number))


def replaced(value: Any, path: tuple[Any, ...], new: str) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(copy[path[0]], path[1:], new)
    return copy


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.OPERATION)
def test_a_record_is_named_after_its_operation(record: type[records.Record]) -> None:
    assert record.__name__ == record.OPERATION.title().replace(" ", "") + "Record"
    assert getattr(records, record.__name__) is record
    assert record.VERSION == 1


def test_each_operation_has_one_record() -> None:
    assert len(operations()) == len(set(operations())) == len(RECORDS)
    assert {handler.action for handler in HANDLERS.values()} <= set(operations())


@pytest.mark.parametrize("record", TYPES, ids=lambda record: record.__name__)
def test_every_field_is_explained(record: type) -> None:
    for name, hint in get_type_hints(record, include_extras=True).items():
        if name.islower():
            assert any(meta.description for meta in hint.__metadata__), name


def test_there_is_an_example_of_every_record() -> None:
    assert [type(example) for example in EXAMPLES] == list(TYPES)
