from __future__ import annotations

import dataclasses
import os
import stat
import sys
import tempfile
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, text

import old_galleries
from reknown.access import schema as access_schema
from reknown.biometrics.errors import DatabaseError, InputError
from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.records import (
    Collection,
    FaceRecord,
    ImageRecord,
    MovedFace,
    UserRecord,
)
from reknown.biometrics.templates import TemplateSpace
from reknown.gallery import schema
from reknown.gallery.cache import IndexCache
from reknown.gallery.collections import (
    create_collection,
    get_collection,
    list_collections,
    require,
)
from reknown.gallery.faces import add_faces, delete_faces, list_faces
from reknown.gallery.sightings import count_sightings, list_sightings, load_sighting_templates
from reknown.gallery.users import find_names, list_users
from reknown.gallery.vectors.probes import Criteria
from reknown.jobs import schema as jobs_schema
from reknown.ledger import log
from reknown.ledger import schema as ledger_schema
from reknown.ledger.actor import Actor
from reknown.ledger.records import CreateUserRecord, DeleteCollectionRecord
from reknown.review import schema as review_schema
from reknown.review.cases import candidates_of, get_case
from reknown.review.sessions import reviews_of
from reknown.storage import database
from reknown.storage.database import SCHEMA_VERSION, Connection, open_database, reading
from reknown.watches import schema as watch_schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine

    from reknown.biometrics.records import NewFace
    from reknown.biometrics.templates import Template


def test_sqlite_keeps_what_it_acknowledges_and_checks_references(tmp_path: Path) -> None:
    engine = open_database(tmp_path)
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}
    # the second connection of the pool, too
    with engine.connect() as one, reading(engine) as two:
        for pragma, value in expected.items():
            assert one.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value
            assert two.exec_driver_sql(f"PRAGMA {pragma}").scalar() == value
    engine.dispose()


def test_only_the_owner_may_read_the_files(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "data ?#%ü"
    engine = open_database(folder)
    with reading(engine) as connection:
        list_collections(connection)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    engine.dispose()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert modes == dict.fromkeys(["reknown.db", "reknown.db-wal", "reknown.db-shm"], 0o600)


def test_the_newest_schema_is_opened_without_alembic(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, space: TemplateSpace
) -> None:
    engine = open_database(str(tmp_path))
    with engine.begin() as connection:
        create_collection(connection, "kept", space)
    engine.dispose()
    monkeypatch.setattr(command, "upgrade", None)
    engine = open_database(tmp_path)
    with reading(engine) as connection:
        assert get_collection(connection, "kept").space == space
    engine.dispose()


def _gallery_of_schema_0001(location: str) -> None:
    with old_galleries.schema(location, "0001") as connection:
        for statement in (
            "INSERT INTO collections VALUES (7, 'friends', 'tiny', :fingerprint, 4, :at, 5)",
            "INSERT INTO collection_tags VALUES (7, 'a', '1')",
            "INSERT INTO images VALUES (3, 7, 'digest', '1.jpg', 640, 480)",
            "INSERT INTO users VALUES (2, 7, 'Ada', :at)",
            "INSERT INTO faces VALUES"
            " (8, 'one', 7, 3, 2, 0.1, -0.2, 0.3, 0.4, 0.9, 50, 'x', :template, :at)",
            "INSERT INTO faces VALUES"
            " (9, 'two', 7, 3, NULL, 0.5, 0.5, 0.5, 0.5, 0.8, 60, NULL, :template, :at)",
            "INSERT INTO events (at, actor, operation, collection, detail)"
            " VALUES (:at, 'cli:ada', 'enrol', 'friends', :detail)",
        ):
            named = {
                "fingerprint": "ab" * 32,
                "at": "2026-01-02T03:04:05.000006+00:00",
                "template": np.eye(1, 4, dtype="<f4").tobytes(),
                "detail": '{"n": 1}',
            }
            query = text(statement)
            connection.execute(query, {key: named[key] for key in query.compile().params})


def test_a_gallery_of_the_first_schema_is_kept(location: str, space: TemplateSpace) -> None:
    _gallery_of_schema_0001(location)
    engine = open_database(location)
    at = datetime(2026, 1, 2, 3, 4, 5, 6, UTC)
    with reading(engine) as connection:
        assert get_collection(connection, "friends") == Collection(
            "friends", space, {"a": "1"}, at, 2, 1
        )
        (ada,) = list_users(connection, "friends").items
        assert ada == UserRecord("Ada", 1, at, ada.subject_id)
        assert find_names(connection, [ada.subject_id]) == {ada.subject_id: "Ada"}
        image = ImageRecord("digest", "1.jpg", 640, 480)
        assert list_faces(connection, "friends").items == (
            FaceRecord(
                "one",
                image,
                BoundingBox(0.1, -0.2, 0.3, 0.4),
                0.9,
                50,
                None,
                "x",
                "Ada",
                at,
                ada.subject_id,
            ),
            FaceRecord(
                "two", image, BoundingBox(0.5, 0.5, 0.5, 0.5), 0.8, 60, None, None, None, at
            ),
        )
        assert log.read(connection) == [
            log.Event(1, at, "cli:ada", "enrol", "friends", None, None, 0, {"n": 1})
        ]
        row = require(connection, "friends")
        assert (row.id, row.revision, row.pruned) == (7, 5, 0)
    cache = IndexCache(1_000_000)
    with reading(engine) as connection:
        index = cache.current(connection, "friends")
        (found,) = index.search(connection, np.eye(1, 4, dtype=np.float32), Criteria(5))
        assert (index.references, found.scores.tolist()) == (2, [1, 1])
    with engine.begin() as connection:
        assert delete_faces(connection, "friends", ["one"]) == {"one"}
        log.append(connection, Actor("ada", "request"), "friends", DeleteCollectionRecord())
    with reading(engine) as connection:
        assert cache.current(connection, "friends").references == 1
        assert [event.request_id for event in log.read(connection)] == [None, "request"]
    engine.dispose()


def test_kept_tracks_are_of_the_space_that_their_collection_had(
    location: str, space: TemplateSpace
) -> None:
    other = TemplateSpace("other", "cd" * 32, 5)
    with old_galleries.schema(location, "0004") as connection:
        for key, name, of in ((7, "friends", space), (9, "others", other)):
            made = {"id": key, "name": name, "fingerprint": of.fingerprint, "pack": of.pack}
            statement = (
                "INSERT INTO collections (id, name, pack, fingerprint, dimension, created_at,"
                f" revision) VALUES (:id, :name, :pack, :fingerprint, {of.dimension}, '2026', 1)"
            )
            connection.execute(text(statement), made)
        for key, owner, dimension in ((1, 7, 4), (2, 9, 5), (3, 7, 4)):
            values = {"key": key, "owner": owner, "name": f"track {key}"}
            values["template"] = np.eye(1, dimension, dtype="<f4").tobytes()
            statement = (
                "INSERT INTO tracks VALUES (:key, :name, :owner, :name, 'a.mp4', 0, 9, 5,"
                " 0.1, 0.1, 0.2, 0.2, 0.9, 50, 3, :template, '2026-11-01', '2999-11-01')"
            )
            connection.execute(text(statement), values)
    engine = open_database(location)
    with reading(engine) as connection:
        assert count_sightings(connection, "friends") == {space: 2}
        assert count_sightings(connection, "others") == {other: 1}
        assert [r.space for r in list_sightings(connection, "friends").items] == [space, space]
        assert load_sighting_templates(connection, "others").ids == ["track 2"]
        assert require(connection, "friends").replaced == 0
    engine.dispose()


def test_users_of_an_older_gallery_get_ids_of_their_own_and_the_ledger_stays(
    location: str,
) -> None:
    with old_galleries.schema(location, "0005") as connection:
        made = "(id, name, pack, fingerprint, dimension, created_at, revision)"
        connection.execute(
            text(
                f"INSERT INTO collections {made} VALUES (7, 'friends', 'tiny', 'ab', 4, '2026', 1)"
            )
        )
        users = [{"key": 3 * number + 1, "name": f"user {number}"} for number in range(2500)]
        connection.execute(text("INSERT INTO users VALUES (:key, 7, :name, '2026-01-02')"), users)
        connection.execute(
            text(
                "INSERT INTO events (at, actor, operation, collection, detail, request_id)"
                " VALUES ('2026-01-02T03:04:05.000006+00:00', 'cli:ada', 'identify', 'friends',"
                """ '{"threshold": 0.98, "user": "Ada"}', 'request')"""
            )
        )
    engine = open_database(location)
    with reading(engine) as connection:
        found = list_users(connection, "friends", limit=3000).items
        assert [user.name for user in found] == [user["name"] for user in users]
        assert len({str(UUID(user.subject_id)) for user in found}) == 2500
        (event,) = log.read(connection, log.Choice(request_id="request"))
        assert (event.version, event.kind) == (0, None)
        assert event.record == {"threshold": 0.98, "user": "Ada"}
    engine.dispose()


def test_users_that_are_stored_without_an_id_get_one(location: str) -> None:
    engine = open_database(location)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO collections (id, name, pack, fingerprint, dimension, created_at,"
                " revision) VALUES (7, 'friends', 'tiny', 'ab', 4, '2026', 1)"
            )
        )
        for number in range(50):
            statement = text(
                "INSERT INTO users (collection_id, name_key, created_at)"
                " VALUES (7, :name, '2026-01-02') RETURNING id"
            )
            connection.execute(statement, {"name": f"user {number}"})
        found = list_users(connection, "friends").items
        assert len({user.subject_id for user in found}) == 50
        for user in found:
            log.append(connection, Actor("tester"), "friends", CreateUserRecord(user.subject_id))
            assert UUID(user.subject_id).version == 4
    engine.dispose()


def test_a_gallery_from_before_magnitudes_goes_on_and_new_faces_have_one(
    location: str,
    space: TemplateSpace,
    face: Callable[[int], NewFace],
    image: Callable[[int], ImageRecord],
) -> None:
    old = dataclasses.replace(face(1), face_id="one", template=plain(face(1).template))
    old_galleries.before_magnitudes(location, [MovedFace(image(1), old, "Ada")], "friends")
    engine = open_database(location)
    with engine.begin() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == SCHEMA_VERSION
        (record,) = list_faces(connection, "friends").items
        assert (record.face_id, record.user, record.magnitude) == ("one", "Ada", None)
        assert (record.box, record.quality) == (old.box, old.quality)
        new = dataclasses.replace(
            face(2), template=dataclasses.replace(face(2).template, magnitude=12.5)
        )
        add_faces(connection, "friends", image(2), [new], "Ada")
    cache = IndexCache(1_000_000)
    with reading(engine) as connection:
        kept = list_faces(connection, "friends", user="Ada").items
        assert [record.magnitude for record in kept] == [None, 12.5]
        probes = np.stack([old.template.vector, new.template.vector])
        found = cache.current(connection, "friends").search(connection, probes, Criteria(1, 0.99))
        assert len({int(hits.keys[0]) for hits in found}) == 2
    engine.dispose()


def plain(template: Template) -> Template:
    """The same from a pack without magnitudes."""
    return dataclasses.replace(template, magnitude=None)


def test_migrations_make_the_tables_that_the_code_expects(engine: Engine) -> None:
    tables = MetaData()
    for metadata in (
        schema.metadata,
        ledger_schema.metadata,
        access_schema.metadata,
        jobs_schema.metadata,
        review_schema.metadata,
        watch_schema.metadata,
    ):
        for table in metadata.tables.values():
            table.to_metadata(tables)
    sqlite = engine.dialect.name == "sqlite"
    with reading(engine) as connection:
        options: dict[str, object] = {"compare_server_default": True}
        if sqlite:  # references of columns added later are told by the database alone
            options["include_object"] = lambda *it: it[2] != "foreign_key_constraint"
            assert _references(connection, tables) == {
                (key.parent.table.name, key.parent.name, key.target_fullname, key.ondelete)
                for table in tables.tables.values()
                for key in table.foreign_keys
            }
        assert compare_metadata(MigrationContext.configure(connection, opts=options), tables) == []
    config = Config()
    config.set_main_option("script_location", "reknown.storage:migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == SCHEMA_VERSION


def _references(connection: Connection, tables: MetaData) -> set[tuple[str, str, str, str]]:
    return {
        (name, row._mapping["from"], f"{row.table}.{row.to}", row.on_delete)
        for name in tables.tables
        for row in connection.execute(text(f"PRAGMA foreign_key_list({name})"))
    }


def test_cases_from_before_those_of_sightings_keep_what_was_said(location: str) -> None:
    at = "2026-11-01T00:00:00+00:00"
    with old_galleries.schema(location, "0024") as connection:
        for statement in (
            "INSERT INTO collections (id, name, pack, fingerprint, dimension, created_at, revision)"
            " VALUES (7, 'friends', 'tiny', 'ab', 4, :at, 1)",
            "INSERT INTO images (id, collection_id, sha256, name, width, height)"
            " VALUES (3, 7, 'digest', '', 640, 480)",
            "INSERT INTO faces (id, face_id, collection_id, image_id, box_left, box_top, box_width,"
            " box_height, confidence, quality, template, created_at)"
            " VALUES (8, 'one', 7, 3, 0.1, 0.1, 0.3, 0.4, 0.9, 50, :template, :at)",
            "INSERT INTO review_cases (id, case_id, collection_id, search, searcher, probe_kind,"
            " probe_number, reviewers, salt, state, round, opened_at)"
            " VALUES (2, 'case', 7, 1, 'cli:sue', 'image', 1, 1, '', 'open', 1, :at)",
            "INSERT INTO review_candidates (id, case_key, number, face, rank, score)"
            " VALUES (4, 2, 1, 8, 1, 0.5)",
            "INSERT INTO reviews (id, case_key, reviewer, round, adjudicating, seed, salt,"
            " started_at) VALUES (5, 2, 'cli:ann', 1, false, 'seed', 'salt', :at)",
            "INSERT INTO review_judgements (id, review, candidate, opinion, grounds, made_at)"
            " VALUES (6, 5, 4, 'same', '[\"ears\"]', :at)",
            "INSERT INTO review_notes (judgement, face, text) VALUES (6, 8, 'a scar')",
        ):
            named = {"at": at, "template": np.eye(1, 4, dtype="<f4").tobytes()}
            query = text(statement)
            connection.execute(query, {key: named[key] for key in query.compile().params})
    engine = open_database(location)
    with engine.begin() as connection:
        case = get_case(connection, 7, "case")
        (candidate,) = candidates_of(connection, case)
        assert (candidate.face, candidate.sighting) == (8, None)
        (review,) = reviews_of(connection, case)
        assert review.judgements[1].note == "a scar"
        connection.execute(text("DELETE FROM faces"))
        assert candidates_of(connection, case)[0].face is None
        (review,) = reviews_of(connection, case)
        assert (review.judgements[1].opinion.value, review.judgements[1].note) == ("same", None)
    engine.dispose()


def test_a_newer_schema_is_left_alone(tmp_path: Path) -> None:
    engine = open_database(tmp_path)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(DatabaseError, match=r"has schema 9999, .* install"):
        open_database(tmp_path)


def test_foreign_tables_are_left_alone(tmp_path: Path) -> None:
    engine = open_database(tmp_path)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    engine.dispose()
    with pytest.raises(DatabaseError, match="already exists"):
        open_database(tmp_path)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "reknown.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(DatabaseError, match=r"reknown\.db: .*damaged.*backup"):
        open_database(tmp_path)


def test_damage_found_later_is_named(tmp_path: Path, space: TemplateSpace) -> None:
    engine = open_database(tmp_path)
    with engine.begin() as connection:
        create_collection(connection, "friends", space)
    engine.dispose()
    path = tmp_path / "reknown.db"
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xa5" * (len(content) - 4096))
    with pytest.raises(DatabaseError, match="damaged"):
        open_database(tmp_path)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DatabaseError, match="give a data folder"):
        open_database(tmp_path / "file")
    with pytest.raises(DatabaseError, match="choose another"):
        open_database(tmp_path / "file" / "below")
    (tmp_path / "data" / "reknown.db").mkdir(parents=True)
    with pytest.raises(DatabaseError, match="choose another"):
        open_database(tmp_path / "data")


@contextmanager
def _unprivileged() -> Iterator[None]:
    """Root may write anywhere."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.mark.parametrize("exists", [False, True])
def test_a_read_only_place(exists: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if exists:
            open_database(folder).dispose()
            (folder / "reknown.db").chmod(0o444)
        folder.chmod(0o555)
        with _unprivileged(), pytest.raises(DatabaseError, match=r"allow writing|of your own"):
            open_database(folder)
        folder.chmod(0o755)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://host/name", "not supported"),
        ("postgresql+psycopg://host:port/name", "not a database URL"),
        ("postgres://me:hush@127.0.0.1:1/name", "check that the server runs"),
    ],
)
def test_urls_that_lead_nowhere(url: str, message: str) -> None:
    with pytest.raises(DatabaseError, match=message) as caught:
        open_database(url)
    assert "hush" not in str(caught.value)


def test_a_missing_driver_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("psycopg", "psycopg.conninfo"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(DatabaseError, match=r"pip install 'reknown\[postgresql\]'"):
        open_database("postgresql://host/name")


def test_values_that_cannot_be_stored(engine: Engine) -> None:
    with reading(engine) as connection, pytest.raises(InputError, match="no database can hold"):
        get_collection(connection, "\ud800")
    with reading(engine) as connection, pytest.raises(InputError, match="no database can hold"):
        list_collections(connection, limit=2**70)


def test_a_reader_sees_one_state_and_does_not_block(engine: Engine, space: TemplateSpace) -> None:
    with reading(engine) as reader:
        before = list_collections(reader)
        with engine.begin() as connection:
            create_collection(connection, "meanwhile", space)
        assert list_collections(reader) == before
    with reading(engine) as reader, engine.begin() as connection:
        assert get_collection(reader, "meanwhile").faces == 0
        connection.execute(text("DELETE FROM collections"))
        assert get_collection(reader, "meanwhile").faces == 0


def test_writers_wait_for_each_other(tmp_path: Path, space: TemplateSpace) -> None:
    engine = open_database(tmp_path)

    def write() -> None:
        with engine.begin() as connection:
            # reads first: a transaction that is upgraded would fail here
            assert len(list_collections(connection).items) == 1
            create_collection(connection, "second", space)

    with engine.begin() as connection:
        create_collection(connection, "first", space)
        thread = threading.Thread(target=write)
        thread.start()
        thread.join(0.1)
        assert thread.is_alive()
    thread.join()
    with reading(engine) as connection:
        assert [item.name for item in list_collections(connection).items] == ["first", "second"]
    engine.dispose()


def test_a_writer_waits_only_so_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_BUSY_SECONDS", 0.05)
    engine, other = open_database(tmp_path), open_database(tmp_path)
    for second, who in ((engine, "another thread"), (other, "another process")):
        with (
            engine.begin(),
            pytest.raises(DatabaseError, match=who),
            second.begin() as connection,
        ):
            connection.execute(text("DELETE FROM users"))
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM users"))
    engine.dispose()
    other.dispose()
