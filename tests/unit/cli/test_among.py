from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reknown.biometrics.among import MOST_FACES
from reknown.biometrics.errors import InputError, NotFoundError
from reknown.cli.demo_images import GRACE, jpeg

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from unit.cli.conftest import Run

    Command = Callable[..., Run]


@pytest.fixture
def probe(run: Command, tmp_path: Path, eileen: bytes) -> Path:
    for name, data in (("Eileen", eileen), ("Grace", jpeg(GRACE.crop()))):
        folder = tmp_path / "people" / name
        folder.mkdir(parents=True)
        (folder / "1.jpg").write_bytes(data)
    assert run("enroll", tmp_path / "people").status == 0
    return tmp_path / "people" / "Eileen" / "1.jpg"


def found(run: Command, probe: Path, *options: object) -> list[str]:
    (line,) = run("identify", probe, "--score", -1, "--json", *options).lines
    (face,) = line["faces"]
    search = face["search"]
    assert search["gallery_size"] == len(search["candidates"])
    return sorted(candidate["user"] for candidate in search["candidates"])


def test_a_part_of_the_gallery_is_searched(run: Command, probe: Path, tmp_path: Path) -> None:
    ids = {line["user"]: line["face_id"] for line in run("faces", "list", "--json").lines}
    both = ["Eileen", "Grace"]
    assert found(run, probe) == both
    assert found(run, probe, "--among-user", "Grace") == ["Grace"]
    assert found(run, probe, "--among-user", "Grace", "--among-user", "Eileen") == both
    assert found(run, probe, "--enrolled-since", "2020-01-01") == both
    assert found(run, probe, "--enrolled-until", "2020-01-01") == []
    listed = tmp_path / "ids.txt"
    listed.write_text(f"\ufeff{ids['Grace']}\r\n\n{ids['Grace']}\n", "utf-8")
    assert found(run, probe, "--among-faces", listed) == ["Grace"]
    assert found(run, probe, "--among-faces", listed, "--among-user", "Eileen") == []
    shown = run("identify", probe, "--among-user", "Grace")
    assert "searching 1 person with 1 face in people, as limited" in shown.out
    assert "(of Grace)" in run("ledger", "--limit", 1).out


def test_limits_that_cannot_be_met_are_explained(run: Command, probe: Path, tmp_path: Path) -> None:
    listed = tmp_path / "ids.txt"
    for options, data, error, message in (
        (("--among-user", "Mary"), b"", NotFoundError, "'Mary' does not exist"),
        (("--enrolled-since", "soon"), b"", InputError, "'soon' is not a time"),
        (("--among-faces", listed), b"", InputError, "among no face ids finds nobody"),
        (("--among-faces", listed), b"\xff", InputError, "is no text"),
        (("--among-faces", listed), b"nothing", InputError, "such as 'nothing'"),
        (("--among-faces", listed), b"\n" * (64 * MOST_FACES + 1), InputError, "is too long"),
        (("--among-faces", tmp_path), b"", InputError, "cannot be read"),
    ):
        listed.write_bytes(data)
        with pytest.raises(error, match=message):
            run("identify", probe, *options)
