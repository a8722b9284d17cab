from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from portraits import mirrored_grace
from reknown.biometrics.errors import InputError, NotFoundError, UpgradeError
from reknown.vision.packs.store import PackStore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unit.cli.conftest import Run

    RunCommand = Callable[..., Run]


@pytest.fixture
def upgrade(run: RunCommand, people: Path) -> RunCommand:
    """`collections upgrade`, with Eileen and two images of Grace enrolled with the old pack."""
    (people / "Grace Hopper" / "2.jpg").write_bytes(mirrored_grace())
    assert run("enroll", people, "--pack", "public-domain").status == 0

    def upgrade(*words: object, answer: str | None = None) -> Run:
        return run("collections", "upgrade", "people", *words, answer=answer)

    return upgrade


@pytest.fixture
def moved(people: Path, tmp_path: Path) -> Path:
    """The same images elsewhere under other names."""
    folder = tmp_path / "elsewhere"
    for number, path in enumerate(sorted(people.rglob("*.jpg"))):
        (folder / f"{number}").mkdir(parents=True)
        shutil.copy(path, folder / f"{number}" / "image")
    return folder


def packs(run: RunCommand) -> list[str]:
    return [line["space"]["pack"] for line in run("collections", "list", "--json").lines]


def test_from_one_pack_to_another_and_back_and_forth(
    run: RunCommand, upgrade: RunCommand, moved: Path, people: Path
) -> None:
    faces = run("faces", "list", "--json").lines
    prepared = upgrade("--from", moved)
    assert (prepared.status, prepared.err) == (0, "")
    assert "people: public-domain -> opencv, not switched: public-domain answers" in prepared.out
    assert "3 of 3 faces have a template of opencv" in prepared.out
    assert "own person nearest, new            2    2" in prepared.out
    assert "next: reknown collections upgrade people --switch" in prepared.out
    assert packs(run) == ["public-domain"]
    for step, pack in (("--switch", "opencv"), ("--undo", "public-domain"), ("--switch", "opencv")):
        done = upgrade(step)
        assert (done.status, done.err) == (0, "")
        assert f"people: 3 faces have templates of {pack} now" in done.out
        assert packs(run) == [pack]
        found = run("identify", people / "Grace Hopper" / "1.jpg", "--json").lines
        assert found[0]["faces"][0]["search"]["candidates"][0]["user"] == "Grace Hopper"
    assert "switched: opencv answers" in upgrade().out
    ended = upgrade("--finish", answer="y\n")
    assert (ended.status, ended.err) == (0, "")
    assert "made with opencv" in ended.out
    with pytest.raises(UpgradeError, match="on its way to no other model pack"):
        upgrade()
    now = run("faces", "list", "--json").lines
    for key in ("face_id", "user", "external_id", "created_at", "image"):
        assert [face[key] for face in now] == [face[key] for face in faces]


def test_the_same_for_machines(upgrade: RunCommand, moved: Path) -> None:
    (moved / "broken").symlink_to("nowhere")
    *files, report = upgrade("--from", moved, "--json").lines
    assert sorted((line["carried_faces"], bool(line["trouble"])) for line in files) == [
        (0, True),
        *[(1, False)] * 3,
    ]
    assert report == upgrade("--json").lines[0]
    assert (report["faces"], report["carried"], report["missing"]) == (3, 3, 0)
    assert (report["former"]["pack"], report["target"]["pack"]) == ("public-domain", "opencv")
    assert (report["switched"], report["reasons"], report["foreign_tracks"]) == (False, {}, [])
    agreement = report["agreement"]
    assert (agreement["faces"], agreement["findable"], agreement["found_now"]) == (3, 2, 2)
    assert agreement["people"]["people"] == 1
    (switched,) = upgrade("--switch", "--json").lines
    assert (switched["space"]["pack"], switched["faces"]) == ("opencv", 3)
    assert switched["deleted_faces"] == 0
    (ended,) = upgrade("--finish", "--yes", "--json").lines
    assert ended == {"collection": "people", "pack": "opencv", "ended": True}


def test_faces_that_cannot_come_along_are_listed_and_deleted_only_when_told_to(
    run: RunCommand, upgrade: RunCommand, moved: Path
) -> None:
    shutil.rmtree(moved / "0")
    prepared = upgrade("--from", moved)
    assert prepared.status == 1
    assert "2 of 3 faces" in prepared.out
    assert "1 picture not found" in prepared.out
    assert "1 person would have no face left without them" in prepared.out
    assert "Eileen Collins   1.jpg   picture not found" in upgrade("--missing").out
    (listed,) = upgrade("--missing", "--json").lines
    assert (listed["user"], listed["reason"]) == ("Eileen Collins", "picture not found")
    with pytest.raises(UpgradeError, match="--delete-missing"):
        upgrade("--switch")
    refused = upgrade("--switch", "--delete-missing", answer="n\n")
    assert (refused.status, "Delete 1 face of people" in refused.out) == (1, True)
    assert packs(run) == ["public-domain"]
    done = upgrade("--switch", "--delete-missing", answer="y\n")
    assert "2 faces have templates of opencv now, 1 face was deleted" in done.out
    assert "no face is missing" in upgrade("--missing").out
    ids = [face["face_id"] for face in run("faces", "list", "--json").lines]
    assert listed["face_id"] not in ids
    (deletion,) = run("ledger", "--json", "--operation", "delete faces").lines
    assert deletion["record"] == {"faces": [listed["face_id"]]}


def test_faces_enrolled_after_the_switch_can_go_back_with_their_images(
    run: RunCommand, upgrade: RunCommand, people: Path, tmp_path: Path
) -> None:
    held_back = tmp_path / "held back" / "Eileen"
    shutil.copytree(people / "Eileen Collins", held_back)
    (face,) = run("faces", "list", "--user", "Eileen Collins", "--json").lines
    run("faces", "delete", face["face_id"])
    upgrade("--from", people)
    upgrade("--switch")
    assert run("enroll", held_back.parent).status == 0
    with pytest.raises(UpgradeError, match="1 face has no template of public-domain in"):
        upgrade("--undo")
    assert "1 not looked for yet: run it with --from again" in upgrade().out
    # without --pack it goes on between the two packs
    assert upgrade("--from", held_back).status == 0
    assert upgrade("--undo").status == 0
    assert (packs(run), len(run("faces", "list", "--json").lines)) == (["public-domain"], 3)


def test_what_was_prepared_can_be_thrown_away(
    run: RunCommand, upgrade: RunCommand, moved: Path
) -> None:
    upgrade("--from", moved)
    assert upgrade("--discard", answer="n\n").status == 1
    assert upgrade("--discard", answer="y\n").status == 0
    with pytest.raises(UpgradeError):
        upgrade("--switch")
    assert packs(run) == ["public-domain"]


def test_what_makes_no_sense_is_refused_before_any_work(
    run: RunCommand, upgrade: RunCommand, moved: Path
) -> None:
    with pytest.raises(UpgradeError, match="made with public-domain already: name another pack"):
        upgrade("--from", moved, "--pack", "public-domain")
    with pytest.raises(InputError, match="cannot read"):
        upgrade("--from", moved / "absent")
    with pytest.raises(NotFoundError, match="'nobodies'"):
        run("collections", "upgrade", "nobodies", "--from", moved)
    for words, said in (
        (("--switch", "--finish"), "one step at a time"),
        (("--from", moved, "--undo"), "one step at a time"),
        (("--pack", "opencv"), "--from PEOPLE"),
        (("--delete-missing",), "--switch or --undo"),
    ):
        with pytest.raises(InputError, match=said):
            upgrade(*words)
    assert [event["operation"] for event in run("ledger", "--json").lines].count(
        "prepare upgrade"
    ) == 0


def test_files_that_cannot_be_read_are_notes(upgrade: RunCommand, moved: Path) -> None:
    for number in range(23):
        (moved / f"broken \x1b[31m {number:02d}").symlink_to("nowhere")
    prepared = upgrade("--from", moved)
    lines = prepared.err.splitlines()
    assert len(lines) == 21
    assert all(line.startswith("note: ") and "\x1b[31m" not in line for line in lines)
    assert "3 more files cannot be read: --json names them" in lines[-1]


def test_a_pack_that_is_gone_leaves_similarities_uncompared(
    upgrade: RunCommand, moved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upgrade("--from", moved)
    known = PackStore.manifest

    def manifest(store: PackStore, name: str) -> object:
        return known(store, f"{name} of yore" if name == "public-domain" else name)

    monkeypatch.setattr(PackStore, "manifest", manifest)
    assert "similarities are not compared" in upgrade().out
    assert json.loads(upgrade("--json").out)["agreement"]["people"] is None
