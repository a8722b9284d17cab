"""One request of somebody who is signed in, and the table's row that answers it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlencode

from reknown.console.language import ENGLISH, Language
from reknown.console.own_words import DeniedError, FormError

SAID = frozenset({"done", "undo"})
"""What the address of a page says of the page before."""

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.responses import Response

    from reknown.api.metrics import Metrics
    from reknown.services.access import Vault
    from reknown.services.context import Context, Platform
    from reknown.services.sign_in import Visitor

    Receive = Callable[["Visit", str, int], "IncomingFile"]


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a form; `name` is what the person calls it."""

    name: str
    data: bytes


class IncomingFile(Protocol):
    """A file that is written as it comes, and forgotten unless somebody keeps it."""

    def write(self, data: bytes) -> None:
        """Takes some more."""

    def finish(self) -> None:
        """All has come."""

    def close(self) -> None:
        """Leaves nothing of what was not kept."""


@dataclass(frozen=True, slots=True)
class LargeUpload:
    """A file that has come whole, and is on a disk as long as the page that takes it runs."""

    name: str
    arrived: Any


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a browser sent, checked for size alone.

    `query` and `form` have the last value of each name, `many` all values of the form's.
    `large` are files that are too large for memory.
    `own` says that a page of ours led here, `partial` that only a part of a page is to be
    replaced, `as_data` that its data are wanted instead. `local` is whether the browser runs on
    this machine, `secure` whether it speaks HTTPS; `language` is the one of its pages.
    """

    path: str
    client: str
    request_id: str
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    many: Mapping[str, Sequence[str]] = field(default_factory=dict)
    uploads: Mapping[str, Upload] = field(default_factory=dict)
    large: Sequence[LargeUpload] = ()
    place: Mapping[str, str] = field(default_factory=dict)
    own: bool = False
    partial: bool = False
    as_data: bool = False
    local: bool = False
    secure: bool = False
    language: Language = ENGLISH


@dataclass(frozen=True, slots=True)
class Visit:
    """An arrival with whose it is; `form_token` has to come back with everything that changes.

    `metrics` are the server's.
    """

    arrival: Arrival
    context: Context
    vault: Vault
    visitor: Visitor
    form_token: str
    its: ConsolePage
    metrics: Metrics

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
    def as_data(self) -> bool:
        """Whether a program asks."""
        return self.arrival.as_data

    @property
    def said(self) -> str | None:
        """What the page before says of what was done; others cannot put words into our mouth."""
        return self.arrival.query.get("done") if self.arrival.own else None

    def gettext(self, message: str, /, **values: object) -> str:
        """The message in the language of the page, as text."""
        return self.arrival.language.gettext(message, **values)

    def ngettext(self, one: str, many: str, number: int, /, **values: object) -> str:
        """The same of a message that counts."""
        return self.arrival.language.ngettext(one, many, number, **values)

    def further(self, after: str) -> str:
        """The address of the next page of a list, with all else that was asked for."""
        return "?" + urlencode(self._asked | {"after": after})

    @property
    def question(self) -> str:
        """All that was asked for, to be put behind another address."""
        return f"?{urlencode(self._asked)}" if self._asked else ""

    @property
    def _asked(self) -> dict[str, str]:
        """Without what the page before has said."""
        return {name: value for name, value in self.arrival.query.items() if name not in SAID}

    def may(self, operation: str, collection: str | None = None) -> bool:
        """Whether this person has the right; links to what they may not do are not shown."""
        return self.visitor.may(operation, collection or self.collection)

    def require(self, operation: str) -> None:
        """Raises `DeniedError` unless this person has the right."""
        if self.may(operation):
            return
        if self.collection is None:
            raise DeniedError(
                "%(who)s may not do this: it takes the right %(right)s, which an operator can give",
                who=self.visitor.name,
                right=operation,
            )
        raise DeniedError(
            "%(who)s may not do this in %(collection)s: it takes the right %(right)s, which an "
            "operator can give",
            who=self.visitor.name,
            collection=self.collection,
            right=operation,
        )

    def given(self, name: str) -> str:
        """A field of the form that has to be filled in; raises `FormError`."""
        value = self.arrival.form.get(name, "").strip()
        if not value:
            field_name = name.replace("_", " ")
            raise FormError("the form lacks %(field)s: fill it in", field=field_name)
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
    it, where there is more to it than to say so. `data` are those of its values that programs may
    read at the same address with `.json` behind it; there is none such for a page without them.
    `receive` makes what a file is written to as it comes, from the fields before it, its name and
    the size of the whole form; it may refuse.
    """

    path: str
    show: Callable[[Visit], Response]
    operation: str | None
    slow: bool = False
    changes: bool = False
    receive: Receive | None = None
    again: Callable[[Visit, str], Response] | None = None
    data: Sequence[str] = ()
