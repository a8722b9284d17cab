"""One request of somebody who is signed in, and the table's row that answers it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.responses import Response

    from reknown.services.access import Vault
    from reknown.services.context import Context, Platform
    from reknown.services.sign_in import Visitor


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a form; `name` is what the person calls it."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a browser sent, checked for size alone.

    `query` and `form` have the last value of each name, `many` all values of the form's.
    `own` says that a page of ours led here, `partial` that only a part of a page is to be
    replaced. `local` is whether the browser runs on this machine, `secure` whether it speaks HTTPS.
    """

    path: str
    client: str
    request_id: str
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    many: Mapping[str, Sequence[str]] = field(default_factory=dict)
    uploads: Mapping[str, Upload] = field(default_factory=dict)
    place: Mapping[str, str] = field(default_factory=dict)
    own: bool = False
    partial: bool = False
    local: bool = False
    secure: bool = False


@dataclass(frozen=True, slots=True)
class Visit:
    """An arrival with whose it is; `form_token` has to come back with everything that changes."""

    arrival: Arrival
    context: Context
    vault: Vault
    visitor: Visitor
    form_token: str

    @property
    def platform(self) -> Platform:
        """What there is to work with."""
        return self.context.platform

    @property
    def collection(self) -> str | None:
        """The one that the address names, if it does."""
        return self.arrival.place.get("collection")

    @property
    def its_collection(self) -> str:
        """The one that the address names."""
        return self.arrival.place["collection"]

    @property
    def said(self) -> str | None:
        """What the page before says of what was done; others cannot put words into our mouth."""
        return self.arrival.query.get("done") if self.arrival.own else None

    def further(self, after: str) -> str:
        """The address of the next page of a list, with all else that was asked for."""
        asked = {
            name: value
            for name, value in self.arrival.query.items()
            if name not in {"done", "undo"}
        }
        return "?" + urlencode(asked | {"after": after})

    def may(self, operation: str, collection: str | None = None) -> bool:
        """Whether this person has the right; links to what they may not do are not shown."""
        return self.visitor.may(operation, collection or self.collection)

    def given(self, name: str) -> str:
        """A field of the form that has to be filled in; raises `InputError`."""
        value = self.arrival.form.get(name, "").strip()
        if not value:
            raise InputError(f"the form lacks {name.replace('_', ' ')}: fill it in")
        return value

    def words(self, name: str) -> Sequence[str]:
        """What was typed into a field for several, apart by spaces, commas or lines."""
        return self.arrival.form.get(name, "").replace(",", " ").split()

    def chosen(self, name: str) -> Sequence[str]:
        """All values of a field that may come several times."""
        return self.arrival.many.get(name, ())


@dataclass(frozen=True, slots=True)
class ConsolePage:
    """What answers one kind of request.

    `operation` is the right that it takes on the collection in its address, under the name that
    rights of keys have; None for everybody who is signed in. `slow` is what needs networks or
    files, `changes` what a form does; `again` shows that form once more, with what was wrong in
    it, where there is more to it than to say so.
    """

    path: str
    show: Callable[[Visit], Response]
    operation: str | None
    slow: bool = False
    changes: bool = False
    again: Callable[[Visit, str], Response] | None = None
