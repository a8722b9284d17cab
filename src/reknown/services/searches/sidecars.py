"""Names of candidates -> XMP sidecars, which photo programs read.

A candidate is no identification: it is written where somebody asks for it, with how sure the search
was and that nobody has confirmed it, and never over what somebody else has said.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.ledger import log
from reknown.ledger.records import CandidateRecord, WriteNamesRecord
from reknown.reporting.files import written
from reknown.services.images.regions import read_sidecar, regions_of_photo, sidecar_beside
from reknown.services.images.sources import read_source
from reknown.xmp.markup import Grounds
from reknown.xmp.regions import Region, stored_size, turned_back, within_image
from reknown.xmp.writing import Merge, Proposal, merge

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from reknown.biometrics.candidates import Candidate
    from reknown.services.context import Context
    from reknown.services.searches.images import Identification


@dataclass(frozen=True, slots=True)
class SidecarChoice:
    """Where names go: beside the photo, or in `folder`.

    `overwrite` is somebody's wish that they take the place of other names.
    """

    folder: Path | None = None
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What a photo's sidecar says now; `path` is None where there is nothing to say.

    `written` are the names added; `same` the faces that had that name already. `kept` are pairs
    of the name that was not written and the one that stays, empty for a region without.
    """

    path: Path | None = None
    written: tuple[str, ...] = ()
    same: int = 0
    kept: tuple[tuple[str, str], ...] = ()


def write_names(
    context: Context, photo: Path, found: Identification, choice: SidecarChoice = SidecarChoice()
) -> Sidecar:
    """Writes the best candidate's name for each face of a photo that has one.

    Candidates without a name, faces without candidates and photos without either leave no trace.
    The ledger has it before the file.

    Raises `InputError` for a photo that has changed since, and for a sidecar that is no XMP, is of
    an image of another shape, is a link, or cannot be written.
    """
    named = [
        (found_face.box, row.candidates[0])
        for found_face, row in found.faces()
        if row.candidates and row.candidates[0].user
    ]
    if not named:
        return Sidecar()
    image = found.extraction.image
    data = read_source(photo)
    if hashlib.sha256(data).hexdigest() != image.sha256:
        raise InputError(f"{photo} has changed since it was searched with: run the same again")
    proposals = [
        Proposal(
            Region(best.user or "", within_image(turned_back(box, image.orientation))),
            Grounds(best.score, best.similarity, best.false_match_rate),
        )
        for box, best in named
    ]
    target = sidecar_beside(photo, choice.folder)
    before = read_sidecar(target)
    size = stored_size(image.width, image.height, image.orientation)
    try:
        merged = merge(
            before,
            regions_of_photo(photo, data),
            proposals,
            size,
            overwrite=choice.overwrite,
        )
    except InputError as error:
        raise InputError(f"nothing is written to {target}: {error}") from error
    if merged.data is not None:
        _record(context, found, merged, [best for _, best in named])
        _replace(target, photo, before, merged.data)
    return _told(target, merged, [best.user or "" for _, best in named])


def _record(
    context: Context, found: Identification, merged: Merge, candidates: Sequence[Candidate]
) -> None:
    """First of all: a name that is out in a file is in the ledger, whatever comes between."""
    chosen = [candidates[number] for number in merged.written]
    record = WriteNamesRecord(
        found.extraction.image.sha256,
        tuple(
            CandidateRecord(
                one.face_id, found.found.faces[one.face_id].subject_id, one.score, one.similarity
            )
            for one in chosen
        ),
        len(merged.replaced),
    )
    log.record(context.database, context.actor, found.found.searched.collection, record)


def _replace(target: Path, photo: Path, before: bytes | None, data: bytes) -> None:
    """Unless another program has written it since it was read."""
    like = photo if before is None else target
    with written(target, through_links=False, like=like) as file:
        file.write(data)
        if read_sidecar(target) != before:
            raise InputError(f"{target} was changed by another program: run the same again")


def _told(target: Path, merged: Merge, users: Sequence[str]) -> Sidecar:
    return Sidecar(
        target,
        tuple(users[number] for number in merged.written),
        len(merged.same),
        tuple((users[number], name) for number, name in merged.kept),
    )
