"""The limit holds over processes, and its window slides."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from reknown.biometrics.errors import PolicyError
from reknown.biometrics.policy import Policy
from reknown.biometrics.templates import TemplateSpace
from reknown.gallery import repeats
from reknown.gallery.collections import create_collection
from reknown.gallery.policies import set_policy
from reknown.services.context import Actor
from reknown.services.policies.repeats import permit_repeat
from reknown.storage.database import open_database

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

SPACE = TemplateSpace(pack="tiny", fingerprint="ab" * 32, dimension=4)
ADA = Actor("cli:ada")
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
PROBE, PERSON, OTHER = "ab" * 32, "cd" * 32, "ef" * 32
_SEARCHER = """
import sys
from reknown.biometrics.errors import PolicyError
from reknown.ledger.actor import Actor
from reknown.services.policies.repeats import permit_repeat
from reknown.storage.database import open_database

location, targets = sys.argv[1], frozenset(sys.argv[2:])
engine, done = open_database(location), 0
print("ready", flush=True)
sys.stdin.readline()
for _ in range(12):
    try:
        with engine.begin() as connection:
            permit_repeat(connection, Actor("cli:ada"), "limited", targets)
        done += 1
    except PolicyError:
        pass
print(done)
engine.dispose()
"""


@pytest.fixture
def limited(connection: Connection) -> Connection:
    create_collection(connection, "limited", SPACE)
    set_policy(connection, "limited", Policy(repeat_searches=3, repeat_days=2))
    return connection


def search(connection: Connection, hours: float, *targets: str) -> None:
    at = NOON + timedelta(hours=hours)
    permit_repeat(connection, ADA, "limited", frozenset(targets), at)


def test_the_window_slides(limited: Connection) -> None:
    for hour in (0, 1, 40):
        search(limited, hour, PROBE)
    with pytest.raises(PolicyError, match="3 times in 2 days") as raised:
        search(limited, 47.9, PROBE)
    assert raised.value.reason == "RepeatedSearch"
    search(limited, 48, PROBE)  # the first one has left the window
    with pytest.raises(PolicyError):
        search(limited, 48.5, PROBE)
    search(limited, 49, PROBE)


def test_the_same_person_counts_whatever_the_probe(limited: Connection) -> None:
    for hour in range(3):
        search(limited, hour, f"{hour:064}", PERSON)
    with pytest.raises(PolicyError):
        search(limited, 3, OTHER, PERSON)
    search(limited, 3, OTHER)  # a refused search has not been counted


def test_collections_without_the_rule_count_nothing(limited: Connection) -> None:
    set_policy(limited, "limited", Policy())
    for hour in range(9):
        search(limited, hour, PROBE)
    assert not repeats.reached(limited, "limited", [PROBE], NOON - timedelta(1), 1)


def test_what_left_the_window_is_forgotten(limited: Connection) -> None:
    search(limited, 0, PROBE)
    search(limited, 1, PROBE)
    assert repeats.forget_searches(limited, NOON + timedelta(hours=48)) == 1
    assert repeats.reached(limited, "limited", [PROBE], NOON - timedelta(1), 1)
    assert not repeats.reached(limited, "limited", [PROBE], NOON - timedelta(1), 2)


def test_processes_count_together(empty_location: str, own_engine: Engine) -> None:
    with own_engine.begin() as connection:
        create_collection(connection, "limited", SPACE)
        set_policy(connection, "limited", Policy(repeat_searches=10))
    command = [sys.executable, "-c", _SEARCHER, empty_location, PERSON]
    processes = [
        subprocess.Popen(
            [*command, f"{number:064}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for number in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    answers = [process.communicate("go\n", timeout=60)[0] for process in processes]
    assert sum(map(int, answers)) == 10
    engine = open_database(empty_location)
    with engine.begin() as connection, pytest.raises(PolicyError):
        permit_repeat(connection, ADA, "limited", frozenset({PERSON}))
    engine.dispose()
