"""Uploads to the console as a program sends them: who is signed in, and what has come."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import urllib3

if TYPE_CHECKING:
    from pathlib import Path

LIMIT_MIB = 40
"""What the server of the tests takes of one file."""

_TOKEN = re.compile(r'name="form_token" value="([0-9a-f]{64})"')


@dataclass(frozen=True)
class SignedIn:
    """What a browser has of its sign-in, and what its forms have."""

    cookie: str
    token: str


def sign_in(address: str, name: str, secret: str) -> SignedIn:
    """With an access key or an account."""
    pool = urllib3.PoolManager()
    form = {"name": name, "password": secret}
    entered = pool.request(
        "POST", f"{address}/console/sign-in", fields=form, encode_multipart=False, redirect=False
    )
    cookie = entered.headers["set-cookie"].partition(";")[0]
    page = pool.request("GET", f"{address}/console", headers={"cookie": cookie})
    found = _TOKEN.search(page.data.decode())
    assert found is not None
    return SignedIn(cookie, found[1])


def files(folder: Path) -> list[Path]:
    """What lies there; nothing where there is no folder."""
    return [*folder.iterdir()] if folder.exists() else []
