"""What the ledger tells of stored faces is what is stored, whatever has happened."""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import numpy as np
import pytest

from contexts import faces
from other_engine import OTHER
from reknown.biometrics.errors import NotFoundError
from reknown.biometrics.geometry import BoundingBox
from reknown.biometrics.moved import MovedFaces
from reknown.biometrics.policy import Policy
from reknown.biometrics.records import ImageRecord, MovedFace, NewFace
from reknown.biometrics.templates import Template
from reknown.gallery.collections import get_space
from reknown.gallery.consents import NewConsent
from reknown.ledger.log import Choice
from reknown.ledger.skimming import skim
from reknown.services.galleries import transfer
from reknown.services.galleries.collections import create_collection, delete_collection
from reknown.services.galleries.enrolees import Enrolee
from reknown.services.galleries.enrolment import enrol_subjects
from reknown.services.galleries.erasure import erase_subject
from reknown.services.galleries.faces import delete_faces
from reknown.services.galleries.users import UserRequest, delete_user
from reknown.services.oversight.stored_faces import CHANGES, StoredFaces
from reknown.services.oversight.usage import Month, read_usage
from reknown.services.policies.consents import give_consent, withdraw_consent
from reknown.services.policies.retention import sweep
from reknown.services.policies.rules import set_policy
from reknown.services.upgrades.preparation import begin
from reknown.services.upgrades.steps import finish, switch
from reknown.storage.database import reading

if TYPE_CHECKING:
    from pathlib import Path

    from reknown.biometrics.templates import TemplateSpace
    from reknown.services.context import Context

_COLLECTIONS = ("people", "staff")
_USERS = ("ann", "bob", "cid")
_STEPS = 40


class _History:
    """Does something at random to one of two collections."""

    def __init__(self, context: Context, folder: Path, images: list[bytes], seed: int) -> None:
        self.context, self.random, self.made = context, random.Random(seed), 0
        self.images = [folder / f"{number}.jpg" for number in range(len(images))]
        for path, data in zip(self.images, images, strict=True):
            path.write_bytes(data)
        self.steps = (
            self.enrol, self.bring, self.bring, self.bring_many, self.delete, self.erase,
            self.remove, self.withdraw, self.purge, self.renew, self.upgrade,
        )  # fmt: skip

    def step(self) -> None:
        self.random.choice(self.steps)(self.random.choice(_COLLECTIONS))

    def enrol(self, name: str) -> None:
        """The same image twice is one face."""
        enrolee = Enrolee(self.random.choice(self.images), self.random.choice(_USERS))
        list(enrol_subjects(self.context, name, [enrolee]))

    def bring(self, name: str) -> None:
        self._import(name, self.random.randint(1, 3))

    def bring_many(self, name: str) -> None:
        self._import(name, self.random.randint(4, 9))

    def delete(self, name: str) -> None:
        own = [face.face_id for face in faces(self.context, name)]
        some = self.random.sample(own, min(len(own), 2))
        delete_faces(self.context, name, [*some, str(UUID(int=0))], of_users=True)

    def erase(self, name: str) -> None:
        own = [face.face_id for face in faces(self.context, name)]
        with suppress(NotFoundError):
            erase_subject(self.context, name, self.random.choice([*own[:1], *_USERS]))

    def remove(self, name: str) -> None:
        request = UserRequest(name, self.random.choice(_USERS))
        keep = self.random.choice((True, False))
        with suppress(NotFoundError):
            delete_user(self.context, request, keep_faces=keep)

    def withdraw(self, name: str) -> None:
        user = self.random.choice(_USERS)
        give_consent(self.context, name, user, NewConsent("ab" * 32, "consent"))
        withdraw_consent(self.context, name, user)

    def purge(self, name: str) -> None:
        set_policy(self.context, name, Policy(keep_faces=30))
        sweep(self.context, datetime.now(UTC) + timedelta(days=31))
        set_policy(self.context, name, Policy())

    def renew(self, name: str) -> None:
        if self.random.choice((True, False)):
            delete_collection(self.context, name)
            create_collection(self.context, name)

    def upgrade(self, name: str) -> None:
        """What has no template in the other space is deleted: all of it."""
        begin(self.context, name, OTHER.pack if self._space(name).pack != OTHER.pack else None)
        switch(self.context, name, delete_missing=True)
        finish(self.context, name)

    def _space(self, name: str) -> TemplateSpace:
        with reading(self.context.database) as connection:
            return get_space(connection, name)

    def _import(self, name: str, count: int) -> None:
        """Of so many faces one may be there already."""
        first = self.made - self.random.randint(0, 1)
        self.made = first + count
        space = self._space(name)
        vector = np.zeros(space.dimension, np.float32)
        vector[0] = 1
        collection = _COLLECTIONS.index(name) + 1
        moved = [
            MovedFace(
                ImageRecord(f"{number + 2:064x}", "new.jpg", 640, 480),
                NewFace(
                    Template(vector, space),
                    BoundingBox(0.1, 0.1, 0.2, 0.2),
                    0.9,
                    50,
                    face_id=str(UUID(int=(collection << 64) + number + 2)),
                ),
                self.random.choice((None, *_USERS)),
            )
            for number in range(first, first + count)
        ]
        transfer.import_templates(self.context, name, MovedFaces.of(space, moved))


@pytest.mark.parametrize("seed", range(4))
def test_the_ledger_tells_how_many_faces_are_stored(
    context: Context,
    eileen: bytes,
    grace: bytes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    monkeypatch.setattr(transfer, "_MOST_NAMED", 3)
    for name in _COLLECTIONS:
        create_collection(context, name)
    history = _History(context, tmp_path, [eileen, grace], seed)
    for _ in range(_STEPS):
        history.step()
        stored = {name: len(faces(context, name)) for name in _COLLECTIONS}
        book = StoredFaces()
        changes = [book.apply(it) for it in skim(context.database, CHANGES, Choice())]
        assert {name: book.by_collection().get(name, 0) for name in _COLLECTIONS} == stored
        came, went = (sum(getattr(it, what) for it in changes) for what in ("enrolled", "deleted"))
        assert came - went == sum(stored.values())
    now = datetime.now(UTC)
    usage = read_usage(context, Month(now.year, now.month))
    assert sum(each.stored for each in usage) == sum(stored.values())
    assert usage[0].done["import many templates"]
