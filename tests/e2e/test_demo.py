import os
import pty
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import urllib3
from playwright.sync_api import Browser, expect

from decoding import decode_image
from reknown.cli.demo_images import EILEEN, GRACE
from servers import REKNOWN

_LINK = re.compile(r"once: (\S+)")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What the demo says, and where it leaves what it made; nobody sits at a terminal."""
    out = tmp_path_factory.mktemp("demo") / "out"
    # it must have nothing to do with what is there
    nowhere = os.environ | {"REKNOWN_DATABASE": "postgresql://127.0.0.1:1/nowhere"}
    done = subprocess.run(
        [str(REKNOWN), "demo", "--out", str(out)],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        env=nowhere,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout, out


def test_the_demo_finds_who_is_enrolled_and_nobody_else(demo: tuple[str, Path]) -> None:
    said, out = demo
    assert said.count(" right") == 28
    _, _, before, film, after, past, _ = re.split(r"\n[1-6]\. ", said)
    assert before.count("a stranger") == 7
    assert "a stranger" not in after
    assert EILEEN.name in before
    assert GRACE.name in after
    assert "0:00:01.0   0:00:04.0   Eileen Collins" in film
    assert "0:00:04.0   0:00:10.0   unknown 2" in film
    assert past.count("film.mp4") == 2
    made = sorted(out.iterdir())
    assert [path.name for path in made] == [
        "1-eileen-enrolled.png",
        "2-both-enrolled.png",
        "film-annotated.mp4",
        "film.html",
        "film.mp4",
        "gallery",
        "people",
        "photos",
    ]
    one, both = (decode_image(image.read_bytes()).pixels for image in made[:2])
    assert one.shape == both.shape
    assert (one != both).any()


def _with_browser(folder: Path) -> dict[str, str]:
    """An environment whose browser writes down what it is told to open."""
    program = folder / "browser"
    program.write_text(f'#!/bin/sh\nprintf %s "$1" > "{folder}/told"\n')
    program.chmod(0o755)
    return os.environ | {"BROWSER": str(program), "REKNOWN_SERVER__PORT": "0"}


def _told(folder: Path) -> str:
    return (folder / "told").read_text()


@contextmanager
def _opened(said: str, folder: Path) -> Iterator[str]:
    """Does what the demo ends with; the link that its browser is sent to."""
    (words,) = re.findall(r"reknown (serve --data .* --open)\n", said)
    command = [str(REKNOWN), *shlex.split(words), "--port", "0"]
    server = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=_with_browser(folder),
    )
    try:
        assert server.stdout is not None
        link = next(filter(None, map(_LINK.search, server.stdout)))[1]
        yield link
        assert _told(folder) == link
    finally:
        server.terminate()
        server.communicate(timeout=30)


def test_a_newcomer_gets_from_the_demo_to_a_name_and_its_proof(
    demo: tuple[str, Path], browser: Browser, tmp_path: Path
) -> None:
    """The walk is kept for `playwright show-trace` where REKNOWN_TRACES names a folder."""
    said, out = demo
    traces = Path(os.environ.get("REKNOWN_TRACES") or tmp_path)
    with _opened(said, tmp_path) as link, browser.new_context() as context:
        context.tracing.start(screenshots=True, snapshots=True)
        page = context.new_page()
        page.goto(link)
        page.get_by_role("button", name="Open the console").click()
        page.get_by_role("link", name="people", exact=True).click()
        expect(page.get_by_role("link", name=EILEEN.name)).to_be_visible()
        page.get_by_role("link", name="Unknown").click()
        page.get_by_role("link", name="Group 1").click()
        page.get_by_label("Who this is").fill(GRACE.name)
        page.get_by_role("button", name="Name").click()
        expect(page.get_by_role("status")).to_contain_text(f"Group 1 is {GRACE.name}")
        page.get_by_role("link", name="Identify").click()
        page.get_by_label("A picture").set_input_files(out / "1-eileen-enrolled.png")
        page.get_by_role("button", name="Search people").click()
        expect(page.get_by_role("heading", name="14 faces searched")).to_be_visible()
        for name in (EILEEN.name, GRACE.name):
            expect(page.get_by_role("rowheader", name=name)).to_have_count(7)
        page.get_by_role("link", name="Ledger").click()
        newest = page.locator("tbody tr").first
        expect(newest).to_contain_text("identify")
        newest.get_by_role("link").click()
        expect(page.get_by_label("The record")).to_contain_text('"gallery_size": 2')
        proof = tmp_path / "proof.json"
        with page.expect_download() as started:
            page.get_by_role("link", name="Download the proof").click()
        started.value.save_as(proof)
        context.tracing.stop(path=traces / "newcomer.zip")
    key = _reknown("ledger", "key", "--data", out / "gallery").strip()
    assert "record" in _reknown("ledger", "check", proof, "--key", key)
    assert (traces / "newcomer.zip").stat().st_size > 10_000


def _reknown(*words: object) -> str:
    command = [str(REKNOWN), *map(str, words)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


def test_at_a_terminal_the_demo_opens_the_console_until_ctrl_c(
    demo: tuple[str, Path], tmp_path: Path
) -> None:
    _, out = demo
    ours, theirs = pty.openpty()
    program = "import sys, pathlib; from reknown.cli.demo_console import offer_console as offer; "
    with subprocess.Popen(
        [sys.executable, "-c", program + "offer(pathlib.Path(sys.argv[1]))", str(out)],
        stdin=theirs,
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=_with_browser(tmp_path),
    ) as process:
        os.close(theirs)
        try:
            said = _read_until(ours, "[Y/n]")
            os.write(ours, b"\n")
            said += _read_until(ours, "once: ") + _read_until(ours, "\n")
            link = _LINK.search(said)
            assert link is not None
            page = urllib3.request("GET", link[1].strip())
            assert b"Sign in as the operator" in page.data
        finally:
            os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=30) == 0
    os.close(ours)


def _read_until(terminal: int, mark: str) -> str:
    said = ""
    while mark not in said:
        said += os.read(terminal, 1).decode(errors="replace")
    return said
