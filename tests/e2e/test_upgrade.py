"""Collections on their way to another pack: real processes, killed, and a server that goes on."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import callers
import forks
from portraits import save_many
from processes import wait_for
from servers import REKNOWN, serving

if TYPE_CHECKING:
    from servers import Server

pytestmark = pytest.mark.skipif(not REKNOWN.exists(), reason="reknown is not installed here")

OLD, NEW = "public-domain", "opencv"


def _command(*words: object) -> list[str]:
    return [str(REKNOWN), "collections", "upgrade", "people", *map(str, words), "--json"]


def _upgrade(*words: object) -> list[dict[str, Any]]:
    """What the command says; it may have a negative answer, but no error."""
    done = forks.run(_command(*words))
    assert done.returncode in {0, 1}, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def _enroll(people: Path) -> None:
    words = [str(REKNOWN), "enroll", str(people), "--any-quality", "--pack", OLD]
    forks.run(words, check=True)


def _killed_while_it_prepares(images: Path, chance: random.Random) -> set[str]:
    """The images that it said to have carried before it was killed."""
    command = _command("--from", images, "--pack", NEW)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, pipesize=4096)
    assert process.stdout is not None
    printed = "".join(process.stdout.readline() for _ in range(chance.randint(1, 5)))
    if chance.random() < 0.5:
        time.sleep(chance.uniform(0, 0.05))
    process.kill()
    rest, _ = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL
    whole = printed + rest
    lines = whole[: whole.rfind("\n") + 1].splitlines()
    return {json.loads(line)["picture"] for line in lines}


def _killed_after(seconds: float, *words: str) -> None:
    process = subprocess.Popen(
        _command(*words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(seconds)
    process.kill()
    process.wait(timeout=30)


def _stored() -> tuple[str, set[int], int, int]:
    """The pack in force, the lengths of the templates, how many, and how many of both spaces."""
    path = Path(os.environ["REKNOWN_DATA"]) / "reknown.db"
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        (pack,) = connection.execute("SELECT pack FROM collections").fetchone()
        templates = connection.execute("SELECT template FROM faces ORDER BY id").fetchall()
        (both,) = connection.execute("SELECT count(*) FROM upgrade_templates").fetchone()
    return pack, {len(row[0]) for row in templates}, len(templates), both


def test_killed_at_any_moment_it_goes_on_where_it_stopped(tmp_path: Path) -> None:
    chance = random.Random(3)
    people, moved = tmp_path / "people", tmp_path / "moved"
    people.mkdir()
    save_many(people, 30, 5)
    _enroll(people)
    for number, path in enumerate(sorted(people.rglob("*.jpg"))):
        (moved / str(number % 3)).mkdir(parents=True, exist_ok=True)
        path.rename(moved / str(number % 3) / f"{number}")
    carried: set[str] = set()
    for _ in range(4):
        more = _killed_while_it_prepares(moved, chance)
        # what was acknowledged is not done again
        assert not more & carried
        carried |= more
    assert 4 <= len(carried) < 30
    command = _command("--from", moved)
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0] for process in runs]
    assert [process.returncode for process in runs] == [0, 0]
    for output in outputs:
        *last, report = map(json.loads, output.splitlines())
        assert not {line["picture"] for line in last} & carried
    assert (report["carried"], report["missing"], report["faces"]) == (30, 0, 30)
    # sealed: with a nonce and a tag
    of = {OLD: "former", NEW: "target"}
    dimensions = {pack: 4 * report[which]["dimension"] + 28 for pack, which in of.items()}
    switched = False
    for _ in range(3):
        _killed_after(chance.uniform(0.3, 0.7), "--undo" if switched else "--switch")
        pack, lengths, count, both = _stored()
        assert (lengths, count, both) == ({dimensions[pack]}, 30, 30)
        switched = _upgrade()[0]["switched"]
        assert pack == (NEW if switched else OLD)
    if not switched:
        _upgrade("--switch")
    _killed_after(0.5, "--finish", "--yes")
    if _stored()[3]:
        _upgrade("--finish", "--yes")
    assert _stored() == (NEW, {dimensions[NEW]}, 30, 0)


Ask = Callable[[Any], tuple[str, Any]]


class _Caller(threading.Thread):
    """Asks the same questions in turn until it is stopped; `answers` by question and version."""

    def __init__(self, server: Server, *asks: Ask) -> None:
        super().__init__(daemon=True)
        self._client = callers.distinct(server.client(**callers.NO_RETRIES))
        self._asks = asks
        self.answers: dict[tuple[str, str], list[Any]] = defaultdict(list)
        self.error: Exception | None = None
        self.stopped = threading.Event()

    def run(self) -> None:
        with closing(self._client):
            try:
                while not self.stopped.is_set():
                    for ask in self._asks:
                        version, answer = ask(self._client)
                        self.answers[ask.__name__, version].append(answer)
            except Exception as error:
                self.error = error

    def wait_for_more(self) -> None:
        """Returns when it has asked everything again and has its answers."""
        wanted = self._count() + 2 * len(self._asks)
        wait_for(lambda: self.error or self._count() >= wanted)
        assert self.error is None, self.error

    def _count(self) -> int:
        return sum(len(answers) for answers in [*self.answers.values()])


def _plain(face: dict[str, Any]) -> tuple[object, ...]:
    box = face["BoundingBox"]
    place = tuple(round(box[side], 4) for side in ("Left", "Top", "Width", "Height"))
    return face["FaceId"], place, round(face["Confidence"], 2)


def _matches(answer: dict[str, Any]) -> tuple[str, Any]:
    found = [(*_plain(m["Face"]), round(m["Similarity"], 2)) for m in answer["FaceMatches"]]
    return answer["FaceModelVersion"], sorted(found)


def _questions(data: bytes, face_id: str) -> tuple[Ask, Ask, Ask, Ask]:
    where: dict[str, Any] = {"CollectionId": "people"}
    image: dict[str, Any] = {"Bytes": data}

    def index(client: Any) -> tuple[str, Any]:
        answer = client.index_faces(**where, Image=image, ExternalImageId="again")
        return answer["FaceModelVersion"], [_plain(r["Face"]) for r in answer["FaceRecords"]]

    def listed(client: Any) -> tuple[str, Any]:
        answer = client.list_faces(**where)
        return answer["FaceModelVersion"], [_plain(face) for face in answer["Faces"]]

    def by_image(client: Any) -> tuple[str, Any]:
        return _matches(client.search_faces_by_image(**where, Image=image))

    def by_face(client: Any) -> tuple[str, Any]:
        return _matches(client.search_faces(**where, FaceId=face_id))

    return index, by_image, by_face, listed


def test_a_server_answers_all_the_while_and_each_time_in_one_space(
    tmp_path: Path, grace: bytes
) -> None:
    people = tmp_path / "people"
    people.mkdir()
    save_many(people, 12, 3)
    _enroll(people)
    image = next(people.rglob("*.jpg")).read_bytes()
    with serving(Path(os.environ["REKNOWN_DATA"])) as server:
        with closing(server.client()) as client:
            made = client.index_faces(
                CollectionId="people", Image={"Bytes": image}, ExternalImageId="again"
            )
            face_id = made["FaceRecords"][0]["Face"]["FaceId"]
        index, by_image, by_face, listed = _questions(image, face_id)
        threads = [
            _Caller(server, index),
            _Caller(server, by_image),
            _Caller(server, by_face, listed),
        ]
        for thread in threads:
            thread.start()
        for words in (
            ("--from", people, "--pack", NEW),
            ("--switch",),
            ("--undo",),
            ("--switch",),
            ("--finish", "--yes"),
        ):
            for thread in threads:
                thread.wait_for_more()
            _upgrade(*words)
        for thread in threads:
            thread.wait_for_more()
            thread.stopped.set()
            thread.join()
        with closing(server.client()) as client:
            answer = client.index_faces(CollectionId="people", Image={"Bytes": grace})
            found = client.search_faces_by_image(CollectionId="people", Image={"Bytes": grace})
        log = [json.loads(line) for line in server.log]
    versions = {version for thread in threads for _, version in thread.answers}
    assert len(versions) == 2
    assert answer["FaceModelVersion"] == found["FaceModelVersion"] in versions
    assert {match["Face"]["UserId"] for match in found["FaceMatches"] if "UserId" in match["Face"]}
    assert {line["code"] for line in log if line["event"] == "request"} == {"OK"}
    for thread in threads:
        assert len({version for _, version in thread.answers}) == 2
        for answers in thread.answers.values():
            # a mixture of both spaces would be equal to neither
            assert all(answer == answers[0] for answer in answers)
    print({key: len(a) for thread in threads for key, a in thread.answers.items()})
