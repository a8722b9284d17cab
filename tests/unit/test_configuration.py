from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer

from reknown.access import vault
from reknown.biometrics.errors import InputError
from reknown.cli.main import cli
from reknown.configuration import MASTER_KEY, OPTIONS, SECRETS, STRUCTS, Events, Objects, Server

_COMMANDS: Any = typer.main.get_command(cli)
_OWN = {"--config", "--print-env", "--open", "--once", "--parent", "--listener", "--help"}


def _flags(command: str) -> set[str]:
    parameters = _COMMANDS.commands[command].params
    return {flag for each in parameters for flag in each.opts if flag.startswith("--")}


def test_every_option_and_section_is_explained() -> None:
    for option in OPTIONS.values():
        assert option.about.meaning.endswith("."), option.key
        assert option.about.metavar or option.kind in {int, float, bool}, option.key
    assert all(struct.__doc__ for struct in STRUCTS.values())


def test_no_two_options_share_a_flag_or_a_variable() -> None:
    assert len({option.flag for option in OPTIONS.values()}) == len(OPTIONS)
    assert len({option.variable for option in OPTIONS.values()}) == len(OPTIONS)


@pytest.mark.parametrize(
    ("command", "sections"),
    [
        ("serve", {"", "server", "objects", "notices", "events"}),
        ("worker", {"", "objects", "notices", "events", "worker"}),
    ],
)
def test_commands_take_the_options_of_their_sections_and_no_undocumented_ones(
    command: str, sections: set[str]
) -> None:
    expected = {option.flag for option in OPTIONS.values() if option.section in sections}
    assert _flags(command) - _OWN == expected


def test_the_master_key_is_the_one_that_the_vault_reads() -> None:
    assert vault.VARIABLE == MASTER_KEY
    assert vault.VARIABLE in SECRETS


@pytest.mark.parametrize("name", ["*", "proxy.example", "10.0.0.0/33", "10.0.0.1/8", "", "unix"])
def test_a_proxy_that_is_no_address_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"--trusted-proxy: .*such as 10\.0\.0\.0/8"):
        Server(trusted_proxy=("127.0.0.1", name))
    assert Server(trusted_proxy=("127.0.0.1", "::1", "10.0.0.0/8"))


def test_what_has_nothing_to_work_with_is_refused() -> None:
    with pytest.raises(InputError, match="--record-bucket needs --buckets or --s3-endpoint"):
        Objects(record_bucket=("seen",))
    for broker in (None, "mqtt://broker"):
        with pytest.raises(InputError, match=r"--mqtt-ca needs --mqtt with .* mqtts://HOST"):
            Events(mqtt=broker, mqtt_ca=Path("ca.pem"))


@pytest.mark.parametrize("topic", ["a/+/b", "#", "a/#", "a\0b", "a\nb", "\ud800", "x" * 501])
def test_a_topic_that_no_broker_takes_is_refused_before_anything_is_told(topic: str) -> None:
    with pytest.raises(InputError, match=r"--mqtt-topic is what topics begin with"):
        Events(mqtt="mqtt://broker", mqtt_topic=topic)
    with pytest.raises(InputError, match=r"--home-assistant is what topics begin with"):
        Events(mqtt="mqtt://broker", home_assistant=topic)
    taken = Events(mqtt="mqtt://broker", mqtt_topic="house/1st floor", home_assistant="heim/tür")
    assert taken.mqtt_topic == "house/1st floor"
