"""Names for faces -> the XMP file that says them beside all that it said before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reknown.biometrics.errors import InputError
from reknown.xmp import names
from reknown.xmp.markup import (
    Change,
    Grounds,
    changed,
    declared,
    description,
    document,
    inserted,
    item,
    region_list,
    replaced,
)
from reknown.xmp.names import qualified
from reknown.xmp.packets import text_of
from reknown.xmp.reading import RegionList, rdf_of, read_list, read_regions, regions_of
from reknown.xmp.regions import Region, Regions, clean_name, pair_faces
from reknown.xmp.tree import Element, parse

if TYPE_CHECKING:
    from collections.abc import Sequence

_PARSE_TYPE = qualified(names.RDF, "parseType")
_ABOUT = qualified(names.RDF, "about")


@dataclass(frozen=True, slots=True)
class Proposal:
    """A name for a face, in an image as it is stored, and why."""

    region: Region
    grounds: Grounds


@dataclass(frozen=True, slots=True)
class Merge:
    """What became of proposals, by their numbers; `data` is the file to write, None for none.

    `replaced` are those of the written that took a region's place. `kept` gives the name that the
    face had before, empty for a region without one.
    """

    data: bytes | None
    written: tuple[int, ...]
    replaced: tuple[int, ...]
    same: tuple[int, ...]
    kept: tuple[tuple[int, str], ...]


def merge(
    file: bytes | None,
    elsewhere: Regions,
    proposals: Sequence[Proposal],
    size: tuple[int, int],
    *,
    overwrite: bool = False,
) -> Merge:
    """Adds the proposals to an XMP file, or makes one where `file` is None.

    `elsewhere` are regions of the same image in another place, such as in the photo itself: as
    programs look no further than the first list, they are written along into a file that has none.
    A face that has a region keeps it, unless `overwrite` says otherwise. `size` is of the image
    as it is stored.

    Raises `InputError` for a file that is no XMP, or whose regions are of an image of another
    shape: what lies where then is unknown.
    """
    text = None if file is None else text_of(file)
    rdf = None if text is None else rdf_of(parse(text.data))
    listed = RegionList() if rdf is None else read_list(rdf)
    own = Regions() if rdf is None else regions_of(rdf)
    old = own if own.regions else elsewhere
    if not (old.are_of(*size) and Regions(size=listed.size).are_of(*size)):
        raise InputError("the face regions there are were drawn on an image of another shape")
    sorted_out = _sort_out(old.regions, proposals, overwrite=overwrite)
    if not sorted_out.written:
        return sorted_out.merge(None)
    changes: list[Change] = []
    if listed.faces:
        gone = {place: listed.faces[place][1] for place in sorted_out.replaced.values()}
        items, changes = sorted_out.new(proposals), _replacements(gone, sorted_out, proposals)
    else:
        items = _carried(old, sorted_out) + sorted_out.all(proposals)
    if text is None or rdf is None:
        return sorted_out.merge(document(description(items, size)))
    if items:
        changes.append(_addition(rdf, listed, items, size))
    data = changed(text.data, changes)
    _check(data, proposals, sorted_out)
    return sorted_out.merge(text.encoded(data))


@dataclass(frozen=True, slots=True)
class _Sorted:
    """What is to become of proposals; `replaced` maps some of the written to old regions."""

    written: tuple[int, ...]
    same: tuple[int, ...]
    kept: tuple[tuple[int, str], ...]
    replaced: dict[int, int]

    def new(self, proposals: Sequence[Proposal]) -> list[str]:
        return [_item(proposals[n]) for n in self.written if n not in self.replaced]

    def all(self, proposals: Sequence[Proposal]) -> list[str]:
        return [_item(proposals[n]) for n in self.written]

    def merge(self, data: bytes | None) -> Merge:
        return Merge(data, self.written, tuple(self.replaced), self.same, self.kept)


def _sort_out(old: Sequence[Region], proposals: Sequence[Proposal], *, overwrite: bool) -> _Sorted:
    boxes = [proposal.region.box for proposal in proposals]
    pairs = pair_faces(boxes, [region.box for region in old])
    named = {number: old[place].name for number, place in pairs.items()}
    same = tuple(n for n, name in named.items() if name == clean_name(proposals[n].region.name))
    others = [number for number in named if number not in same]
    kept = () if overwrite else tuple((number, named[number]) for number in others)
    taken = {*same, *(number for number, _ in kept)}
    written = tuple(number for number in range(len(proposals)) if number not in taken)
    return _Sorted(written, same, kept, {n: pairs[n] for n in written if n in pairs})


def _item(proposal: Proposal) -> str:
    cleaned = Region(clean_name(proposal.region.name), proposal.region.box, proposed=True)
    return item(cleaned, proposal.grounds)


def _carried(old: Regions, sorted_out: _Sorted) -> list[str]:
    gone = set(sorted_out.replaced.values())
    return [item(region) for place, region in enumerate(old.regions) if place not in gone]


def _replacements(
    gone: dict[int, Element], sorted_out: _Sorted, proposals: Sequence[Proposal]
) -> list[Change]:
    return [
        replaced(gone[place], declared(_item(proposals[number])))
        for number, place in sorted_out.replaced.items()
    ]


def _addition(
    rdf: Element, listed: RegionList, items: Sequence[str], size: tuple[int, int]
) -> Change:
    if listed.container is not None:
        return inserted(listed.container, "".join(map(declared, items)))
    if listed.structure is None:
        first = next(rdf.named(names.DESCRIPTION), None)
        about = "" if first is None else first.attributes.get(_ABOUT, "")
        return inserted(rdf, description(items, size, about))
    within = next(listed.structure.named(names.DESCRIPTION), None)
    if within is None and listed.structure.attributes.get(_PARSE_TYPE) != "Resource":
        raise InputError("its list of regions is written in a way that cannot be added to")
    return inserted(within or listed.structure, declared(region_list(items)))


def _check(data: bytes, proposals: Sequence[Proposal], sorted_out: _Sorted) -> None:
    """What a parser makes of it has the names in their places."""
    found = read_regions(data).regions
    boxes = [proposals[number].region.box for number in sorted_out.written]
    pairs = pair_faces(boxes, [region.box for region in found])
    for place, number in enumerate(sorted_out.written):
        name = clean_name(proposals[number].region.name)
        if place not in pairs or found[pairs[place]].name != name:
            raise InputError("its list of regions is written in a way that cannot be added to")
