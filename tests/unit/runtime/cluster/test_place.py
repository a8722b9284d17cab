from __future__ import annotations

from typing import TYPE_CHECKING

import dask
import pytest

from reknown.biometrics.errors import ClusterError, InputError
from reknown.runtime.cluster import place
from reknown.runtime.cluster.place import connect
from reknown.services import extras

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "address",
    [
        "",
        "local",
        "local:0",
        "local:-1",
        "local:1000",
        "localhost:8786",
        "http://localhost:8786",
        "inproc://1/2/3",
        "tcp://localhost",
        "tcp://user:secret@localhost:8786",
        "tcp://localhost:8786/",
        "tcp://local host:8786",
        "tcp://::1:8786",
        "tcp://localhost:8786\n",
    ],
)
def test_only_an_address_of_a_cluster_is_taken(address: str) -> None:
    with pytest.raises(InputError, match="--cluster takes tcp://HOST:PORT"), connect(address):
        pass


def test_nobody_there_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "_CONNECT_SECONDS", 0.2)
    with (
        dask.config.set({"distributed.comm.require-encryption": False}),
        pytest.raises(ClusterError, match=r"at tcp://\[::1\]:1: start one there with"),
        connect("tcp://[::1]:1"),
    ):
        pass


def test_where_tls_is_required_nothing_else_is_spoken() -> None:
    with (
        dask.config.set({"distributed.comm.require-encryption": True}),
        pytest.raises(ClusterError, match=r"cannot connect to tcp://127\.0\.0\.1:1: encryption"),
        connect("tcp://127.0.0.1:1"),
    ):
        pass


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_tls_takes_certificates(content: str | None, tmp_path: Path) -> None:
    named = None
    if content is not None:
        (tmp_path / "any.pem").write_text(content)
        named = str(tmp_path / "any.pem")
    names = ("ca-file", "client.cert", "client.key")
    with (
        dask.config.set({f"distributed.comm.tls.{name}": named for name in names}),
        pytest.raises(InputError, match="takes certificates from"),
        connect("tls://127.0.0.1:1"),
    ):
        pass


def test_an_installation_without_dask_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'reknown\[cluster\]'"), connect("local:1"):
        pass
