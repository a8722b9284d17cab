from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from reknown.configuration import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest


def test_each_setting_is_shown_with_its_source(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "my.toml"
    file.write_text("[server]\nqueue = 7\n")
    monkeypatch.setenv("REKNOWN_HOST", "::1")
    lines = run("--config", file, "config", "show", "--port", 9, "--json").lines
    rows = {line["key"]: line for line in lines if "key" in line}
    assert list(rows) == list(OPTIONS)
    shown = {
        name: [rows[key][name] for key in ("server.queue", "server.host", "server.port", "pack")]
        for name in ("value", "source", "name")
    }
    assert shown == {
        "value": [7, "::1", 9, "opencv"],
        "source": ["file", "variable", "option", "default"],
        "name": [str(file), "REKNOWN_HOST", "--port", ""],
    }


def test_secrets_are_only_said_to_be_set(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REKNOWN_WEBHOOK_SECRET", "whsec_1234")
    text, json = run("config", "show"), run("config", "show", "--json")
    assert re.search(r"REKNOWN_MASTER_KEY +not set", text.out)
    assert re.search(r"REKNOWN_WEBHOOK_SECRET +set", text.out)
    assert {"secret": "REKNOWN_WEBHOOK_SECRET", "set": True} in json.lines
    assert "1234" not in text.out + json.out


def test_a_file_is_checked_by_itself_and_all_its_mistakes_are_listed(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REKNOWN_SERVER__QUEUE", "many")
    file = tmp_path / "reknown.toml"
    file.write_text('colour = 1\n[server]\nport = "x"\n')
    done = run("config", "check", file)
    assert done.status == 1
    assert [line.split(": ", 1)[1] for line in done.out.splitlines()] == [
        "unknown key 'colour'",
        "server.port must be an integer from 0 to 65535, got 'x'",
    ]
    file.write_text("[server]\nport = 1\n")
    done = run("config", "check", file)
    assert (done.status, done.out) == (0, f"{file}: no problems\n")


def test_what_is_in_effect_is_checked(
    run: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("config", "check").status == 0
    file = tmp_path / "reknown.toml"
    file.write_text("[server]\nport = -1\n")
    monkeypatch.setenv("REKNOWN_SERVER__QUEUE", "many")
    done = run("config", "check", "--config", file)
    assert done.status == 1
    assert re.findall(r"server.port|REKNOWN_SERVER__QUEUE", done.out) == [
        "server.port",
        "REKNOWN_SERVER__QUEUE",
    ]


def test_the_example_has_every_option_and_changes_nothing(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    example = run("config", "example").out
    file = tmp_path / "reknown.toml"
    file.write_text(example)
    unchanged = run("config", "show").out
    assert run("--config", file, "config", "show").out == unchanged
    # two of them exclude each other
    file.write_text(re.sub(r"(?m)^# (?!buckets)(\w+ = )", r"\1", example))
    shown = run("--config", file, "config", "show", "--json").lines
    from_file = {line["key"] for line in shown if line.get("source") == "file"}
    assert from_file == set(OPTIONS) - {"objects.buckets", "data", "cache", "packs"}
