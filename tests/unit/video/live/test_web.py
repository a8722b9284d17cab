from __future__ import annotations

import pytest

from reknown.video.live.messages import TroubleError
from reknown.video.live.web import Web


@pytest.mark.parametrize(
    ("host", "address", "permitted"),
    [
        ("cdn:443", "https://cdn/1.ts", True),
        ("cdn:443", "https://cdn:443/1.ts", True),
        ("cdn:443", "https://cdn:8443/1.ts", False),
        ("cdn:80", "http://cdn/1.ts", False),  # the camera's own address is encrypted
        ("cdn", "https://cdn:8443/1.ts", True),
    ],
)
def test_a_host_is_named_with_or_without_its_port(host: str, address: str, permitted: bool) -> None:
    web = Web("https://cam.example/x.m3u8", None, None, None, [host], 5)
    if permitted:
        web.require(address)
        return
    with pytest.raises(TroubleError, match="another place"):
        web.require(address)
