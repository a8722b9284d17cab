from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from reknown.biometrics.errors import DatabaseError, NotFoundError
from reknown.biometrics.policy import EVERYTHING_ALLOWED, Policy
from reknown.gallery.collections import create_collection, get_collection, list_collections
from reknown.gallery.policies import policy_of, set_policy
from reknown.gallery.schema import policies

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from reknown.biometrics.templates import TemplateSpace


def test_a_policy_is_kept_as_it_was_set(connection: Connection, space: TemplateSpace) -> None:
    create_collection(connection, "people", space)
    assert policy_of(connection, "people") == EVERYTHING_ALLOWED
    for policy in (
        Policy(purposes=("missing-person",), least_similarity=99, suspended=True),
        Policy(keep_faces=3, searchers=("cli:*",)),
    ):
        set_policy(connection, "people", policy)
        assert policy_of(connection, "people") == policy
        assert get_collection(connection, "people").policy == policy


def test_a_list_tells_whose_rules_are_whose(connection: Connection, space: TemplateSpace) -> None:
    for name in ("people", "free", "staff"):
        create_collection(connection, name, space)
    set_policy(connection, "people", Policy(keep_faces=1))
    set_policy(connection, "staff", EVERYTHING_ALLOWED)
    found = {each.name: each.policy for each in list_collections(connection).items}
    assert found == {"people": Policy(keep_faces=1), "free": None, "staff": EVERYTHING_ALLOWED}


def test_a_collection_has_to_be_there(connection: Connection) -> None:
    with pytest.raises(NotFoundError, match="'people'"):
        policy_of(connection, "people")
    with pytest.raises(NotFoundError, match="'people'"):
        set_policy(connection, "people", Policy())


@pytest.mark.parametrize("document", ["{", '{"unheard_of": 1}', '{"keep_faces": 0}'])
def test_a_policy_that_cannot_be_read_allows_nothing(
    connection: Connection, space: TemplateSpace, document: str
) -> None:
    create_collection(connection, "people", space)
    set_policy(connection, "people", Policy())
    connection.execute(update(policies).values(document=document))
    with pytest.raises(DatabaseError, match="cannot be read"):
        policy_of(connection, "people")
