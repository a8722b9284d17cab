"""Films that are uploaded in pieces, so that one whose sending broke off goes on where it was.

What has come is a file by a number that only this server can know: there is no table of uploads.
"""

from __future__ import annotations

import hmac
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.objects.uploads import OWNER
from reknown.services.videos.films import may_bring, search_upload

if TYPE_CHECKING:
    from reknown.services.access import Vault
    from reknown.services.context import Context
    from reknown.services.videos.films import Brought

_PURPOSE = "uploads in pieces"
_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file as a browser knows it: what tells it from others of the same person.

    `modified` is the browser's own time of it.
    """

    size: int
    modified: str

    def number(self, context: Context, vault: Vault, film: Brought) -> str:
        """The same for the same file, person and collection; nobody else can tell it."""
        owner = context.actor.name.encode()
        what = "\0".join((film.collection, film.name, str(self.size), self.modified))
        if len(what) > _LONGEST:
            raise InputError("the name of this film is too long: give it a shorter one")
        secret = vault.derive(_PURPOSE)
        whose = hmac.digest(secret, b"owner " + owner, "sha256").hex()[:OWNER]
        which = hmac.digest(secret, owner + b"\0" + what.encode("utf-8", "replace"), "sha256")
        return whose + which.hex()[:OWNER]


def waiting_bytes(context: Context, vault: Vault, film: Brought, file: SentFile) -> int:
    """How much of the film has come already."""
    uploads = context.platform.uploads
    return 0 if uploads is None else uploads.waiting(file.number(context, vault, film))


def add_piece(
    context: Context, vault: Vault, film: Brought, file: SentFile, start: int, piece: bytes
) -> int | str:
    """Adds a piece that begins at `start`: how much has come then, or the job once all has.

    Raises as `may_bring` and `search_upload`, and `InputError` for a piece that does not fit.
    """
    number = file.number(context, vault, film)
    waiting = waiting_bytes(context, vault, film, file)
    uploads = may_bring(context, film, file.size, max(file.size - waiting, 0))
    if start + len(piece) > file.size:
        raise InputError("this piece is not of the film: choose the film again")
    with uploads.resumed(number) as resumed:
        resumed.add(start, piece)
        if resumed.size < file.size:
            return resumed.size
        with closing(resumed.arrived()) as arrived:
            return search_upload(context, film, arrived)


def forget_pieces(context: Context, vault: Vault, film: Brought, file: SentFile) -> None:
    """Deletes what has come of it."""
    if context.platform.uploads is not None:
        context.platform.uploads.forget(file.number(context, vault, film))
