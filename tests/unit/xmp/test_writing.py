from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reknown.biometrics.errors import InputError
from reknown.biometrics.geometry import BoundingBox
from reknown.xmp.markup import Grounds
from reknown.xmp.packets import text_of
from reknown.xmp.reading import read_regions
from reknown.xmp.regions import Region, Regions, clean_name
from reknown.xmp.writing import Merge, Proposal, merge
from xmp_samples import COMPACT, MICROSOFT, SHAPES, region, regions, xmp

_GOLDEN = Path(__file__).parent / "samples" / "pair.jpg.xmp"
_SIZE = (620, 320)
_ADAS, _OTHER = BoundingBox(0.2, 0.3, 0.1, 0.2), BoundingBox(0.6, 0.3, 0.1, 0.2)


def _proposal(name: str, box: BoundingBox = _OTHER) -> Proposal:
    return Proposal(Region(name, box), Grounds(0.5182, 97.314, 1.2e-5))


def _merge(file: bytes | None, *proposals: Proposal, overwrite: bool = False) -> Merge:
    return merge(file, Regions(), proposals, _SIZE, overwrite=overwrite)


def _names(merged: Merge) -> list[str]:
    assert merged.data is not None
    return [each.name for each in read_regions(text_of(merged.data).data).regions]


def test_a_new_sidecar_is_as_it_was_approved() -> None:
    made = _merge(None, _proposal("Ada Lovelace", _ADAS), _proposal('王 & "Söhne" <3'))
    assert made.data is not None
    assert made.data.decode() == _GOLDEN.read_text(encoding="utf-8")


def test_what_is_written_is_read_as_a_proposal() -> None:
    made = _merge(None, _proposal("Ada", _ADAS))
    assert made.data is not None
    found = read_regions(made.data)
    assert found.size == _SIZE
    assert found.regions == (Region("Ada", found.regions[0].box, proposed=True),)
    assert found.labels == ()
    assert found.regions[0].box.overlap(_ADAS) > 0.999


@given(st.text(min_size=1, max_size=50).filter(clean_name))
def test_any_name_can_be_written(name: str) -> None:
    assert _names(_merge(None, _proposal(name))) == [clean_name(name)]
    assert _names(_merge(xmp(COMPACT), _proposal(name))) == ["Ada", clean_name(name)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("shape", SHAPES)
def test_all_that_was_there_stays_byte_for_byte(shape: str, encoding: str) -> None:
    rest = (
        "<!-- mine --><dc:subject><rdf:Bag><rdf:li>sea</rdf:li></rdf:Bag></dc:subject>"
        "<dc:title><rdf:Alt><rdf:li xml:lang='x-default'>a &amp; b&#10;</rdf:li></rdf:Alt>"
        "</dc:title>"
    )
    before = xmp(SHAPES[shape] + rest, ' xmp:Rating="5"').decode().encode(encoding)
    made = _merge(before, _proposal("Bea"))
    assert made.data is not None
    assert _names(made) == ["Ada", "Bea"]
    old, new = before.decode(encoding), made.data.decode(encoding)
    assert new.encode(encoding) == made.data
    start = next(n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b)
    assert new.startswith(old[:start])
    assert new.endswith(old[start:])


@pytest.mark.parametrize(
    "properties",
    [
        "",
        "<mwg-rs:Regions rdf:parseType='Resource'/>",
        "<mwg-rs:Regions><rdf:Description/></mwg-rs:Regions>",
        "<mwg-rs:Regions rdf:parseType='Resource'><mwg-rs:RegionList><rdf:Bag/>"
        "</mwg-rs:RegionList></mwg-rs:Regions>",
        "<mwg-rs:Regions rdf:parseType='Resource'><mwg-rs:RegionList><rdf:Bag>"
        + region("Rex", (0.6, 0.3, 0.1, 0.2), kind="Pet")
        + "</rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>",
    ],
)
def test_there_is_room_wherever_a_list_can_be(properties: str) -> None:
    before = xmp(properties)
    made = _merge(before, _proposal("Bea"))
    assert _names(made) == ["Bea"]
    assert made.data is not None
    kept = [each.tag for each in ElementTree.fromstring(before.decode("utf-8-sig")).iter()]
    now = [each.tag for each in ElementTree.fromstring(made.data.decode("utf-8-sig")).iter()]
    assert all(now.count(tag) >= kept.count(tag) for tag in kept)


def test_a_closed_rdf_is_opened() -> None:
    empty = b"<r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'/>"
    assert _names(_merge(empty, _proposal("Bea"))) == ["Bea"]


@pytest.mark.parametrize("shape", SHAPES)
def test_another_name_in_that_place_stays(shape: str) -> None:
    made = _merge(xmp(SHAPES[shape]), _proposal("Eve", _ADAS))
    assert made == Merge(None, (), (), (), ((0, "Ada"),))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_name_in_that_place_is_left(shape: str) -> None:
    wider = BoundingBox(0.17, 0.26, 0.16, 0.28)
    assert _merge(xmp(SHAPES[shape]), _proposal("Ada", wider)) == Merge(None, (), (), (0,), ())


def test_one_face_that_is_named_keeps_no_other_back() -> None:
    made = _merge(xmp(COMPACT), _proposal("Eve", _ADAS), _proposal("Bea"))
    assert (made.written, made.replaced, made.kept) == ((1,), (), ((0, "Ada"),))
    assert _names(made) == ["Ada", "Bea"]


def test_a_face_without_a_name_is_somebodys_region_too() -> None:
    before = regions(region("", (0.2, 0.3, 0.1, 0.2)))
    assert _merge(before, _proposal("Eve", _ADAS)).kept == ((0, ""),)
    assert _names(_merge(before, _proposal("Eve", _ADAS), overwrite=True)) == ["Eve"]


@pytest.mark.parametrize("shape", ["compact", "spelt out", "nested"])
def test_with_overwrite_the_region_is_replaced_and_nothing_else(shape: str) -> None:
    before = xmp(SHAPES[shape] + MICROSOFT)
    made = _merge(before, _proposal("Eve", _ADAS), _proposal("Bea"), overwrite=True)
    assert (made.written, made.replaced, made.kept) == ((0, 1), (0,), ())
    assert _names(made) == ["Eve", "Bea"]
    assert made.data is not None
    assert MICROSOFT in made.data.decode()
    assert _without_entries(made.data) == _without_entries(before)


def _without_entries(file: bytes) -> str:
    return re.sub(r"(?s)<rdf:li[^>]*>.*?</rdf:li>|\s", "", file.decode())


def test_what_the_photo_itself_says_is_not_hidden_by_its_sidecar() -> None:
    """Programs look no further than the first list that they find."""
    elsewhere = Regions((Region("Ada", _ADAS), Region("Bob", _OTHER, proposed=True)), _SIZE)
    third = BoundingBox(0.8, 0.3, 0.1, 0.2)
    for file in (None, xmp("")):
        made = merge(file, elsewhere, [_proposal("Eve", _ADAS), _proposal("Cy", third)], _SIZE)
        assert made.kept == ((0, "Ada"),)
        assert made.data is not None
        found = read_regions(text_of(made.data).data)
        assert [each.name for each in found.regions] == ["Ada", "Bob", "Cy"]
        assert [each.name for each in found.labels] == ["Ada"]


def test_regions_of_another_shape_are_left_alone() -> None:
    with pytest.raises(InputError, match="another shape"):
        _merge(regions(region("Ada", (0.2, 0.3, 0.1, 0.2)), width=500, height=500), _proposal("B"))
    with pytest.raises(InputError, match="another shape"):
        _merge(regions(width=500, height=500), _proposal("Bea"))


def test_nothing_is_added_to_what_cannot_be_read_again() -> None:
    with pytest.raises(InputError, match="cannot be added to"):
        _merge(xmp("<mwg-rs:Regions/>"), _proposal("Bea"))
    with pytest.raises(InputError, match="not XMP"):
        _merge(b"<svg/>", _proposal("Bea"))


def test_nothing_to_write_is_no_file() -> None:
    assert _merge(None) == Merge(None, (), (), (), ())
    assert _merge(xmp(COMPACT)) == Merge(None, (), (), (), ())
