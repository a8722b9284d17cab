"""The fields of a file as references on their way, and back."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from reknown.biometrics.errors import InputError
from reknown.biometrics.moved import MovedFaces, MovedImages
from reknown.biometrics.records import KnownGender, Profile
from reknown.exchange.fields import VECTORS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from reknown.biometrics.templates import TemplateSpace
    from reknown.exchange.fields import Portion

NO_IMAGE = "0" * 64
"""Stands for the image of a face whose image nobody has named; no file has this digest."""

_FACE_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DIGEST = re.compile("[0-9a-f]{64}")
_GENDERS = {gender.value for gender in KnownGender}


def moved_faces(
    portion: Portion, space: TemplateSpace, collection: str, *, new_ids: bool = False
) -> MovedFaces:
    """The faces of a portion, with what it does not tell filled in.

    A face without an id, or every one with `new_ids`, gets one that follows from what it is and
    from the collection: the same file gives the same ids. Raises `InputError`.
    """
    vectors = _numbers(portion[VECTORS], np.float32)
    count = len(vectors)
    users, external_ids = _texts(portion, "users", count), _texts(portion, "external_ids", count)
    boxes = portion.get("boxes")
    return MovedFaces(
        space,
        _face_ids(portion, vectors, collection, new_ids=new_ids),
        vectors,
        # the whole image, where nothing is said
        np.tile([0.0, 0.0, 1.0, 1.0], (count, 1)) if boxes is None else _numbers(boxes, np.float64),
        _numbers(portion.get("confidences", np.ones(count)), np.float64),
        _numbers(portion.get("qualities", np.zeros(count, int)), np.int64),
        _numbers(portion.get("magnitudes", np.full(count, np.nan)), np.float64),
        external_ids,
        users,
        _images(portion, count),
        _profiles(portion, users),
    )


def portion_of(moved: MovedFaces) -> Portion:
    """The fields of a file that say the same."""
    told = [moved.profiles.get(user) if user else None for user in moved.users]
    genders = [each.known_gender if each else None for each in told]
    return {
        VECTORS: moved.vectors,
        "face_ids": moved.face_ids,
        "users": [user or "" for user in moved.users],
        "external_ids": [external_id or "" for external_id in moved.external_ids],
        "image_sha256s": moved.images.sha256s,
        "image_names": moved.images.names,
        "image_sizes": moved.images.sizes,
        "boxes": moved.boxes,
        "confidences": moved.confidences,
        "qualities": moved.qualities,
        "magnitudes": moved.magnitudes,
        "user_urls": [" ".join(each.urls) if each else "" for each in told],
        "user_genders": [gender.value if gender else "" for gender in genders],
    }


def _numbers(values: Sequence[str] | NDArray[Any], kind: type[Any]) -> NDArray[Any]:
    # what does not fit becomes infinite, and is refused as that
    with np.errstate(over="ignore", invalid="ignore"):
        return cast("NDArray[Any]", values).astype(kind, copy=False)


def _texts(portion: Portion, name: str, count: int) -> list[str | None]:
    if name not in portion:
        return [None] * count
    return [text or None for text in cast("Sequence[str]", portion[name])]


def _face_ids(
    portion: Portion, vectors: NDArray[np.float32], collection: str, *, new_ids: bool
) -> Sequence[str]:
    """Those of the file, or ones made from what the faces are."""
    count = len(vectors)
    given = cast("Sequence[str]", portion.get("face_ids", [""] * count))
    if not all(map(_FACE_ID.fullmatch, given)):
        wrong = next((each for each in given if each and not _FACE_ID.fullmatch(each)), None)
        if wrong is not None:
            raise InputError(
                f"{wrong[:60]!r} is no face id, which is a UUID in small letters: put what is not "
                "one into external_ids"
            )
    if all(given) and not new_ids:
        return given
    made = list(_made_ids(portion, vectors, given, collection))
    if new_ids:
        return made
    return [own or new for own, new in zip(given, made, strict=True)]


def _made_ids(
    portion: Portion, vectors: NDArray[np.float32], given: Sequence[str], collection: str
) -> Iterator[str]:
    """UUIDs of version 8, whose content is free."""
    whose = blake2b(collection.encode("utf-8", "surrogatepass") + b"\0", digest_size=16)
    none = [""] * len(vectors)
    users, others = portion.get("users", none), portion.get("external_ids", none)
    data, size = vectors.astype("<f4").tobytes(), 4 * vectors.shape[1]
    for place, (face_id, user, other) in enumerate(zip(given, users, others, strict=True)):
        digest = whose.copy()
        if face_id:
            digest.update(face_id.encode())
        else:
            digest.update(f"{user}\0{other}\0".encode("utf-8", "surrogatepass"))
            digest.update(data[place * size : (place + 1) * size])
        made = digest.hexdigest()
        yield f"{made[:8]}-{made[8:12]}-8{made[13:16]}-8{made[17:20]}-{made[20:]}"


def _images(portion: Portion, count: int) -> MovedImages:
    if "image_sha256s" not in portion:
        if "image_names" in portion or "image_sizes" in portion:
            raise InputError("image_names and image_sizes need image_sha256s, by which images go")
        return MovedImages([NO_IMAGE] * count, [""] * count, np.ones((count, 2), np.int64))
    sha256s = cast("Sequence[str]", portion["image_sha256s"])
    if not all(map(_DIGEST.fullmatch, sha256s)):
        wrong = next((each for each in sha256s if each and not _DIGEST.fullmatch(each)), None)
        if wrong is not None:
            raise InputError(f"{wrong[:80]!r} is no SHA-256: 64 digits and small letters")
    names = cast("Sequence[str]", portion.get("image_names", [""] * count))
    sizes = _numbers(portion.get("image_sizes", np.ones((count, 2), int)), np.int64)
    return MovedImages([sha256 or NO_IMAGE for sha256 in sha256s], names, sizes)


def _profiles(portion: Portion, users: Sequence[str | None]) -> dict[str, Profile]:
    """What is told of each user by the first of its faces that tells anything."""
    none = [""] * len(users)
    urls, genders = portion.get("user_urls", none), portion.get("user_genders", none)
    found: dict[str, Profile] = {}
    for user, its, gender in zip(users, urls, genders, strict=True):
        if not its and not gender:
            continue
        if user is None:
            raise InputError("user_urls and user_genders need users")
        if gender and gender not in _GENDERS:
            raise InputError(f"{gender[:60]!r} is none of {', '.join(sorted(_GENDERS))}")
        if user not in found:
            found[user] = Profile(tuple(its.split(" ")) if its else (), _gender(gender))
    return found


def _gender(text: str) -> KnownGender | None:
    return KnownGender(text) if text else None
