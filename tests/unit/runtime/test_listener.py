from __future__ import annotations

from pathlib import Path

import pytest

from reknown.biometrics.errors import InputError
from reknown.configuration import Server
from reknown.runtime.listener import Tls, address_of, listen


@pytest.mark.parametrize(
    ("server", "address"),
    [
        (Server(host="0.0.0.0"), "http://127.0.0.1:81"),
        (Server(host="::"), "http://[::1]:81"),
        (Server(tls_certificate=Path("c"), tls_key=Path("k")), "https://127.0.0.1:81"),
    ],
)
def test_clients_of_this_machine_are_given_an_address_they_can_use(
    server: Server, address: str
) -> None:
    assert address_of(server, 81) == address


def test_a_port_in_use_is_refused() -> None:
    with listen("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(InputError, match=f"cannot listen on 127.0.0.1 port {port}: "):
            listen("127.0.0.1", port)


def test_files_that_are_no_certificate_and_key_are_refused(tmp_path: Path) -> None:
    (tmp_path / "none.pem").write_text("none")
    files = Server(tls_certificate=tmp_path / "none.pem", tls_key=tmp_path / "none.pem")
    with pytest.raises(InputError, match="cannot serve HTTPS with"):
        Tls.of(files)
    assert Tls.of(Server()) is None
