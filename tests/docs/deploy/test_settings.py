"""Variables, commands and paths in `deploy/` are those that Reknown knows."""

from __future__ import annotations

import os
import re
from typing import Any

import pytest
import typer
from sqlalchemy import make_url

from deployments import DEPLOY, UNITS, Resource, compose, container, environment, pods, unit_lines
from reknown.cli.main import cli
from reknown.configuration import CONFIG, OPTIONS, SECRETS, Settings
from reknown.settings import SHORT_NAMES, Sources

_KNOWN = {CONFIG, *SECRETS, *SHORT_NAMES.values(), *(each.variable for each in OPTIONS.values())}
# ours, whatever it is written for
_NAMES = re.compile(r"\bREKNOWN_[A-Z0-9_]+\b")
# of compose.yaml alone: they become others
_OF_COMPOSE = {"REKNOWN_IMAGE", "REKNOWN_S3_ENDPOINT", "REKNOWN_TRUSTED_PROXY"}
_FILES = sorted(path for path in DEPLOY.rglob("*") if path.suffix in {".yaml", ".service", ""})
_ROOT: Any = typer.main.get_command(cli)


def _settings(variables: dict[str, str]) -> Settings:
    """What Reknown makes of them; it must find no mistake."""
    assert {name for name in variables if name.startswith("REKNOWN")} <= _KNOWN
    sources = Sources()
    sources.add_environment(variables)
    assert sources.problems() == []
    return sources.settings()


def _understood(words: list[str]) -> None:
    command, context, rest = _ROOT, _ROOT.make_context("", [], resilient_parsing=True), list(words)
    while rest and rest[0] in getattr(command, "commands", {}):
        command = command.commands[rest.pop(0)]
    assert not hasattr(command, "commands"), words
    with context.find_root():  # whose end undoes what options set
        command.make_context(words[0], rest, parent=context)


@pytest.mark.parametrize("path", [path for path in _FILES if path.is_file()], ids=lambda p: p.name)
def test_only_variables_that_exist_are_named(path: Any) -> None:
    text = path.read_text(encoding="utf-8").replace("REKNOWN_PORT=tcp://", "")
    assert set(_NAMES.findall(text)) <= _KNOWN | _OF_COMPOSE


@pytest.mark.parametrize("resource", pods(), ids=lambda each: each.place)
def test_pods_have_settings_that_are_right(resource: Resource) -> None:
    settings = _settings(environment(resource))
    only = container(resource)
    mounts = {mount["mountPath"] for mount in only["volumeMounts"]}
    assert str(settings.data.parent) in mounts  # a folder of its own: a volume's is others', too
    assert settings.database is not None
    assert not settings.database.has_secret
    mounted = _mounted_files(resource)
    assert str(settings.master_key_file) in mounted
    query = make_url(str(settings.database)).query
    assert query["sslmode"] == "verify-full"
    assert query["sslrootcert"] in mounted
    if "args" in only:
        _understood(only["args"])


def _mounted_files(resource: Resource) -> set[str]:
    assert resource.pod
    items = {
        volume["name"]: [item["path"] for item in volume["secret"]["items"]]
        for volume in resource.pod["volumes"]
        if "secret" in volume
    }
    return {
        f"{mount['mountPath']}/{path}"
        for mount in container(resource)["volumeMounts"]
        for path in items.get(mount["name"], ())
    }


@pytest.mark.parametrize("resource", pods(), ids=lambda each: each.place)
def test_services_of_kubernetes_set_nothing(resource: Resource) -> None:
    """Beside a Service `reknown` they would: its address is no port to listen on."""
    sources = Sources()
    sources.add_environment({"REKNOWN_PORT": "tcp://10.0.0.1:80"})
    assert sources.problems() == ["REKNOWN_PORT must be an integer from 0 to 65535, got an address"]
    assert resource.pod
    assert resource.pod["enableServiceLinks"] is False


@pytest.mark.parametrize("name", ["server", "worker"])
def test_services_of_compose_have_settings_that_are_right(name: str) -> None:
    service = compose()["services"][name]
    settings = _settings(service["environment"])
    assert str(settings.master_key_file).removeprefix("/run/secrets/") in service["secrets"]
    folders = [place.split(":") for place in (*service.get("volumes", ()), *service["tmpfs"])]
    assert str(settings.data) in {part for folder in folders for part in folder}
    _understood(service["command"])
    url = make_url(str(settings.database))
    database = compose()["services"][str(url.host)]["environment"]
    assert (url.username, url.database) == (database["POSTGRES_USER"], database["POSTGRES_DB"])
    assert database["POSTGRES_PASSWORD"] == service["environment"]["REKNOWN_DATABASE_PASSWORD"]


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_units_have_settings_that_are_right(path: Any) -> None:
    lines = list(unit_lines(path))
    variables = [value.partition("=") for key, value in lines if key == "Environment"]
    settings = _settings({name: value for name, _, value in variables})
    values = dict(lines)
    assert str(settings.data) == f"/var/lib/{values['StateDirectory']}"
    assert str(settings.cache) == f"/var/cache/{values['CacheDirectory']}"
    program, *words = values["ExecStart"].split()
    assert os.path.basename(program) == "reknown"
    _understood(words)


def test_the_image_has_what_the_others_count_on() -> None:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    (user,) = re.findall(r"--uid (\d+)", text)
    assert compose()["services"]["server"]["user"] == f"{user}:{user}"
    for resource in pods():
        assert resource.pod
        assert resource.pod["securityContext"]["runAsUser"] == int(user)
    set_here = dict(word.split("=", 1) for word in re.findall(r"[A-Z_]+=\S+", text))
    _settings({name: value for name, value in set_here.items() if name.startswith("REKNOWN")})
    _understood(["serve", "--host", "0.0.0.0"])
    for copied in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        for name in copied.split():
            assert (DEPLOY.parent / name).exists(), name
