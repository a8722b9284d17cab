from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, func, select, update

from reknown.biometrics.errors import DatabaseError
from reknown.ledger import log
from reknown.ledger.actor import Actor
from reknown.ledger.checkpoint_file import CheckpointFile
from reknown.ledger.records import ListUsersRecord
from reknown.ledger.schema import checkpoints, events, heads, leaves, nodes
from reknown.ledger.signing import Signing, sign_with
from reknown.ledger.tree import (
    find_index,
    prove_consistency,
    prove_inclusion,
    read_head,
    root_at,
)
from reknown.proofs.leaves import leaf_of
from reknown.proofs.merkle import Frontier, is_consistent, is_included, leaf_hash
from reknown.proofs.notes import SigningKey
from reknown.proofs.reknown_check import read_checkpoint, require_signed
from reknown.storage.commits import before_commit
from reknown.storage.database import reading

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection, Engine

_ADA = Actor("cli:ada")
_SEED = bytes(range(32))


def write(engine: Engine, count: int = 1, actor: Actor = _ADA) -> None:
    with engine.begin() as connection:
        for _ in range(count):
            log.append(connection, actor, None, ListUsersRecord(0))


def _leaves(connection: Connection) -> list[bytes]:
    """As they have to be: of the rows, in the order of the log."""
    rows = connection.execute(
        select(events).join(leaves, leaves.c.event_id == events.c.id).order_by(leaves.c.position)
    )
    return [leaf_hash(leaf_of(row._asdict())) for row in rows]


def require_sound(engine: Engine) -> int:
    with reading(engine) as connection:
        found = _leaves(connection)
        kept = connection.execute(select(leaves).order_by(leaves.c.position)).all()
        head = read_head(connection)
        assert [row.position for row in kept] == list(range(len(found)))
        assert [row.hash for row in kept] == found
        assert connection.scalar(select(func.count()).select_from(events)) == len(found)
        tree = Frontier()
        for leaf in found:
            tree.append(leaf)
        assert (head.size, head.root) == (len(found), tree.root())
        assert root_at(connection, head.size) == tree.root()
    return len(found)


def test_every_record_is_a_leaf(own_engine: Engine) -> None:
    assert require_sound(own_engine) == 0
    write(own_engine)
    write(own_engine, 700)
    write(own_engine)
    assert require_sound(own_engine) == 702
    with reading(own_engine) as connection:
        assert connection.scalar(select(func.count()).select_from(nodes)) == 2


def test_what_is_rolled_back_is_no_leaf(own_engine: Engine) -> None:
    with own_engine.begin() as connection:
        log.append(connection, _ADA, None, ListUsersRecord(1))
        inner = connection.begin_nested()
        log.append(connection, _ADA, None, ListUsersRecord(2))
        inner.rollback()
        with connection.begin_nested():
            log.append(connection, _ADA, None, ListUsersRecord(3))
    with own_engine.connect() as connection, connection.begin() as transaction:
        log.append(connection, _ADA, None, ListUsersRecord(4))
        transaction.rollback()
    with own_engine.connect() as connection:
        log.append(connection, _ADA, None, ListUsersRecord(5))  # and never committed
    with own_engine.begin() as connection, connection.begin_nested() as inner:
        log.append(connection, _ADA, None, ListUsersRecord(6))
        inner.rollback()
    assert require_sound(own_engine) == 2
    write(own_engine)
    assert require_sound(own_engine) == 3


def test_proofs_hold(own_engine: Engine) -> None:
    for _ in range(3):
        write(own_engine, 190)
    with reading(own_engine) as connection:
        head, hashes = read_head(connection), _leaves(connection)
        ids = (
            connection.execute(select(leaves.c.event_id).order_by(leaves.c.position))
            .scalars()
            .all()
        )
        for index in (0, 1, 255, 256, 400, 568, 569):
            assert find_index(connection, ids[index]) == index
            proof = prove_inclusion(connection, index, head.size)
            assert is_included(index, head.size, hashes[index], proof, head.root)
        for old in (1, 2, 255, 256, 257, 511, 569, 570):
            proof = prove_consistency(connection, old, head.size)
            root = root_at(connection, old)
            assert is_consistent(old, head.size, proof, root, head.root)


def test_many_writers_make_one_order(own_engine: Engine) -> None:
    sign_with(own_engine, Signing(lambda: (_SEED,)))
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda n: write(own_engine, n % 3 + 1, Actor(f"key:{n}")), range(90)))
    assert require_sound(own_engine) == 180
    with reading(own_engine) as connection:
        head = read_head(connection)
        signed = read_checkpoint(str(head.note))
        require_signed(signed, [SigningKey(_SEED).public(head.origin)])
        assert (signed.size, signed.root) == (180, head.root)


def test_an_engine_that_does_nothing_at_commits_takes_no_record(tmp_path: Path) -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection, pytest.raises(RuntimeError, match="act_at_commits"):
        before_commit(connection, lambda *_: None, 1)


def test_without_a_key_heads_are_not_signed_until_there_is_one(own_engine: Engine) -> None:
    found: list[bytes] = []
    sign_with(own_engine, Signing(lambda: tuple(found[:1])))
    write(own_engine)
    assert _note(own_engine) is None
    found.append(_SEED)
    write(own_engine)
    assert _note(own_engine) == 2


def test_what_others_add_without_the_key_is_signed_by_the_next_who_has_it(
    own_engine: Engine,
) -> None:
    keyed = Signing(lambda: (_SEED,))
    sign_with(own_engine, keyed)
    write(own_engine, 3)
    sign_with(own_engine, Signing())
    write(own_engine, 4)
    assert _note(own_engine) == 3
    sign_with(own_engine, Signing(lambda: (_SEED,)))
    write(own_engine)
    assert _note(own_engine) == 8


@pytest.mark.parametrize("what", ["note", "rewritten", "stripped"])
def test_a_head_that_somebody_else_wrote_is_never_signed(
    own_engine: Engine, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    sign_with(own_engine, Signing(lambda: (_SEED,)))
    write(own_engine, 3)
    write(own_engine)
    other = SigningKey(bytes(32))
    with own_engine.begin() as connection:
        head = read_head(connection)
        forged: dict[str, dict[str, object]] = {
            "note": {"note": other.checkpoint(head.origin, head.size, head.root)},
            "rewritten": {"root": bytes(32), "frontier": bytes(32)},
            "stripped": {"note": None},
        }
        connection.execute(update(heads).values(forged[what]))
    write(own_engine)
    write(own_engine)
    with reading(own_engine) as connection:
        head = read_head(connection)
        assert head.size == 6
        assert head.note is None or read_checkpoint(head.note).size == 4
    assert caplog.text.count("not signed any more") == 1


def test_a_head_without_a_tree_takes_no_record(own_engine: Engine) -> None:
    write(own_engine)
    with own_engine.begin() as connection:
        connection.execute(update(heads).values(frontier=b"short"))
    with pytest.raises(DatabaseError, match="ledger verify"):
        write(own_engine)
    with reading(own_engine) as connection:
        assert connection.scalar(select(func.count()).select_from(events)) == 1


def test_checkpoints_are_kept_now_and_then(own_engine: Engine, tmp_path: Path) -> None:
    file = CheckpointFile(tmp_path / "checkpoints")
    signing = Signing(lambda: (_SEED,), file)
    sign_with(own_engine, signing)
    for count in (1, 1, 1000, 1, 1):
        write(own_engine, count)
    with reading(own_engine) as connection:
        kept = connection.execute(select(checkpoints.c.size)).scalars().all()
    assert kept == [1, 1002]
    signing.close(own_engine)
    assert [found and found.size for _, found in file.read()] == [1002, 1004]


def test_a_database_that_was_put_back_is_not_signed(own_engine: Engine, tmp_path: Path) -> None:
    """The file beside it knows better, also when the process does not."""
    file = CheckpointFile(tmp_path / "checkpoints")
    sign_with(own_engine, Signing(lambda: (_SEED,), file))
    write(own_engine)
    with reading(own_engine) as connection:
        head = read_head(connection)
    file.append(SigningKey(_SEED).checkpoint(head.origin, 5, bytes(32)))
    sign_with(own_engine, Signing(lambda: (_SEED,), file))
    write(own_engine)
    assert _note(own_engine) == 1


def _note(engine: Engine) -> int | None:
    """The size of the checkpoint signed last."""
    with reading(engine) as connection:
        note = read_head(connection).note
    return None if note is None else read_checkpoint(note).size
