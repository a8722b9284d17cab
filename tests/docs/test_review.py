"""Runs the page "Review candidates", each command as the account that the page says."""

from __future__ import annotations

import json
import os
import pwd
import shlex
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from golden.commands import execute
from pages import ROOT, snippets
from portraits import mirrored_grace
from reknown.biometrics.policy import Policy
from reknown.cli.demo_images import EILEEN, GRACE, jpeg
from reknown.gallery.policies import set_policy
from reknown.review import check_packet
from reknown.storage.database import open_database

if TYPE_CHECKING:
    import pytest

_PAGE = ROOT / "docs" / "how-to" / "review.md"


@dataclass
class _Accounts:
    """Whom the system says is acting: accounts that every system has, by the page's names."""

    monkeypatch: pytest.MonkeyPatch

    def __post_init__(self) -> None:
        numbers = sorted(each.pw_uid for each in pwd.getpwall() if each.pw_uid > 0)
        self.numbers = dict(zip(("ann", "ben", "cem"), numbers, strict=False))

    def become(self, name: str | None) -> None:
        number = os.geteuid() if name is None else self.numbers[name]
        self.monkeypatch.setattr("os.getuid", lambda: number)

    def named(self, line: str) -> str:
        """The line with the accounts' real names."""
        for name, number in self.numbers.items():
            line = line.replace(f"cli:{name}", f"cli:{pwd.getpwuid(number).pw_name}")
        return line


def test_the_page_works_as_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    accounts = _Accounts(monkeypatch)
    for name, data in {
        "people/Grace Hopper/1.jpg": mirrored_grace(),
        "people/Eileen Collins/2.jpg": jpeg(EILEEN.crop()),
        "probe.jpg": jpeg(GRACE.crop()),
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    Path("original.jpg").write_bytes(b"as it came from the camera")
    Path("report.json").write_text("{}")
    _run("enroll people")
    (policy,) = (each.text for each in snippets(_PAGE) if each.language == "toml")
    database = open_database(tmp_path / "data")
    with database.begin() as connection:
        # the page judges one candidate; another would come and go by chance
        wanted = replace(Policy(**tomllib.loads(policy)), review_seeds=0)
        set_policy(connection, "people", wanted)
    database.dispose()
    case = ""
    shown = {}
    for snippet in (each.text for each in snippets(_PAGE) if each.language == "sh"):
        for line in filter(None, snippet.splitlines()):
            words, _, whom = line.partition("  # as ")
            accounts.become(whom or None)
            if "CASE" in words and not case:
                accounts.become(None)
                case = json.loads(_run("reviews list --json").splitlines()[0])["case"]
                accounts.become(whom or None)
            command = accounts.named(words.partition("reknown ")[2].replace("CASE", case))
            shown[line] = _run(command.partition(" > ")[0])
    text = "\n".join(shown.values())
    assert f"reviewers have to judge case {case}" in text
    assert "the case is disputed" in text
    assert "the case is decided" in text
    assert "nothing was changed in the packet" in text
    assert "is open again, in round 2" in text
    # after the appeal nothing is shown, and all is still on record
    (found,) = map(json.loads, _run(f"reviews show {case} --json").splitlines())
    assert (found["round"], found["revealed"], found["seed"]) == (2, False, None)
    assert found["candidates"][0].keys() == {
        *("number", "face_id", "subject_id", "sighting_id", "picture", "best_ms", "yours"),
    }
    assert json.loads(_run("reviews check packet.zip --json"))["faults"] == []
    assert _run("reviews rates --json") == ""
    assert _run("reviews checker") == Path(check_packet.__file__).read_text()
    sheet = Path("case.html").read_text()
    assert sheet.count("data:image/jpeg") >= 2
    assert "Hopper" not in sheet


def _run(line: str) -> str:
    status, out, err = execute(shlex.split(line))
    assert status == 0, (line, err)
    return out
