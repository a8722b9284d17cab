"""XMP -> face regions: those of the Metadata Working Group, else those of Microsoft."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.biometrics.geometry import BoundingBox
from reknown.xmp import names
from reknown.xmp.names import qualified
from reknown.xmp.regions import Region, Regions, clean_name
from reknown.xmp.tree import Element, parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_REGIONS = 1_000
_RDF = qualified(names.RDF, "RDF")
_VALUE = qualified(names.RDF, "value")
_REGIONS = qualified(names.MWG, "Regions")
_LIST = qualified(names.MWG, "RegionList")
_EXTENSIONS = qualified(names.MWG, "Extensions")
_NOTE = qualified(names.MWG, "Description")
_STATUS = qualified(names.OURS, "Status")
_FACES = frozenset({"", "face"})
_LARGEST_SIDE = 1_000_000

Value = Element | str
"""What a property holds: an attribute's text, or an element."""


@dataclass(frozen=True, slots=True)
class RegionList:
    """Where in a file regions are listed, and what is listed there: each face with its element.

    `structure` is what the list is in, `container` the list; each None where there is none.
    """

    structure: Element | None = None
    container: Element | None = None
    faces: tuple[tuple[Region, Element], ...] = ()
    size: tuple[int, int] | None = None


def read_regions(data: bytes) -> Regions:
    """The faces that XMP in UTF-8 frames.

    Raises `InputError` for what is no XMP and for more than `MAX_REGIONS` regions; what makes
    no sense of a single region leaves that one out.
    """
    return regions_of(rdf_of(parse(data)))


def regions_of(rdf: Element) -> Regions:
    """The same of what `rdf_of` gives; raises `InputError` for too many."""
    listed = read_list(rdf)
    if listed.faces:
        return Regions(tuple(region for region, _ in listed.faces), listed.size)
    return Regions(tuple(_of_microsoft(rdf)), None)


def rdf_of(root: Element) -> Element:
    """What holds all properties; raises `InputError` where there is nothing of the kind."""
    if root.name == _RDF:
        return root
    found = next(root.named(_RDF), None)
    if found is None or root.name != qualified(names.META, "xmpmeta"):
        raise InputError("XML, but not XMP: it has no rdf:RDF")
    return found


def read_list(rdf: Element) -> RegionList:
    """The regions of the Metadata Working Group; raises `InputError` for too many."""
    structure = next(
        (found for each in rdf.named(names.DESCRIPTION) for found in each.named(_REGIONS)), None
    )
    if structure is None:
        return RegionList()
    properties = fields(structure)
    size = _size(properties.get(qualified(names.MWG, "AppliedToDimensions")))
    container = _container(properties.get(_LIST))
    if container is None:
        return RegionList(structure, None, (), size)
    read = ((_of_mwg(fields(item)), item) for item in _bounded(container))
    faces = tuple((region, item) for region, item in read if region is not None)
    return RegionList(structure, container, faces, size)


def fields(element: Element) -> dict[str, Value]:
    """A structure's properties by name, however RDF/XML writes them.

    As attributes, as elements, or as either of an rdf:Description within.
    """
    found: dict[str, Value] = {
        name: value
        for name, value in element.attributes.items()
        if not name.startswith((f"{{{names.RDF}}}", "{http://www.w3.org/XML/"))
    }
    for child in element.children:
        if child.name == names.DESCRIPTION:
            found |= fields(child)
        else:
            found[child.name] = child
    return found


def _text(value: Value | None) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return _text(fields(value).get(_VALUE)) or value.text.strip()


def _container(value: Value | None) -> Element | None:
    if not isinstance(value, Element):
        return None
    return next((child for child in value.children if child.name in names.CONTAINERS), None)


def _bounded(container: Element) -> tuple[Element, ...]:
    if len(container.children) > MAX_REGIONS:
        raise InputError(f"more than {MAX_REGIONS:,} regions in one image")
    return container.children


def _of_mwg(item: Mapping[str, Value]) -> Region | None:
    """None for what is no face, and for points and circles."""
    area = item.get(qualified(names.MWG, "Area"))
    kind = _text(item.get(qualified(names.MWG, "Type"))).lower()
    if kind not in _FACES or not isinstance(area, Element):
        return None
    sides = fields(area)
    if _text(sides.get(qualified(names.AREA, "unit"))) not in {"", "normalized"}:
        return None
    x, y, width, height = (_number(sides.get(qualified(names.AREA, side))) for side in "xywh")
    box = _box(x - width / 2, y - height / 2, width, height)
    name = clean_name(_text(item.get(qualified(names.MWG, "Name"))))
    return None if box is None else Region(name, box, _is_proposed(item))


def _is_proposed(item: Mapping[str, Value]) -> bool:
    if _text(item.get(_NOTE)) == names.NOTE:
        return True
    extensions = item.get(_EXTENSIONS)
    told = fields(extensions) if isinstance(extensions, Element) else {}
    return _text(told.get(_STATUS)) == names.CANDIDATE


def _of_microsoft(rdf: Element) -> Iterator[Region]:
    info = qualified(names.MP, "RegionInfo")
    for structure in (each for one in rdf.named(names.DESCRIPTION) for each in one.named(info)):
        container = _container(fields(structure).get(qualified(names.MP_INFO, "Regions")))
        for item in _bounded(container) if container else ():
            properties = fields(item)
            sides = _text(properties.get(qualified(names.MP_REGION, "Rectangle"))).split(",")
            box = _box(*map(_number, sides)) if len(sides) == 4 else None
            name = _text(properties.get(qualified(names.MP_REGION, "PersonDisplayName")))
            if box is not None:
                yield Region(clean_name(name), box)


def _box(left: float, top: float, width: float, height: float) -> BoundingBox | None:
    box = BoundingBox(left, top, width, height)
    try:
        box.require_plausible()
    except InputError:
        return None
    return box if box.area > 0 else None


def _number(value: Value | None) -> float:
    """NaN for what is none, which no box is made of."""
    try:
        return float(_text(value))
    except ValueError:
        return math.nan


def _size(value: Value | None) -> tuple[int, int] | None:
    if not isinstance(value, Element):
        return None
    sides = fields(value)
    width, height = (_number(sides.get(qualified(names.DIMENSIONS, side))) for side in "wh")
    if not (1 <= width <= _LARGEST_SIDE and 1 <= height <= _LARGEST_SIDE):
        return None
    return int(width), int(height)
