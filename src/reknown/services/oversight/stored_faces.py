"""Which faces are stored, and who enrolled them, as the ledger alone tells it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reknown.ledger.records import (
    DeleteCollectionRecord,
    DeleteFacesRecord,
    DeleteUserRecord,
    EnrolRecord,
    EraseRecord,
    ImportManyTemplatesRecord,
    ImportTemplatesRecord,
    NameGroupRecord,
    PurgeFacesRecord,
    UnnameGroupRecord,
    WithdrawConsentRecord,
)
from reknown.services.oversight.fields import (
    FacesCounted,
    FacesNamed,
    FacesTaken,
    Nothing,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from uuid import UUID

    from reknown.ledger.records import Record
    from reknown.ledger.skimming import Glimpse


@dataclass(frozen=True, slots=True)
class FaceChange:
    """How many faces an event brought, and how many it took."""

    enrolled: int = 0
    deleted: int = 0


@dataclass(slots=True)
class _Gallery:
    """A collection's faces by who enrolled them: those that the ledger names, and all others."""

    named: dict[int, str] = field(default_factory=dict)
    unnamed: Counter[str] = field(default_factory=Counter)

    def add(self, faces: Iterable[UUID], actor: str) -> FaceChange:
        before = len(self.named)
        for face in faces:
            self.named.setdefault(face.int, actor)
        return FaceChange(enrolled=len(self.named) - before)

    def add_unnamed(self, count: int, actor: str) -> FaceChange:
        self.unnamed[actor] += count
        return FaceChange(enrolled=count)

    def remove(self, faces: Iterable[UUID]) -> FaceChange:
        known = [self.named.pop(face.int, None) for face in faces]
        for owner in known:
            if owner is None:
                self._lose()
        return FaceChange(deleted=len(known))

    def size(self) -> int:
        return len(self.named) + self.unnamed.total()

    def _lose(self) -> None:
        """One face less, nobody knows which: the first of those that came in a file, or at all."""
        if self.unnamed:
            owner = next(iter(self.unnamed))
            self.unnamed[owner] -= 1
            self.unnamed += Counter()
        elif self.named:
            del self.named[next(iter(self.named))]


@dataclass(slots=True)
class StoredFaces:
    """The faces of all collections after the events that were applied, oldest first.

    A collection's number is exact as long as no record has expired, and no image is enrolled again
    whose faces came in a large file: its record names them beside the new ones. Whose faces those
    of large files are is not known, as the ledger only counts them: the oldest go first there.
    Faces that an upgrade loses have a record of their deletion beside that of the upgrade.
    """

    _galleries: dict[str, _Gallery] = field(default_factory=dict)

    def apply(self, event: Glimpse) -> FaceChange:
        """What the event changed; nothing where its row was written before records had types."""
        if event.fields is None or event.collection is None:
            return FaceChange()
        if event.operation == DeleteCollectionRecord.OPERATION:
            gone = self._galleries.pop(event.collection, None)
            return FaceChange(deleted=gone.size() if gone else 0)
        gallery = self._galleries.setdefault(event.collection, _Gallery())
        return _CHANGES[type(event.fields)](gallery, event.fields, event.actor)

    def by_collection(self) -> Mapping[str, int]:
        """The number of faces of each collection that ever had one and still exists."""
        return {name: it.size() for name, it in sorted(self._galleries.items())}

    def by_actor(self) -> Mapping[str, int]:
        """The number of faces that each actor enrolled and nobody deleted."""
        return Counter(self._owners())

    def _owners(self) -> Iterator[str]:
        for gallery in self._galleries.values():
            yield from gallery.named.values()
            yield from gallery.unnamed.elements()


def _bring(gallery: _Gallery, fields: FacesNamed, actor: str) -> FaceChange:
    return gallery.add(fields.faces, actor)


def _bring_many(gallery: _Gallery, fields: FacesCounted, actor: str) -> FaceChange:
    return gallery.add_unnamed(fields.faces.count, actor)


def _take(gallery: _Gallery, fields: FacesTaken, _actor: str) -> FaceChange:
    return FaceChange() if fields.repeated else gallery.remove(fields.faces)


_CHANGES: Mapping[type, Callable[[_Gallery, Any, str], FaceChange]] = {
    FacesNamed: _bring,
    FacesCounted: _bring_many,
    FacesTaken: _take,
}

CHANGES: Mapping[type[Record], type] = {
    EnrolRecord: FacesNamed,
    ImportTemplatesRecord: FacesNamed,
    NameGroupRecord: FacesNamed,
    ImportManyTemplatesRecord: FacesCounted,
    DeleteFacesRecord: FacesTaken,
    EraseRecord: FacesTaken,
    PurgeFacesRecord: FacesTaken,
    UnnameGroupRecord: FacesTaken,
    DeleteUserRecord: FacesTaken,
    WithdrawConsentRecord: FacesTaken,
    DeleteCollectionRecord: Nothing,
}
"""The records by which faces come and go, with what is read of them."""
