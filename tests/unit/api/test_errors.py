from __future__ import annotations

import inspect

import pytest

from reknown.api.catalogue import OPERATIONS
from reknown.api.errors import CODES, INTERNAL, SPECIAL, UNAVAILABLE, wire_error
from reknown.biometrics import errors as ours


def _kinds() -> list[type[ours.ReknownError]]:
    return [
        kind
        for _, kind in inspect.getmembers(ours, inspect.isclass)
        if issubclass(kind, ours.ReknownError)
    ]


def _made(kind: type[ours.ReknownError]) -> ours.ReknownError:
    return kind("made") if kind is ours.NoFaceError else kind.__new__(kind)


@pytest.mark.parametrize("kind", _kinds())
def test_every_error_has_a_code(kind: type[ours.ReknownError]) -> None:
    error = wire_error(_made(kind), "DetectFaces", None)
    known = {code for operation in OPERATIONS.values() for code in operation.errors}
    # common to all services of Amazon, by its status
    assert error.code in known or (error.code, error.status) == (UNAVAILABLE, 503)


def test_special_errors_come_before_general_ones() -> None:
    kinds = [kind for kind, _ in CODES]
    for place, kind in enumerate(kinds):
        assert not any(issubclass(kind, earlier) for earlier in kinds[:place]), kind


def test_special_codes_are_those_of_the_operation() -> None:
    for operation, codes in SPECIAL.items():
        assert set(codes.values()) <= OPERATIONS[operation].errors


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("CreateCollection", "ResourceAlreadyExistsException"),
        ("CreateUser", "ConflictException"),
        ("IndexFaces", "InvalidParameterException"),
    ],
)
def test_what_exists_already(operation: str, code: str) -> None:
    error = wire_error(ours.AlreadyExistsError("people exists"), operation, "people")
    assert error.code == code
    assert "people" in error.message


def test_what_the_operator_has_to_mend_is_not_told() -> None:
    broken = ours.DatabaseError("/srv/reknown.db: disk I/O error")
    error = wire_error(broken, "DetectFaces", None)
    assert (error.status, error.code) == (500, INTERNAL)
    assert "/srv" not in error.message


def test_copies_of_a_request_are_asked_to_sign_anew() -> None:
    error = wire_error(ours.ReplayError("seen before"), "DeleteFaces", "people")
    assert (error.code, error.retry_after_ms) == ("ThrottlingException", 1000)
