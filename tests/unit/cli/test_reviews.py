"""What reviewers are shown on the command line before and after a case is decided."""

from __future__ import annotations

import json
import os
import pwd
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from portraits import mirrored_grace
from reknown.biometrics.errors import AccessError
from reknown.biometrics.policy import Policy
from reknown.cli.demo_images import EILEEN, GRACE, jpeg
from reknown.gallery.policies import set_policy
from reknown.storage.database import open_database

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unit.cli.conftest import Run

    RunCommand = Callable[..., Run]

NAMES = ("Grace Hopper", "Eileen Collins", "Hopper", "Collins")
HIDDEN = {"rank", "score", "similarity", "seeded", "opinion", "false_match_rate"}


@dataclass(frozen=True)
class Case:
    """A case of one candidate, and how much that resembles the probe."""

    case_id: str
    score: float
    similarity: float
    folder: Path

    def figures(self) -> list[str]:
        """As a page or a table could have them."""
        texts = (f"{self.score:.4f}", f"{self.similarity:.1f}", str(self.score))
        return [*texts, str(self.similarity)]


@pytest.fixture
def become(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """Makes a reviewer the account that acts; its name. Any account of the system does."""
    numbers = sorted(each.pw_uid for each in pwd.getpwall() if each.pw_uid > 0)
    known = {"searcher": os.geteuid(), **dict(zip(("ann", "ben"), numbers, strict=False))}

    def act_as(who: str) -> str:
        monkeypatch.setattr("os.getuid", lambda: known[who])
        return f"cli:{pwd.getpwuid(known[who]).pw_name}"

    return act_as


@pytest.fixture
def case(tmp_path: Path, run: RunCommand, become: Callable[[str], str]) -> Case:
    for name, data in {
        "people/Grace Hopper/0001.jpg": mirrored_grace(),
        "people/Eileen Collins/0002.jpg": jpeg(EILEEN.crop()),
        "probe.jpg": jpeg(GRACE.crop()),
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    run("enroll", tmp_path / "people")
    database = open_database(tmp_path / "data")
    with database.begin() as connection:
        set_policy(connection, "people", Policy(review_from=80.0, reviewers=2, review_seeds=0))
    database.dispose()
    (found,) = run("identify", tmp_path / "probe.jpg", "--json").lines
    (face,) = found["faces"]
    (candidate,) = face["search"]["candidates"]
    for who in ("ann", "ben"):
        account = become(who)
        become("searcher")
        assert run("reviewers", "add", account, "--trained-until", "2099-12-31").status == 0
    (listed,) = run("reviews", "list", "--json").lines
    return Case(listed["case"], candidate["score"], candidate["similarity"], tmp_path)


def shown(run: RunCommand, case: Case) -> dict[str, str]:
    """All that the command line has of a case, by the way it is shown."""
    sheet = case.folder / "sheet.html"
    probe = ("--probe", case.folder / "probe.jpg")
    assert run("reviews", "show", case.case_id, "--sheet", sheet, *probe).status == 0
    told = {
        "list": run("reviews", "list").out,
        "list --json": run("reviews", "list", "--json").out,
        "show": run("reviews", "show", case.case_id).out,
        "show --json": run("reviews", "show", case.case_id, "--json").out,
        "sheet": sheet.read_text(),
    }
    sheet.unlink()
    return told


def keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(keys, value.values()))
    return set().union(*map(keys, value)) if isinstance(value, list) else set()


def test_neither_score_nor_rank_nor_name_is_shown_before_the_decision(
    run: RunCommand, become: Callable[[str], str], case: Case
) -> None:
    judge = ("reviews", "judge", case.case_id, "1", "same", "--ground", "ears")
    for who in ("ann", "ben"):
        become(who)
        told = shown(run, case)
        for way, text in told.items():
            assert [each for each in case.figures() if each in text] == [], way
        assert not HIDDEN & keys(json.loads(told["show --json"]))
        assert not [name for name in NAMES if name in told["sheet"]]
        if who == "ben":
            # nor what the other one thinks
            assert '"same"' not in told["show --json"]
            assert " same" not in told["show"]
        assert run(*judge).status == 0
    after = json.loads(shown(run, case)["show --json"])
    (candidate,) = after["candidates"]
    assert (candidate["rank"], candidate["score"]) == (1, pytest.approx(case.score))
    assert keys(after) >= HIDDEN - {"false_match_rate"}


def test_the_same_reviewer_does_not_decide_alone(
    run: RunCommand, become: Callable[[str], str], case: Case
) -> None:
    judge = ("reviews", "judge", case.case_id, "1", "same", "--ground", "ears")
    become("ann")
    run("reviews", "show", case.case_id)
    assert run(*judge).status == 0
    with pytest.raises(AccessError, match="that is final"):
        run(*judge)
    become("searcher")
    with pytest.raises(AccessError, match="is not a reviewer"):
        run(*judge)
    (listed,) = run("reviews", "list", "--json").lines
    assert (listed["state"], listed["reviewed"], listed["reviewers"]) == ("open", 1, 2)


def test_a_case_of_what_was_seen_is_shown_and_judged_blind(
    tmp_path: Path, run: RunCommand, become: Callable[[str], str]
) -> None:
    album, probe = tmp_path / "album", tmp_path / "probe.jpg"
    album.mkdir()
    (album / "party.jpg").write_bytes(mirrored_grace())
    probe.write_bytes(jpeg(GRACE.crop()))
    run("scan", album)
    database = open_database(tmp_path / "data")
    with database.begin() as connection:
        set_policy(connection, "people", Policy(review_from=80.0, reviewers=1, review_seeds=0))
    database.dispose()
    (found,) = run("find", probe, "--json").lines
    told = run("find", probe).out
    first, second = (each["case"] for each in run("reviews", "list", "--json").lines)
    assert (found["case"], f"judge case {second}" in told) == (first, True)
    account = become("ann")
    become("searcher")
    run("reviewers", "add", account, "--trained-until", "2099-12-31")
    become("ann")
    (candidate,) = run("reviews", "show", first, "--json").lines[0]["candidates"]
    assert not HIDDEN & keys(candidate)
    assert (candidate["sighting_id"], candidate["picture"]) == (found["sighting_id"], "party.jpg")
    text = run("reviews", "show", first).out
    assert f"{found['similarity']:.1f}" not in text
    sheet = tmp_path / "sheet.html"
    assert run("reviews", "show", first, "--sheet", sheet, "--probe", probe).status == 0
    assert sheet.read_text().count("data:image/jpeg") == 2
    (album / "party.jpg").rename(tmp_path / "moved.jpg")
    looked = ("--sheet", sheet, "--in", tmp_path)
    assert run("reviews", "show", first, *looked).status == 0
    assert sheet.read_text().count("data:image/jpeg") == 1
    done = run("reviews", "judge", first, "1", "same", "--ground", "ears", "--json").lines[0]
    assert done["state"] == "decided"
    packet = tmp_path / "packet.zip"
    become("searcher")
    assert run("reviews", "packet", first, "--out", packet, "--version", probe).status == 0
    assert run("reviews", "check", packet).status == 0
