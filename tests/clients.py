"""The clients that can be run: each as a process that takes calls, or as requests of its form."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from vectors import Connection, Vector

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from servers import Server

_FOLDER = Path(__file__).parent / "contract"
_DEBIANS_PYTHON = "/usr/bin/python3"
_DEBIANS_GO = Path("/usr/share/gocode")
NOT_IN_THIS_SDK = "NotInThisSDK"


class Result(NamedTuple):
    """What a client made of an answer; `code` is empty for success."""

    status: int
    code: str
    answer: dict[str, Any]


class Client(Protocol):
    """Calls operations; `version` is empty where none was run."""

    version: str

    def __call__(self, operation: str, parameters: Mapping[str, Any]) -> Result:
        """With blobs in base64."""


@dataclass(frozen=True, slots=True)
class Driver:
    """How to start a client; `missing` says what it needs, empty if all of it is here.

    A client that is not `pinned` is the machine's, in any version.
    """

    command: tuple[str, ...]
    missing: str = ""
    pinned: bool = True


def driver(sdk: str, folder: Path) -> Driver:
    """The driver of a row of `vectors.toml`; what has to be compiled goes to the folder."""
    kind, _, version = sdk.partition("-")
    if kind == "boto3":
        return Driver((sys.executable, str(_FOLDER / "clients" / "drive_boto3.py")))
    if kind == "aws":
        return _command_line(version)
    if kind == "curl":
        return _curl()
    if kind == "javascript":
        return _javascript(f"v{version}")
    return _go(f"v{version}", folder) if kind == "go" else _ruby()


def _command_line(version: str) -> Driver:
    script = str(_FOLDER / "clients" / "drive_cli.py")
    if version == "cli-1":
        return Driver((sys.executable, script))
    have = Path(_DEBIANS_PYTHON).exists() and subprocess.run(
        [_DEBIANS_PYTHON, "-c", "import awscli; assert awscli.__version__ >= '2'"],
        capture_output=True,
        check=False,
        timeout=60,
    )
    if not have or have.returncode:
        return Driver((), "needs Debian's awscli")
    return Driver((_DEBIANS_PYTHON, script), pinned=False)


def _curl() -> Driver:
    done = shutil.which("curl") and subprocess.run(
        ["curl", "--version"], capture_output=True, text=True, check=False, timeout=60
    )
    # before 7.87 it signs none of the headers that it is given
    if not done or tuple(map(int, done.stdout.split()[1].split(".")[:2])) < (7, 87):
        return Driver((), "needs curl 7.87")
    return Driver((sys.executable, str(_FOLDER / "clients" / "drive_curl.py")), pinned=False)


def _javascript(version: str) -> Driver:
    # npm writes it when everything else is there
    installed = _FOLDER / "javascript" / "node_modules" / ".package-lock.json"
    if shutil.which("node") is None or not installed.exists():
        return Driver((), "the JavaScript SDKs are not installed: make .venv/javascript")
    return Driver(("node", str(_FOLDER / "javascript" / "drive.mjs"), version))


def _go(version: str, folder: Path) -> Driver:
    package = {"v1": "aws-sdk-go", "v2": "aws-sdk-go-v2"}[version]
    sources = _DEBIANS_GO / "src" / "github.com" / "aws" / package
    if shutil.which("go") is None or not sources.exists():
        return Driver((), f"needs Debian's golang-go and golang-github-aws-{package}-dev")
    program = folder / f"drive-{version}"
    if not program.exists():
        environment = os.environ | {"GO111MODULE": "off", "GOPATH": str(_DEBIANS_GO)}
        source = _FOLDER / "go" / version / "drive.go"
        command = ["go", "build", "-o", str(program), str(source)]
        subprocess.run(command, env=environment, check=True, timeout=300)
    return Driver((str(program),), pinned=False)


def _ruby() -> Driver:
    have = shutil.which("ruby") and subprocess.run(
        ["ruby", "-e", "require 'aws-sdk-core'"], capture_output=True, check=False, timeout=60
    )
    if not have or have.returncode:
        return Driver((), "needs Debian's ruby-aws-sdk-core")
    return Driver(("ruby", str(_FOLDER / "ruby" / "drive.rb")), pinned=False)


class Process:
    """A driver that runs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.version = str(self._read()["version"])

    def __call__(self, operation: str, parameters: Mapping[str, Any]) -> Result:
        assert self._process.stdin
        call = {"operation": operation, "input": parameters}
        self._process.stdin.write(json.dumps(call) + "\n")
        self._process.stdin.flush()
        found = self._read()
        return Result(found["status"], found["code"], found["answer"] or {})

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, f"{self._process.args!r} ended: its messages are above"
        found: dict[str, Any] = json.loads(line)
        return found


@contextmanager
def running(driver: Driver, environment: Mapping[str, str], home: Path) -> Iterator[Process]:
    """The driver's process, which finds settings in the environment and none in its home."""
    with subprocess.Popen(
        driver.command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=home,
        env={**environment, "HOME": str(home)},
    ) as process:
        try:
            yield Process(process)
        finally:
            process.kill()


class Requests:
    """A client's requests, made after its vector."""

    version = ""

    def __init__(self, vector: Vector, server: Server) -> None:
        self._connection = Connection(vector, server)

    def __call__(self, operation: str, parameters: Mapping[str, Any]) -> Result:
        reply = self._connection.ask(operation, dict(parameters))
        return Result(reply.status, reply.code, json.loads(reply.body))

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()
