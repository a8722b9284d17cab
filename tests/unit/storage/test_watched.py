from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reknown.storage.database import open_database
from reknown.storage.inspection import open_read_only
from reknown.storage.snapshot import file_of, watched

if TYPE_CHECKING:
    from pathlib import Path

_LONG = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000000) "
    "SELECT count(*) FROM n"
)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_what_a_watch_raises_ends_the_work_and_is_told(
    tmp_path: Path, error: type[BaseException]
) -> None:
    database = open_database(tmp_path)
    source = open_read_only(file_of(database))

    def stop() -> None:
        raise error

    with source.connect() as connection:
        with pytest.raises(error), watched(connection, stop):
            connection.exec_driver_sql(_LONG)
        # and no longer watched
        assert connection.exec_driver_sql(_LONG).scalar_one() == 2_000_000
    source.dispose()
    database.dispose()
