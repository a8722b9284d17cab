"""What a file of templates holds, the same in every format; docs/reference/template-files.md.

Each field has a value a face, and `vectors` is the only one that has to be there. An empty text
stands for nothing, and so does a NaN among the magnitudes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from reknown.biometrics.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

VECTORS = "vectors"
FORMAT = 1
LARGEST_DIMENSION = 4096


class Kind(Enum):
    """What the values of a field are."""

    TEXT = "text"
    FLOAT = "float"
    INTEGER = "integer"


@dataclass(frozen=True, slots=True)
class Field:
    """A column: `width` values a face, or as many as a template has where that is 0."""

    name: str
    kind: Kind
    width: int = 1
    type: str = ""


FIELDS = {
    field.name: field
    for field in (
        Field(VECTORS, Kind.FLOAT, 0, "<f4"),
        Field("face_ids", Kind.TEXT),
        Field("users", Kind.TEXT),
        Field("external_ids", Kind.TEXT),
        Field("image_sha256s", Kind.TEXT),
        Field("image_names", Kind.TEXT),
        Field("image_sizes", Kind.INTEGER, 2, "<i4"),
        Field("boxes", Kind.FLOAT, 4, "<f8"),
        Field("confidences", Kind.FLOAT, 1, "<f8"),
        Field("qualities", Kind.INTEGER, 1, "<i4"),
        Field("magnitudes", Kind.FLOAT, 1, "<f8"),
        Field("user_urls", Kind.TEXT),
        Field("user_genders", Kind.TEXT),
    )
}

if TYPE_CHECKING:
    Portion = Mapping[str, Sequence[str] | NDArray[Any]]


def require_known(names: Iterable[str], others: Iterable[str] = ()) -> None:
    """Raises `InputError` for a name that is not one of the fields': a typing error loses data."""
    known = {*FIELDS, *others}
    for name in names:
        if name not in known:
            shown = name if len(name) <= 60 else name[:60] + "..."
            raise InputError(f"there is no field {shown!r}: choose from {', '.join(FIELDS)}")
    if VECTORS not in set(names):
        raise InputError("there are no vectors")


def require_dimension(dimension: int) -> None:
    """Raises `InputError` for a number of values that no template has."""
    if not 1 <= dimension <= LARGEST_DIMENSION:
        raise InputError(f"a template has 1 to {LARGEST_DIMENSION} values, not {dimension}")
