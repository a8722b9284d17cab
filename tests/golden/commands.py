"""The story that the command line tells, with every command that has `--json`."""

from __future__ import annotations

import io
import json
import os
import shlex
import sys
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from unittest import mock

import typer

from reknown.cli.main import app, cli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from golden.recording import Recording

    Run = Callable[[str], list[Any]]


# What commands that ask for a password read.
_PASSWORD = "four small words here"


def with_json() -> list[str]:
    """The names of all commands that have `--json`, from the command line itself."""
    return [name for name, options in _commands() if "--json" in options]


def file_of(line: str) -> str:
    """The file that holds what a command line answers."""
    names = [name for name, _ in _commands() if line.split()[: len(name.split())] == name.split()]
    return max(names, key=len).replace(" ", "-")


def runner(recording: Recording) -> Run:
    """Runs command lines in this process, as `reknown` would, and records what they answer."""

    def run(line: str) -> list[Any]:
        status, out, err = execute(shlex.split(line))
        answer = lines(out)
        step: dict[str, Any] = {"command": f"reknown {line}", "status": status, "out": answer}
        if err:
            step["err"] = err.splitlines()
        recording.add(file_of(line), step)
        return answer

    return run


def execute(words: list[str]) -> tuple[int, str, str]:
    """A command's exit status and what it wrote to standard output and error."""
    out, err = io.StringIO(), io.StringIO()
    status: object = 0
    arguments = mock.patch.object(sys, "argv", ["reknown", *words])
    typed = mock.patch.object(sys, "stdin", io.StringIO(f"{_PASSWORD}\n"))
    environment = mock.patch.dict(os.environ)  # options of one command are not those of the next
    with arguments, typed, environment, redirect_stdout(out), redirect_stderr(err):
        try:
            app()
        except SystemExit as end:
            status = end.code
    return int(str(status or 0)), out.getvalue(), err.getvalue()


def lines(out: str) -> list[Any]:
    """Lines of JSON as values, all others as text."""
    return [json.loads(line) if line.startswith("{") else line for line in out.splitlines()]


@cache
def _commands() -> tuple[tuple[str, set[str]], ...]:
    """Every command's full name and options."""
    return tuple(_below(typer.main.get_command(cli), ()))


def _below(command: Any, name: tuple[str, ...]) -> Iterator[tuple[str, set[str]]]:
    for word, child in getattr(command, "commands", {}).items():
        yield from _below(child, (*name, word))
    if not hasattr(command, "commands") or command.invoke_without_command:
        yield " ".join(name), {option for one in command.params for option in one.opts}


def tell(run: Run) -> None:
    """The whole story, in a folder that `golden.world` filled."""
    _models(run)
    _collections(run)
    _images(run)
    _videos(run)
    _watches(run)
    _archive(run)
    _upgrade(run)
    _keys(run)
    _people(run)
    _evaluations(run)
    _reviews(run)
    _mending(run)
    _moves(run)
    _rules(run)
    _deletions(run)
    _backup(run)
    _proofs(run)
    for line in ("ledger --json", "ledger --json -c old", "ledger --json -c never-there"):
        run(line)
    _oversight(run)


def _people(run: Run) -> None:
    run("accounts add ada --json")
    run("accounts add ben --role reviewer --collection 'staff-*' --json")
    run("accounts add ada --json")
    run("accounts add Ada --json")
    run("accounts add cem --role king --json")
    run("accounts role ben auditor --json")
    run("accounts list --json")
    run("console --json")


def _oversight(run: Run) -> None:
    run(f"usage --month {datetime.now(UTC):%Y-%m} --json")
    run("usage --month 2000-01 --json")
    run("usage --month November --json")
    run("drift --json")
    run("drift --reset people")
    run("drift --reset nobody --json")
    run("report transparency --since 2000-01-01 --until 2000-12-31 --json")
    run("report transparency --since 2026-01-01 --until 9000-12-31 --json")
    run("report transparency --json")


def _proofs(run: Run) -> None:
    run("ledger verify --json")
    run("ledger verify --full --key nonsense --json")
    run("ledger verify --full --checkpoint broken.jpg --json")
    (key,) = run("ledger key --json")
    execute(["ledger", "checkpoint", "--out", "ledger.checkpoint"])
    run("ledger witness ledger.checkpoint --folder witness --json")
    known = f"--key {key['key']} --folder witness"
    run(f"ledger witness ledger.checkpoint {known} --json")
    run("ledger witness broken.jpg --folder witness --json")
    run("ledger export --out ledger.jsonl --json")
    run("ledger export --out consent.txt/ledger.jsonl --json")


def _rules(run: Run) -> None:
    run("collections create ruled --policy rules.toml --json")
    run("collections policy ruled --json")
    run("collections show ruled --json")
    run("collections policy ruled --set wrong.toml --json")
    run("collections policy nobody --json")
    run("collections policy ruled --set rules.toml --json")
    run("identify eileen.jpg -c ruled --json")
    run("identify eileen.jpg -c ruled --purpose marketing --json")
    run("enroll people -c ruled --json")
    run("consent give 'Grace Hopper' -c ruled --text consent.txt --basis signed --json")
    run("consent give nobody -c nobody --text consent.txt --basis signed --json")
    run("enroll people -c ruled --json")
    run("identify grace.jpg -c ruled --purpose missing-person --json")
    run("collections policy ruled --set repeats.toml --json")
    run("identify grace.jpg -c ruled --purpose missing-person --json")
    run("identify grace.jpg -c ruled --purpose missing-person --json")
    run("approvals list -c ruled --json")
    run("approvals grant cli:ada -c ruled --reason 'case 4711' --json")
    run("approvals grant ada -c ruled --reason 'case 4711' --json")
    run("approvals list -c ruled --json")
    nothing = "00000000-0000-4000-8000-000000000000"
    run(f"approvals withdraw {nothing} -c ruled --json")
    run("approvals withdraw mine -c ruled --json")
    given = f"--approval {nothing}"
    run(f"identify grace.jpg -c ruled --purpose missing-person {given} --json")
    run("identify grace.jpg -c ruled --purpose missing-person --approval mine --json")
    run("collections policy ruled --set rules.toml --json")
    run("stop-searches -c ruled --reason 'under review'")
    run("identify grace.jpg -c ruled --purpose missing-person --json")
    run("resume-searches -c ruled")
    run("resume-searches -c ruled")
    run("consent show 'Grace Hopper' -c ruled --json")
    run("consent show nobody -c ruled --json")
    run("consent withdraw 'Grace Hopper' -c ruled --yes")
    run("consent list -c ruled --json")
    run("sweep --json")


def _backup(run: Run) -> None:
    run("backup kept.tar --json")
    run("backup kept.tar --passphrase-file passphrase --json")
    run("backup kept.tar --passphrase-file passphrase --json")
    run("backup data/kept.tar --without-keys --json")
    run("backup open.tar --without-keys --json")
    run("restore kept.tar --check --passphrase-file passphrase --json")
    run("restore kept.tar --passphrase-file passphrase --json")
    run("restore kept.tar --passphrase-file passphrase --data restored --json")
    run("restore open.tar --data restored-openly --json")
    run("restore broken.jpg --data never --json")
    run("restore nowhere.tar --data never --json")


def _moves(run: Run) -> None:
    run("export -c old --output old.npz --json")
    run("export -c old --output old.npz --json")
    run("export -c nobody --output nobody.npz --json")
    run("import old.npz -c old --json")
    run("import old.npz -c again --json")
    run("import old.npz -c again --new-ids --json")
    run("import broken.jpg -c again --json")
    run("migrate --to data --json")


def _models(run: Run) -> None:
    run("models list --json")
    for pack in ("opencv", "public-domain", "text", "nonsense"):
        run(f"models show {pack} --json")
    run("models verify --json")
    run("models verify opencv-zoo --json")
    run("models verify nonsense --json")
    run("doctor --json")
    run("config show --json")


def _collections(run: Run) -> None:
    run("collections list --json")
    run("collections create staff --tag floor=2 --tag building=north --json")
    run("collections create staff --json")
    run("collections create 'not a name' --json")
    run("collections create other --tag wrong --json")
    run("collections create other --pack nonsense --json")
    run("collections tag staff floor=3 desk=12 --remove building --json")
    run("collections tag nobody floor=3 --json")
    run("collections show staff --json")
    run("collections show nobody --json")


def _images(run: Run) -> None:
    run("identify eileen.jpg --json")
    run("enroll people --json")
    run("enroll people --json")
    run("enroll spoilt --json")
    run("enroll spoilt -c any --any-quality --json")
    run("enroll people -c old --pack public-domain --json")
    run("enroll people -c old --pack opencv --json")
    run("enroll nowhere --json")
    run("detect eileen.jpg pair.jpg --json")
    run("detect nobody.jpg broken.jpg missing.jpg --json")
    run("detect eileen.jpg --pack public-domain --json")
    run("text sign.png --json")
    run("text nobody.jpg broken.jpg missing.jpg --json")
    run("compare pair.jpg grace.jpg --json")
    run("compare eileen.jpg three.jpg --threshold 90 --json")
    run("compare eileen.jpg grace.jpg --score 0.1 --json")
    run("compare eileen.jpg grace.jpg --score 0.1 --threshold 80 --json")
    run("compare nobody.jpg grace.jpg --json")
    run("compare eileen.jpg broken.jpg --json")
    run("identify pair.jpg nobody.jpg broken.jpg --json")
    run("identify pair.jpg nobody.jpg broken.jpg --xmp-dir names --json")
    run("identify three.jpg -c old --threshold 99 --top 1 --json")
    run("identify eileen.jpg --score -1 --top 2 --json")
    run("identify eileen.jpg --score -1 --among-user 'Grace Hopper' --json")
    run("identify eileen.jpg --score -1 --among-user nobody --json")
    run("identify eileen.jpg --score -1 --enrolled-until 2000-01-01 --json")
    run("identify eileen.jpg -c nobody --json")
    run("collections list --json")
    run("users list --json")
    run("users list -c nobody --json")
    told = "--url www.example.org/grace --url https://example.org/hopper --known-gender female"
    run(f"users describe 'Grace Hopper' {told} --json")
    run("users describe 'Eileen Collins' --json")
    run("users describe nobody --json")
    run("users describe 'Grace Hopper' --url javascript:alert(1) --json")
    run("users list --json")
    run("faces list --json")
    run("faces list --user 'Grace Hopper' --json")
    run("faces list --user nobody --json")
    run("faces list -c nobody --json")


def _videos(run: Run) -> None:
    run("video identify film.mp4 --keep 30 --json")
    run("video identify film.mp4 -c staff --json")
    run("video identify missing.mp4 broken.jpg --json")
    run("watch nowhere.mp4 --json")
    run("watch film.mp4 --zone 2,2,1,1 --json")
    run("watch film.mp4 --record film.avi --json")
    run("watch film.mp4 --record film.mp4 --json")
    run("video tracks list --json")
    run("video tracks list --video film.mp4 --before 2000-01-01 --json")
    run("video tracks list -c nobody --json")
    run("video search grace.jpg --json")
    run("jobs list --json")
    run("jobs stop none --json")
    run("events --json")
    run("events -c nobody --json")
    run("video search pair.jpg --threshold 0 --top 1 --json")
    run("video search nobody.jpg --json")
    run("video search grace.jpg -c staff --json")


def _watches(run: Run) -> None:
    run("watches list --json")
    run("watches create hall --camera door --zone 0,0,0.5,1 --json")
    run("watches create hall --camera door --json")
    run("watches create yard --camera yard -c nobody --json")
    run("watches create yard --camera yard --zone 1,2 --json")
    run("watches create yard --camera yard --alert 'Nobody Known' --json")
    run("watches create yard --camera yard --schedule never --json")
    run("watches change hall --alert 'crew=Eileen Collins' --schedule 'mon-fri 08:00-18:00' --json")
    run("watches change hall --keep 30 --least-height 0.1 --reset schedule --json")
    run("watches change hall --reset alerts --json")
    run("watches show hall --json")
    run("watches show hall")
    run("watches show nowhere --json")
    run("watches start hall --json")
    run("watches delete hall --json")
    run("watches change hall --zone 0,0,1,1 --json")
    run("watches list --collection people --json")
    run("watches look hall --output look.png")
    run("watches look hall --output look.jpg")
    run("watches look hall --output look.jpg --json")
    run("watches stop hall --json")
    run("watches stop hall --json")
    run("watches delete hall --json")


def _archive(run: Run) -> None:
    run("scan people broken.jpg --json")
    run("scan people broken.jpg --again --json")
    run("scan nowhere --json")
    run("find 'Grace Hopper' --json")
    run("find eileen.jpg --until 2000-01-01 --json")
    run("find nobody --json")
    run("sightings list --json")
    run("sightings list --file nowhere.jpg --json")
    group, *_ = run("groups list --json")
    run(f"groups show {group['number']} --json")
    run("groups show 99 --json")
    number = group["number"]
    named, *_ = run(f"groups name {number} Amazing --json")
    run(named["undo"][0].removeprefix("reknown "))
    run(f"groups unname {number} --json")
    run(f"groups unname {number} --face {number} --keep-faces")
    run(f"groups name {number} 'Grace Hopper'")
    run("groups list --all --json")
    run("groups proposals --json")
    run(f"groups apart {group['number']} --person nobody")
    run(f"groups apart {group['number']}")
    file, *_ = run("archive list --json")
    run(f"archive delete {file['sha256']} --yes --json")
    run(f"archive delete {file['sha256']} --yes")
    run("archive list -c nowhere --json")
    run("sightings delete --file nowhere.jpg")
    run("sightings forget people")
    run("sightings list --json")


def _upgrade(run: Run) -> None:
    def step(words: str) -> None:
        run(f"collections upgrade old {words} --json")

    run("collections upgrade old --json")
    step("--from elsewhere")
    run("collections upgrade old --json")
    step("--missing")
    step("--switch")
    step("--from people")
    for words in ("--switch", "--undo", "--switch", "--switch --undo", "--finish --yes"):
        step(words)
    step("--from people --pack public-domain")
    step("--discard --yes")
    run("collections upgrade nobody --json")


def _keys(run: Run) -> None:
    (made,) = run("keys create --name phone --operation 'Search*' --collection 'staff-*' --json")
    run("keys create --json")
    run("keys create --operation Fly --json")
    run("keys create --name till --quota images=500/day --quota operations=9000/month --json")
    run("keys create --quota images=many --json")
    run("keys limit RK22222222222222222222 --quota faces=5/month")
    run("keys list --json")
    run(f"keys limit {made['access_key_id']} --quota faces=100/month")
    run(f"keys rotate {made['access_key_id']} --overlap 7d --json")
    run(f"usage --month {datetime.now(UTC):%Y-%m} --key {made['access_key_id']} --json")
    run("keys rotate RK22222222222222222222 --json")
    run(f"keys rotate {made['access_key_id']} --overlap soon --json")
    run("keys list --json")
    run(f"keys revoke {made['access_key_id']} --yes")


def _evaluations(run: Run) -> None:
    run("evaluate verify evaluation/set.csv --json")
    run("evaluate verify evaluation/set.csv --similarity 85 --without-names --json")
    run("evaluate verify --scores evaluation/scores.csv --json")
    run("evaluate verify --scores evaluation/wrong.csv --json")
    run("evaluate calibrate evaluation/set.csv --json")
    run(
        "evaluate calibrate --scores evaluation/scores.csv --pack opencv --dataset made "
        "--check evaluation/set.csv --check-dataset demo --json"
    )
    run("evaluate compare evaluation/set.csv --fmr 0.1 --json")
    run("evaluate compare --scores evaluation/scores.csv --scores evaluation/worse.csv --json")
    run("evaluate compare --scores evaluation/scores.csv --json")
    run("evaluate identify evaluation/set.csv --size 1 --json")
    run("evaluate identify --gallery-size 10000 --fpir 0.01 --json")
    run("evaluate identify --gallery-size 10000 --json")
    run("evaluate groups evaluation/set.csv --json")
    run("evaluate groups --scores evaluation/groups.csv --fmr 0.01 --json")
    run("evaluate groups evaluation/set.csv --by colour --json")
    run("evaluate audit congress evaluation/e.csv evaluation/g.csv --by region --json")
    run("evaluate audit congress evaluation/set.csv evaluation/g.csv --json")


def _reviews(run: Run) -> None:
    """Without a case: no command of this story sets a policy."""
    run("reviewers list --json")
    run("reviewers add cli:ada --trained-until 2099-12-31 --for 'people*'")
    run("reviewers add cli:ada --trained-until 2099-12-31")
    run("reviewers add ada --trained-until 2099-12-31")
    run("reviewers renew cli:ada --trained-until 2098-12-31")
    run("reviewers renew cli:bob --trained-until 2098-12-31")
    run("reviewers list --json")
    run("reviewers remove cli:ada")
    run("reviews list --json")
    run("reviews list -c nobody --json")
    nowhere = "00000000-0000-4000-8000-000000000000"
    run(f"reviews show {nowhere} --json")
    run(f"reviews judge {nowhere} 1 same --ground ears --json")
    run(f"reviews adjudicate {nowhere} 1 same --ground ears --json")
    run(f"reviews appeal {nowhere} --reason complaint --json")
    run(f"reviews packet {nowhere} --out packet.zip --json")
    run("reviews check broken.jpg --json")
    run("reviews rates --json")


def _mending(run: Run) -> None:
    face, *_ = run("faces list --user 'Grace Hopper' --json")
    run(f"faces show {face['face_id']} --json")
    run("faces show 00000000-0000-4000-8000-000000000000 --json")
    moved = f"{face['face_id']} 00000000-0000-4000-8000-000000000000"
    run(f"faces move {moved} --to 'Grace Murray' --json")
    run(f"faces move {moved} --to-nobody --to 'Grace Murray' --json")
    run("users rename 'Grace Murray' 'Grace M. Hopper' --json")
    run("users rename 'Grace Murray' nobody --json")
    run("enroll people --sync --json")
    run("enroll people --sync --dry-run --json")
    run("enroll people --sync --yes --json")
    run(f"faces move {face['face_id']} --to 'Grace Murray' --json")
    run("users apart 'Grace Murray' 'Grace Hopper'")
    run("users apart 'Grace Murray' 'Grace Hopper' --undo")
    run("users merge 'Grace Murray' 'Grace Hopper' --json")
    run("users merge 'Grace Murray' 'Grace Hopper' --json")
    run("enroll people --sync --dry-run --json")


def _deletions(run: Run) -> None:
    face, *_ = run("faces list --user 'Grace Hopper' --json")
    run(f"faces delete {face['face_id']} 00000000-0000-4000-8000-000000000000")
    run("users delete 'Eileen Collins' --yes")
    run("users delete 'Eileen Collins' --yes")
    run("users delete 'Grace Hopper' --keep-faces --yes")
    other, *_ = run("faces list --json")
    run(f"erase {other['face_id']} --yes --json")
    run(f"erase {other['face_id']} --yes --json")
    run("keyring rotate --json")
    run("keyring move --to redis://keys --json")
    run("video tracks delete --all --yes")
    run("video tracks list --json")
    run("collections delete any --yes")
    run("collections delete any --yes")
    run("collections list --json")
