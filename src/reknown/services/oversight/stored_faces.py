"""Which faces are stored, and who enrolled them, as the ledger alone tells it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

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
    SwitchUpgradeRecord,
    UndoUpgradeRecord,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from reknown.ledger.log import Event


@dataclass(frozen=True, slots=True)
class FaceChange:
    """How many faces an event brought, and how many it took."""

    enrolled: int = 0
    deleted: int = 0


@dataclass(slots=True)
class _Gallery:
    """A collection's faces by who enrolled them: those that the ledger names, and all others."""

    named: dict[bytes, str] = field(default_factory=dict)
    unnamed: Counter[str] = field(default_factory=Counter)

    def add(self, faces: Iterable[str], actor: str) -> FaceChange:
        before = len(self.named)
        for face in faces:
            self.named.setdefault(UUID(face).bytes, actor)
        return FaceChange(enrolled=len(self.named) - before)

    def add_unnamed(self, count: int, actor: str) -> FaceChange:
        self.unnamed[actor] += count
        return FaceChange(enrolled=count)

    def remove(self, faces: Iterable[str]) -> FaceChange:
        known = [self.named.pop(UUID(face).bytes, None) for face in faces]
        for owner in known:
            if owner is None:
                self._lose()
        return FaceChange(deleted=len(known))

    def remove_unnamed(self, count: int) -> FaceChange:
        for _ in range(count):
            self._lose()
        return FaceChange(deleted=count)

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

    A collection's number is exact. Whose faces they are is not known of those that came in large
    files or were lost in an upgrade, which the ledger only counts: the oldest go first there.
    """

    _galleries: dict[str, _Gallery] = field(default_factory=dict)

    def apply(self, event: Event) -> FaceChange:
        """What the event changed; nothing where it is of another kind."""
        change = _CHANGES.get(type(event.record))
        if change is None or event.collection is None:
            return FaceChange()
        if isinstance(event.record, DeleteCollectionRecord):
            gone = self._galleries.pop(event.collection, None)
            return FaceChange(deleted=gone.size() if gone else 0)
        gallery = self._galleries.setdefault(event.collection, _Gallery())
        return change(gallery, event.record, event.actor)

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


def _bring(gallery: _Gallery, record: Any, actor: str) -> FaceChange:
    return gallery.add(record.faces, actor)


def _bring_many(gallery: _Gallery, record: Any, actor: str) -> FaceChange:
    return gallery.add_unnamed(record.faces.count, actor)


def _take(gallery: _Gallery, record: Any, _actor: str) -> FaceChange:
    return gallery.remove(record.faces)


def _take_from_user(gallery: _Gallery, record: Any, actor: str) -> FaceChange:
    return FaceChange() if record.repeated else _take(gallery, record, actor)


def _lose_some(gallery: _Gallery, record: Any, _actor: str) -> FaceChange:
    return gallery.remove_unnamed(record.deleted)


def _take_all(_gallery: _Gallery, _record: Any, _actor: str) -> FaceChange:
    return FaceChange()


_CHANGES: Mapping[type, Callable[[_Gallery, Any, str], FaceChange]] = {
    EnrolRecord: _bring,
    ImportTemplatesRecord: _bring,
    NameGroupRecord: _bring,
    ImportManyTemplatesRecord: _bring_many,
    DeleteFacesRecord: _take,
    EraseRecord: _take,
    PurgeFacesRecord: _take,
    DeleteUserRecord: _take_from_user,
    SwitchUpgradeRecord: _lose_some,
    UndoUpgradeRecord: _lose_some,
    DeleteCollectionRecord: _take_all,
}

OPERATIONS: tuple[str, ...] = tuple(sorted(kind.OPERATION for kind in _CHANGES))  # type: ignore[attr-defined]
"""The operations by which faces come and go."""
