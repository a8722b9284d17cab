from __future__ import annotations

import os
import re
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import text

import old_galleries
from pages import ROOT, snippets
from postgres_server import as_owner, own_database
from reknown.biometrics.errors import DatabaseError, DatabaseUnavailableError
from reknown.gallery.schema import users
from reknown.storage import server
from reknown.storage.database import compact, connect_to, open_database, reading, schema_version
from reknown.storage.erasure import erase
from reknown.storage.server import ServerAddress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

_SECRET = "correct horse/battery@staple"


@pytest.fixture(scope="module")
def url(postgres_url: str) -> str:
    """A database of these tests' own, with tables."""
    made = own_database(postgres_url)
    open_database(made).dispose()
    return made


@pytest.fixture
def database(url: str) -> Iterator[Engine]:
    database = open_database(url)
    yield database
    database.dispose()


@pytest.fixture
def role(postgres_url: str) -> str:
    """One that may do nothing but log in."""
    name = f"role_{uuid4().hex}"
    as_owner(postgres_url, f"CREATE ROLE {name} LOGIN PASSWORD '{_SECRET}'")
    return name


@pytest.fixture
def _passwords(postgres_url: str, role: str) -> Iterator[None]:
    """The role is asked for its password."""
    database = open_database(postgres_url)
    with database.connect() as connection:
        file = Path(connection.execute(text("SHOW hba_file")).scalar_one())
    database.dispose()
    before = file.read_text()
    file.write_text(f"local all {role} scram-sha-256\n{before}")
    as_owner(postgres_url, "SELECT pg_reload_conf()")
    yield
    file.write_text(before)
    as_owner(postgres_url, "SELECT pg_reload_conf()")


def by(url: str, role: str) -> str:
    return url.replace("postgres@", f"{role}@")


def message(location: str | ServerAddress, kind: type[DatabaseError] = DatabaseError) -> str:
    with pytest.raises(DatabaseError) as raised:
        open_database(location)
    assert type(raised.value) is kind
    return str(raised.value)


@pytest.mark.usefixtures("_passwords")
def test_passwords_come_from_the_environment_or_a_file_and_never_show(
    url: str, role: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))
    place = by(url, role)
    for password, says in ((None, "no password supplied"), ("hush", "authentication failed")):
        refused = message(ServerAddress(place, password), DatabaseUnavailableError)
        assert says in refused
        assert "set REKNOWN_DATABASE_PASSWORD, or write it into ~/.pgpass" in refused
        assert "hush" not in refused
    address = ServerAddress(place, _SECRET)
    assert "correct" not in repr(address)
    database = connect_to(address)
    assert "correct" not in repr(database) + str(database.url)
    database.dispose()
    written = tmp_path / "passwords"
    written.write_text(f"*:*:*:{role}:{_SECRET}\n")
    written.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(written))
    connect_to(place).dispose()
    services = tmp_path / "services"
    host = url.partition("host=")[2]
    name = url.partition("@/")[2].partition("?")[0]
    services.write_text(f"[faces]\nhost={host}\ndbname={name}\nuser={role}\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    connect_to("postgresql:///?service=faces").dispose()
    assert "definition of service" in message(
        "postgresql:///?service=other", DatabaseUnavailableError
    )


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://me:{_SECRET}@127.0.0.1:1/faces",
        f"postgresql://me:{_SECRET.replace('/', '')}@127.0.0.1:one/faces",
        f"postgresql://127.0.0.1:1/faces?password={_SECRET.replace('@', '')}",
        f"postgresql://me@127.0.0.1:1/faces?password={_SECRET}&no_such_option=1",
    ],
)
def test_a_malformed_address_is_not_repeated(url: str) -> None:
    with pytest.raises(DatabaseError) as raised:
        open_database(url)
    shown = f"{raised.value} {raised.value.__cause__}"
    for part in ("correct", "horse", "battery", "staple"):
        assert part not in shown


def test_what_is_not_there_is_made_with_the_statement_named(url: str, role: str) -> None:
    assert "CREATE ROLE" in message(by(url, "nobody_at_all"), DatabaseUnavailableError)
    other = url.replace("/db_", "/no_")
    assert "CREATE DATABASE" in message(other, DatabaseUnavailableError)


def test_a_role_without_rights_is_told_which(postgres_url: str, url: str, role: str) -> None:
    empty = own_database(postgres_url)
    assert "permission denied" in (refused := message(by(empty, role)))
    assert "let it own the database" in refused
    assert "let it own the database" in message(by(url, role))


def test_the_role_and_database_of_the_documentation_do(postgres_url: str) -> None:
    page = ROOT / "docs" / "deployment" / "postgresql.md"
    alone, in_schema = [each.text for each in snippets(page) if each.language == "sql"]
    name = f"db_{uuid4().hex}"

    def statements(text: str) -> list[str]:
        own = re.sub(r"\bfaces\b", name, re.sub(r"\breknown\b", f"role_{name}", text))
        return [each for each in own.split(";") if each.strip()]

    as_owner(postgres_url, *statements(alone))
    host = postgres_url.partition("host=")[2]
    url = f"postgresql://role_{name}@/{name}?host={host}"
    database = open_database(url)
    with database.begin() as connection:
        connection.execute(text("DELETE FROM users"))
        erase(connection, users)
    assert compact(database)
    database.dispose()
    as_owner(own_url := postgres_url.replace("/postgres?", f"/{name}?"), *statements(in_schema))
    database = open_database(url)
    with database.connect() as connection:
        assert connection.execute(text("SELECT current_schema()")).scalar_one() == f"role_{name}"
    database.dispose()
    assert own_url != postgres_url


def test_of_several_hosts_one_that_can_be_reached_is_taken(url: str, tmp_path: Path) -> None:
    name, _, host = url.partition("@/")[2].partition("?host=")
    database = open_database(f"postgresql://postgres@/{name}?host={tmp_path},{host}")
    assert schema_version(database) is not None
    database.dispose()


def test_an_older_server_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_OLDEST", 9_900_00)
    assert "14 or newer is needed" in message(url)


def test_a_database_that_does_not_keep_all_text_is_refused(postgres_url: str) -> None:
    name = f"db_{uuid4().hex}"
    options = "ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
    as_owner(postgres_url, f"CREATE DATABASE {name} {options}")
    host = postgres_url.partition("host=")[2]
    refused = message(f"postgresql://postgres@/{name}?host={host}")
    assert "keeps text as LATIN1" in refused
    assert "ENCODING 'UTF8'" in refused


def test_a_database_that_takes_no_writing_is_told_from_one_that_does(
    postgres_url: str, url: str
) -> None:
    name = url.partition("@/")[2].partition("?")[0]
    as_owner(postgres_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    try:
        refused = message(url, DatabaseUnavailableError)
        assert "name the primary" in refused
    finally:
        as_owner(postgres_url, f"ALTER DATABASE {name} RESET default_transaction_read_only")


def test_connections_that_the_server_ended_are_replaced(
    postgres_url: str, database: Engine
) -> None:
    with reading(database) as connection:
        connection.execute(text("SELECT 1"))
    _end_all(postgres_url)
    assert schema_version(database) is not None


def test_a_connection_lost_in_the_middle_says_so(postgres_url: str, database: Engine) -> None:
    with database.connect() as connection:
        connection.execute(text("SELECT 1"))
        _end_all(postgres_url)
        with pytest.raises(DatabaseUnavailableError) as raised:
            connection.execute(text("SELECT 1"))
    assert raised.value.lost
    assert schema_version(database) is not None


def test_a_connection_that_is_cut_while_it_is_lent_is_thrown_away_without_a_word(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    database = open_database(ServerAddress(url, connections=1))
    lent = database.raw_connection()
    lent.cursor().execute("SELECT 1")
    _end_all(url)
    lent.close()
    assert schema_version(database) is not None
    # what was begun by hand is undone as ever
    lent = database.raw_connection()
    lent.cursor().execute("DELETE FROM alembic_version")
    lent.close()
    assert schema_version(database) is not None
    database.dispose()
    assert not caplog.records


def test_who_holds_a_lock_is_waited_for_so_long(database: Engine) -> None:
    with database.begin() as holder, database.begin() as waiting:
        assert waiting.execute(text("SHOW lock_timeout")).scalar_one() == "30s"
        holder.execute(text("LOCK TABLE users"))
        waiting.execute(text("SET LOCAL lock_timeout = '50ms'"))
        with pytest.raises(DatabaseUnavailableError, match="others hold what this needs") as raised:
            waiting.execute(text("DELETE FROM users"))
        assert not raised.value.lost
        waiting.rollback()


def test_all_connections_in_use_is_an_error_of_its_own(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = open_database(ServerAddress(url, connections=2))
    monkeypatch.setattr(database.pool, "_timeout", 0.05)
    in_use = pytest.raises(DatabaseUnavailableError, match=r"all 2 connections .* in use")
    with database.connect(), database.connect(), in_use:
        database.connect()
    database.dispose()


def test_a_connection_waits_for_another_thread_to_give_its_own_back(url: str) -> None:
    database = open_database(ServerAddress(url, connections=2))
    began = threading.Event()

    def hold() -> None:
        with database.connect():
            began.set()
            time.sleep(0.2)

    threads = [threading.Thread(target=hold) for _ in range(2)]
    for thread in threads:
        thread.start()
    began.wait()
    assert schema_version(database) is not None
    for thread in threads:
        thread.join()
    database.dispose()


def test_processes_show_no_address_with_a_password(database: Engine) -> None:
    with reading(database) as connection:
        name = connection.execute(
            text("SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()")
        ).scalar_one()
    assert name == os.environ.get("PGAPPNAME", "reknown")


def _end_all(url: str) -> None:
    as_owner(
        url,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'reknown' AND pid <> pg_backend_pid()",
    )


def test_a_migration_that_cannot_have_a_table_gives_up_and_changes_nothing(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = own_database(postgres_url)
    with old_galleries.schema(own, "0010"):
        pass
    database = connect_to(own)
    monkeypatch.setattr(server, "_SESSION", "-c lock_timeout=100ms")
    with database.begin() as holder:
        holder.execute(text("LOCK TABLE collections"))
        refused = message(own, DatabaseUnavailableError)
        assert "others hold what this needs" in refused
    assert schema_version(database) == "0010"
    database.dispose()
