"""What makes a gallery what a folder of people's folders is; nothing is read or written here."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.gallery.names import normalised
from reknown.services.images.files import is_file, is_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reknown.biometrics.records import FaceRecord
    from reknown.services.galleries.enrolees import Enrolee


@dataclass(frozen=True, slots=True)
class Move:
    """A face, as it is stored, whose image lies in the folder of `to` now."""

    face: FaceRecord
    to: str


@dataclass(frozen=True, slots=True)
class FolderChanges:
    """What makes the gallery what the folder is.

    `renames` are people whose whole folder has another name, with the faces `renamed`, `moves`
    single images in another person's folder, of whom `taken` are there already, `deletions` faces
    whose files are gone, `emptied` people who have no face then, nor anything in the folder, and
    of whom nothing else is known. `followed` are digests of images that count as enrolled from
    this folder from now on. To be enrolled are those of `new`, of which `added` images are not in
    the gallery at all.

    All else is left as it is: `otherwise` are so many images that were enrolled otherwise,
    `unclear` faces of images that lie nowhere or in other people's folders, and have several
    faces or lie in several folders, `away` faces of images that may lie behind a link or on a
    drive that is not mounted, `unread` files that cannot be read.
    """

    origin: str
    renames: tuple[tuple[str, str], ...]
    renamed: tuple[FaceRecord, ...]
    moves: tuple[Move, ...]
    taken: frozenset[str]
    deletions: tuple[FaceRecord, ...]
    emptied: tuple[str, ...]
    followed: tuple[str, ...]
    new: tuple[Enrolee, ...]
    added: int
    otherwise: int
    unclear: tuple[FaceRecord, ...]
    away: tuple[FaceRecord, ...]
    unread: tuple[tuple[Enrolee, str], ...]

    @property
    def made(self) -> list[str]:
        """New people, who have nothing but what was moved to them."""
        enrolled = {enrolee.subject for enrolee in self.new}
        targets = {move.to for move in self.moves} - {new for _, new in self.renames}
        return sorted(targets - self.taken - enrolled)

    def __bool__(self) -> bool:
        """Whether anything that is stored would change."""
        return bool(self.renames or self.moves or self.deletions or self.followed)


@dataclass(frozen=True, slots=True)
class Folder:
    """What lies there: by digest the images of each person, and what could not be read.

    `away` are the people in whose folders there are links or empty folders, or whose folders are
    such: links are not followed, and a drive that is not mounted is an empty folder.
    """

    images: Mapping[str, Mapping[str, Enrolee]]
    unread: tuple[tuple[Enrolee, str], ...]
    away: frozenset[str] = frozenset()

    @property
    def people(self) -> set[str]:
        """All who have a folder with something in it."""
        named = {subject for owners in self.images.values() for subject in owners}
        return named | {enrolee.subject for enrolee, _ in self.unread}

    def may_hold(self, name: str) -> bool:
        """Whether an image of this name may be among what could not be read.

        What is no file for sure may be a folder with anything in it.
        """
        return any(
            enrolee.name == name or not is_file(str(enrolee.source)) for enrolee, _ in self.unread
        )

    def may_be_away(self, face: FaceRecord) -> bool:
        """Whether the image may lie where nobody looked, under whatever name."""
        return face.user is not None and normalised(face.user) in self.away


@dataclass(frozen=True, slots=True)
class Placed:
    """Faces by what has to become of them.

    `counts` are those that their owners have in all, `taken` the new owners that are there,
    `kept` the owners of whom more than faces is known.
    """

    moves: list[Move]
    deletions: list[FaceRecord]
    unclear: list[FaceRecord]
    away: list[FaceRecord]
    counts: Mapping[str, int]
    taken: set[str]
    kept: set[str]


def compared(
    origin: str, folder: Folder, known: Sequence[FaceRecord], placed: Placed, *, adopt: bool
) -> FolderChanges:
    """The changes, of what lies in the folder and the gallery's faces of the same images.

    With `adopt` images that were enrolled otherwise are followed.
    """
    renames, moves = _renames(folder, placed)
    deletions, unclear, counts = placed.deletions, placed.unclear, placed.counts
    lost = Counter(move.face.user for move in moves) + Counter(face.user for face in deletions)
    there_still = folder.people | {normalised(move.to) for move in moves}
    emptied = (
        user
        for user, count in lost.items()
        if user is not None
        and count == counts[user]
        and normalised(user) not in there_still
        and user not in placed.kept
    )
    there = {face.image.sha256 for face in known}
    settled = _settled(folder, known)
    settled |= {face.image.sha256 for face in known if face.image.origin == origin}
    new = tuple(
        enrolee
        for digest, owners in folder.images.items()
        for enrolee in owners.values()
        if digest not in settled or len(owners) > 1
    )
    added = sum(digest not in there for digest in folder.images)
    otherwise = sorted(
        {
            face.image.sha256
            for face in known
            if face.image.sha256 in settled and _is_to_be_followed(face, origin)
        }
    )
    return FolderChanges(
        origin,
        tuple(renames.items()),
        tuple(move.face for move in placed.moves if move.face.user in renames),
        tuple(moves),
        frozenset(placed.taken),
        tuple(deletions),
        tuple(sorted(emptied)),
        tuple(otherwise) if adopt else (),
        new,
        added,
        0 if adopt else len(otherwise),
        tuple(unclear),
        tuple(placed.away),
        folder.unread,
    )


def misplaced(
    folder: Folder, stored: Sequence[FaceRecord]
) -> tuple[list[Move], list[FaceRecord], list[FaceRecord], list[FaceRecord]]:
    """Faces to be moved, to be deleted, and to be left alone.

    Of these nobody knows whose they are, or whether their files are there.

    An image is where it belongs if one of its faces is of a person in whose folder it lies; its
    other faces may be anybody's.
    """
    moves: list[Move] = []
    deletions: list[FaceRecord] = []
    unclear: list[FaceRecord] = []
    away: list[FaceRecord] = []
    by_image: dict[str, list[FaceRecord]] = defaultdict(list)
    for face in stored:
        by_image[face.image.sha256].append(face)
    for digest, faces in by_image.items():
        owners = folder.images.get(digest, {})
        if any(face.user is not None and normalised(face.user) in owners for face in faces):
            continue
        if len(faces) > 1 or len(owners) > 1:
            unclear.extend(faces)
        elif owners:
            moves.append(Move(faces[0], next(iter(owners))))
        elif folder.may_be_away(faces[0]):
            away.extend(faces)
        elif not folder.may_hold(faces[0].image.name):
            deletions.append(faces[0])
    return moves, deletions, unclear, away


def _renames(folder: Folder, placed: Placed) -> tuple[dict[str, str], list[Move]]:
    """People of whom all there is lies in one folder of a name that nobody has, and the rest."""
    people, taken, moves, counts = folder.people, set(placed.taken), placed.moves, placed.counts
    by_owner: dict[str, list[Move]] = defaultdict(list)
    for move in moves:
        if move.face.user is not None:
            by_owner[move.face.user].append(move)
    renames: dict[str, str] = {}
    for old, of_old in sorted(by_owner.items()):
        targets = {move.to for move in of_old}
        if len(targets) != 1 or len(of_old) != counts[old] or normalised(old) in people:
            continue
        (new,) = targets
        if new not in taken:
            renames[old] = new
            taken.add(new)
    rest = [move for move in moves if move.face.user not in renames]
    return renames, rest


def _settled(folder: Folder, known: Sequence[FaceRecord]) -> set[str]:
    """The digests of images that are enrolled as one of those in whose folders they lie."""
    return {
        face.image.sha256
        for face in known
        if face.user is not None and normalised(face.user) in folder.images[face.image.sha256]
    }


def _is_to_be_followed(face: FaceRecord, origin: str) -> bool:
    before = face.image.origin
    return before is None or (before != origin and not is_folder(before))
