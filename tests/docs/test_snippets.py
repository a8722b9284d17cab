import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer

from pages import PAGES, ROOT, Snippet, inline_code, name, snippets
from reknown.cli.main import cli

_ALL = [snippet for page in PAGES for snippet in snippets(page)]
_SHELLS = {"sh", "console", "ini", "dockerfile"}
# Those that only show something: output, other languages, other programs' configuration.
_SHOWN = {"text", "js", "java", "go", "ruby", "php", "csharp", "rust", "yaml", "nginx"}
_TESTED = {"python", "json", "sql", "toml", "{toctree}"}
_MAKE = re.compile(r"^make (?!PYTHON)(\w+)", re.MULTILINE)
_ROOT: Any = typer.main.get_command(cli)


def _written_in(*languages: str) -> list[Snippet]:
    return [snippet for snippet in _ALL if snippet.language in languages]


def _commands(text: str) -> list[list[str]]:
    """The arguments of every `reknown` in shell lines."""
    joined = text.replace("\\\n", " ").replace(')"', "")
    found = re.findall(r"\breknown ([a-z].*)$", joined, re.MULTILINE)
    return [shlex.split(re.split(r" [|>&;]", line)[0], comments=True) for line in found]


def _leaf(arguments: list[str]) -> tuple[Any, typer.Context, list[str]]:
    """The command that the arguments name, its parent's context, and what is left of them."""
    command, context = _ROOT, _ROOT.make_context("reknown", [], resilient_parsing=True)
    rest = list(arguments)
    while rest and rest[0] in getattr(command, "commands", {}):
        command = command.commands[rest.pop(0)]
        if hasattr(command, "commands"):
            context = command.make_context("", [], parent=context, resilient_parsing=True)
    return command, context, rest


@pytest.mark.parametrize("snippet", _written_in(*_SHELLS), ids=lambda snippet: snippet.place)
def test_commands_are_understood(snippet: Snippet) -> None:
    for arguments in _commands(snippet.text):
        command, context, rest = _leaf(arguments)
        alone = getattr(command, "invoke_without_command", True)
        assert alone, f"no such command: {arguments}"
        with context.find_root():  # whose end undoes what options set
            # a UsageError says what is wrong
            command.make_context(arguments[0], rest, parent=context)


def test_a_mistake_would_be_noticed() -> None:
    (arguments,) = _commands(
        "REKNOWN_DATA=x /opt/bin/reknown identify a.jpg \\\n  --thresold 9 | x"
    )
    command, context, rest = _leaf(arguments)
    with pytest.raises(Exception, match="No such option: --thresold"):
        command.make_context("identify", rest, parent=context)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_named_in_passing_exist(page: Path) -> None:
    if name(page) == "CHANGELOG.md":
        return
    for code in inline_code(page):
        arguments = code.split()[1:] if re.match(r"reknown [a-z]", code) else []
        if arguments:
            command, _, rest = _leaf(arguments)
            assert command is not _ROOT, code
            options = {
                option
                for parameter in command.params
                for option in (*parameter.opts, *parameter.secondary_opts)
            }
            assert {word for word in rest if word.startswith("--")} - {"--help"} <= options, code


@pytest.mark.parametrize("snippet", _written_in("sh"), ids=lambda snippet: snippet.place)
def test_make_knows_the_targets(snippet: Snippet) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in _MAKE.findall(snippet.text):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("snippet", _written_in("python"), ids=lambda snippet: snippet.place)
def test_python_compiles(snippet: Snippet) -> None:
    compile(snippet.text, snippet.place, "exec")


@pytest.mark.parametrize("snippet", _written_in("json"), ids=lambda snippet: snippet.place)
def test_json_is_json(snippet: Snippet) -> None:
    assert json.loads(snippet.text)


@pytest.mark.parametrize("snippet", _written_in("toml"), ids=lambda snippet: snippet.place)
def test_toml_is_toml(snippet: Snippet) -> None:
    assert tomllib.loads(snippet.text)


def test_every_snippet_says_its_language() -> None:
    known = _SHELLS | _SHOWN | _TESTED
    assert [snippet.place for snippet in _ALL if snippet.language not in known] == []
