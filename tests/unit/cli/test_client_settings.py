"""What the command says to those who would call the server."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from reknown.cli.client_settings import ClientSettings

_ADDRESS = "https://faces.example:8443"


def _evaluated(settings: ClientSettings) -> dict[str, str]:
    """The variables of a shell without any that has evaluated the lines."""
    done = subprocess.run(
        ["env", "-i", "bash", "-euc", 'eval "$1"; env', "bash", settings.exports_and_profile()],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    variables = dict(line.split("=", 1) for line in done.stdout.splitlines())
    return {name: value for name, value in variables.items() if name.startswith("AWS_")}


def test_a_shell_that_evaluates_the_lines_has_the_key_and_the_address() -> None:
    found = _evaluated(ClientSettings(_ADDRESS, "RKEXAMPLE", "it's $HOME"))
    assert found.pop("AWS_DATA_PATH").endswith("models")
    assert found == {
        "AWS_ACCESS_KEY_ID": "RKEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "it's $HOME",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_REKOGNITION": _ADDRESS,
    }


@pytest.mark.parametrize("key_id", [None, "RKEXAMPLE"])
def test_without_a_secret_no_key_is_touched(key_id: str | None) -> None:
    settings = ClientSettings(_ADDRESS, key_id, None)
    assert not {name for name in _evaluated(settings) if "KEY" in name}
    assert f"# aws_access_key_id = {key_id}" in settings.exports_and_profile() or key_id is None


def test_a_certificate_is_named_with_its_whole_path() -> None:
    lines = (
        ClientSettings(_ADDRESS, None, None, Path("server.pem")).exports_and_profile().splitlines()
    )
    path = Path("server.pem").absolute()
    assert any(line.endswith(f"export AWS_CA_BUNDLE={path}") for line in lines)
    assert f"# ca_bundle = {path}" in lines
