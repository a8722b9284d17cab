"""Face regions as RDF/XML, and the places in a file where they go."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from reknown.biometrics.errors import InputError
from reknown.xmp import names

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reknown.xmp.regions import Region
    from reknown.xmp.tree import Element

_PREFIXES = {
    "rdf": names.RDF,
    "mwg-rs": names.MWG,
    "stArea": names.AREA,
    "stDim": names.DIMENSIONS,
    "reknown": names.OURS,
}
_DECLARED = " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in _PREFIXES.items())
_HEAD = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
_TAIL = '<?xpacket end="w"?>\n'


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why a name was proposed: as `Candidate` has them."""

    score: float
    similarity: float | None = None
    false_match_rate: float | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Bytes `start` to `end` of a file are to become `text`."""

    start: int
    end: int
    text: str


def item(region: Region, grounds: Grounds | None = None) -> str:
    """An entry of a list of regions.

    That nobody has confirmed its name is said in it, with the `grounds`.
    """
    box = region.box
    area = {
        "x": box.left + box.width / 2,
        "y": box.top + box.height / 2,
        "w": box.width,
        "h": box.height,
    }
    sides = " ".join(f'stArea:{side}="{value:.6f}"' for side, value in area.items())
    name = f" mwg-rs:Name={_quoted(region.name)}" if region.name else ""
    note = f' mwg-rs:Description="{names.NOTE}"' if region.proposed else ""
    lines = [
        "<rdf:li>",
        f' <rdf:Description{name} mwg-rs:Type="Face"{note}>',
        f'  <mwg-rs:Area {sides} stArea:unit="normalized"/>',
        *([_extensions(grounds)] if region.proposed else []),
        " </rdf:Description>",
        "</rdf:li>",
    ]
    return "\n".join(lines) + "\n"


def region_list(items: Iterable[str]) -> str:
    """The property that holds them."""
    listed = "".join(items)
    return f"<mwg-rs:RegionList>\n<rdf:Bag>\n{listed}</rdf:Bag>\n</mwg-rs:RegionList>\n"


def description(items: Iterable[str], size: tuple[int, int], about: str = "") -> str:
    """All about the regions of an image of that width and height, as it is stored."""
    width, height = size
    return declared(
        f"<rdf:Description rdf:about={_quoted(about)}>\n"
        '<mwg-rs:Regions rdf:parseType="Resource">\n'
        f'<mwg-rs:AppliedToDimensions stDim:w="{width}" stDim:h="{height}" stDim:unit="pixel"/>\n'
        f"{region_list(items)}</mwg-rs:Regions>\n</rdf:Description>\n"
    )


def declared(element: str) -> str:
    """An element with the namespaces of all that is in it, to stand in anybody's file."""
    return re.sub(r"\A<[^\s/>]+", lambda tag: f"{tag[0]} {_DECLARED}", element)


def document(description: str) -> bytes:
    """A whole file that says nothing else, in UTF-8."""
    text = (
        f'{_HEAD}<x:xmpmeta xmlns:x="{names.META}" x:xmptk="Reknown">\n'
        f'<rdf:RDF xmlns:rdf="{names.RDF}">\n{description}</rdf:RDF>\n</x:xmpmeta>\n{_TAIL}'
    )
    return text.encode()


def inserted(element: Element, text: str) -> Change:
    """The text as the last thing in that element."""
    if element.closed:
        return Change(element.end - 2, element.end, f">\n{text}</{element.tag}>")
    return Change(element.inner_end, element.inner_end, text)


def replaced(element: Element, text: str) -> Change:
    """The text in the element's place."""
    return Change(element.start, element.end, text.strip())


def changed(data: bytes, changes: Iterable[Change]) -> bytes:
    """The file with the changes, of which no two overlap; all else is as it was.

    Raises `InputError` where they do.
    """
    parts, place = [], 0
    for change in sorted(changes, key=lambda one: (one.start, one.end)):
        if change.start < place:
            raise InputError("its regions stand within each other")
        parts += [data[place : change.start], change.text.encode()]
        place = change.end
    return b"".join([*parts, data[place:]])


def _extensions(grounds: Grounds | None) -> str:
    told = {"Status": names.CANDIDATE}
    if grounds is not None:
        told["Score"] = f"{grounds.score:.4f}"
    if grounds is not None and grounds.similarity is not None:
        told["Similarity"] = f"{grounds.similarity:.2f}"
    if grounds is not None and grounds.false_match_rate is not None:
        told["FalseMatchRate"] = f"{grounds.false_match_rate:.2g}"
    said = " ".join(f'reknown:{key}="{value}"' for key, value in told.items())
    return f"  <mwg-rs:Extensions {said}/>"


def _quoted(text: str) -> str:
    return quoteattr(text, {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})
