"""Do the new templates of a collection say the same as the old ones? Looked at before it switches.

Nothing here needs the truth: it is about what would be answered differently.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from reknown.biometrics.errors import ModelError, SpaceMismatchError
from reknown.biometrics.thresholds import DEFAULT_SIMILARITY
from reknown.gallery import carried, upgrades
from reknown.gallery.carried_templates import load_carried
from reknown.services.archive.sightings import count_foreign
from reknown.storage.database import reading
from reknown.vision.batch import map_bounded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from reknown.biometrics.calibration import Calibration
    from reknown.biometrics.templates import TemplateSpace
    from reknown.gallery.carried import Tally
    from reknown.gallery.templates import GalleryTemplates
    from reknown.gallery.upgrades import Upgrade
    from reknown.services.context import Context
    from reknown.vision.engines import Engines

    Tables = tuple[Calibration | None, Calibration | None]
    Vectors = NDArray[np.float32]

# All faces are compared with each other: more would take minutes.
MOST_FACES = 20_000
_BLOCK = 512
_WORST = 10
_HASHES = 2**64


@dataclass(frozen=True, slots=True)
class PersonShift:
    """How similar a user's `faces` are to each other, in the mean, 0 to 100 in either space."""

    user: str
    faces: int
    before: float
    now: float


@dataclass(frozen=True, slots=True)
class PeopleShift:
    """Of `people` with several faces, how many are less similar to themselves than before.

    `below` are those that were at the default threshold or above it, and are not any more.
    """

    people: int
    fell: int
    below: int
    worst: tuple[PersonShift, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Old templates against new ones of `faces`, all that are carried or a sample.

    The nearest other face is the same one for `same_face`, and one of the same subject for
    `same_subject`. Of `findable` faces, whose users have others, `found_before` and `found_now`
    have their user's nearest. `people` is None where a pack is not calibrated.
    """

    faces: int
    same_face: int
    same_subject: int
    findable: int
    found_before: int
    found_now: int
    people: PeopleShift | None


@dataclass(frozen=True, slots=True)
class UpgradeReport:
    """How far a collection is on its way.

    `agreement` is None with fewer than two faces to compare. `foreign_tracks` are kept in these
    spaces, which cannot be compared with the target.
    """

    collection: str
    upgrade: Upgrade
    tally: Tally
    agreement: Agreement | None
    foreign_tracks: Mapping[TemplateSpace, int]


def report(context: Context, collection: str, most: int = MOST_FACES) -> UpgradeReport:
    """How far the collection is, and how well both spaces agree on at most `most` faces.

    A sample has all faces of some of the subjects, the same ones each time.

    Raises `NotFoundError`, `UpgradeError`.
    """
    with reading(context.database) as connection:
        upgrade = upgrades.require_upgrade(connection, collection)
        tally = carried.tally(connection, collection)
        share = 1.0 if tally.carried <= most else most / tally.carried
        old, new = load_carried(connection, collection, _sampling(share), most)
    engines = context.platform.engines
    tables = _calibration(engines, upgrade.former), _calibration(engines, upgrade.target)
    agreement = compare(old, new, tables) if len(old.face_ids) > 1 else None
    foreign = count_foreign(context, collection, upgrade.target)
    return UpgradeReport(collection, upgrade, tally, agreement, foreign)


def _calibration(engines: Engines, space: TemplateSpace) -> Calibration | None:
    try:
        return engines.calibration_of(space)
    except (ModelError, SpaceMismatchError):  # a pack that was, and is here no more
        return None


def compare(old: GalleryTemplates, new: GalleryTemplates, tables: Tables) -> Agreement:
    """How well two templates of each face agree, of two faces or more."""
    subjects = _numbered(old.users)
    owned = np.array([user is not None for user in old.users])
    before, now = nearest(old.vectors), nearest(new.vectors)
    findable = owned & (np.bincount(subjects)[subjects] > 1)
    return Agreement(
        faces=len(subjects),
        same_face=int((before == now).sum()),
        same_subject=int((subjects[before] == subjects[now]).sum()),
        findable=int(findable.sum()),
        found_before=int((findable & (subjects[before] == subjects)).sum()),
        found_now=int((findable & (subjects[now] == subjects)).sum()),
        people=_people(old, new, _groups(subjects, np.flatnonzero(findable)), tables),
    )


def nearest(vectors: Vectors) -> NDArray[np.intp]:
    """For each of two or more unit vectors (n, d) the number of the most similar other one."""

    def work(start: int) -> NDArray[np.intp]:
        # OpenBLAS's kernels may leave flags behind although all is finite
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            scores = vectors[start : start + _BLOCK] @ vectors.T
        own = np.arange(len(scores))
        scores[own, start + own] = -np.inf
        return np.asarray(scores.argmax(axis=1))

    blocks = map_bounded(work, range(0, len(vectors), _BLOCK))
    return np.concatenate([found for _, found in blocks])


def _people(
    old: GalleryTemplates,
    new: GalleryTemplates,
    people: Iterator[NDArray[np.intp]],
    tables: Tables,
) -> PeopleShift | None:
    former, target = tables
    if former is None or target is None:
        return None
    shifts = [
        PersonShift(
            str(old.users[rows[0]]),
            len(rows),
            former.similarity(_mean_score(old.vectors[rows])),
            target.similarity(_mean_score(new.vectors[rows])),
        )
        for rows in people
    ]
    fallen = sorted((s for s in shifts if s.now < s.before), key=lambda s: s.now - s.before)
    below = sum(s.now < DEFAULT_SIMILARITY <= s.before for s in fallen)
    return PeopleShift(len(shifts), len(fallen), below, tuple(fallen[:_WORST]))


def _mean_score(vectors: Vectors) -> float:
    """That of all pairs of these unit vectors (n, d), n > 1."""
    count, exact = len(vectors), vectors.astype(np.float64)
    total = exact.sum(axis=0)
    return float((total @ total - (exact**2).sum()) / (count * (count - 1)))


def _numbered(users: Sequence[str | None]) -> NDArray[np.intp]:
    """A number for each subject: a face without user is one of its own."""
    numbers: dict[str | int, int] = {}
    subjects = (place if user is None else user for place, user in enumerate(users))
    return np.array([numbers.setdefault(subject, len(numbers)) for subject in subjects], np.intp)


def _groups(subjects: NDArray[np.intp], rows: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    """The rows of each subject."""
    rows = rows[np.argsort(subjects[rows], kind="stable")]
    cuts = np.flatnonzero(np.diff(subjects[rows])) + 1
    yield from np.split(rows, cuts) if len(rows) else ()


def _sampling(share: float) -> Callable[[str | None, str], bool]:
    """Chooses about that share of the subjects, by their names alone."""

    def chosen(user: str | None, face_id: str) -> bool:
        name = face_id if user is None else user
        digest = hashlib.sha256(name.encode()).digest()
        return int.from_bytes(digest[:8], "big") < share * _HASHES

    return chosen
