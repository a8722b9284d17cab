from __future__ import annotations

from dataclasses import astuple

import pytest

from reknown.biometrics.errors import InputError
from reknown.biometrics.geometry import BoundingBox
from reknown.xmp.packets import embedded_packet, text_of
from reknown.xmp.reading import MAX_REGIONS, read_regions
from xmp_samples import COMPACT, MICROSOFT, SHAPES, region, regions, xmp

_BOX = (0.2, 0.3, 0.1, 0.2)


@pytest.mark.parametrize("shape", SHAPES)
def test_all_shapes_say_the_same(shape: str) -> None:
    found = read_regions(text_of(xmp(SHAPES[shape])).data)
    (ada,) = found.regions
    assert (ada.name, ada.proposed) == ("Ada", False)
    assert astuple(ada.box) == pytest.approx(_BOX)
    assert found.size == (None if shape == "microsoft" else (620, 320))


@pytest.mark.parametrize(
    "mark",
    [
        '<mwg-rs:Extensions xmlns:r="urn:reknown:xmp/1.0/" r:Status="candidate"/>',
        "<mwg-rs:Extensions xmlns:r='urn:reknown:xmp/1.0/' rdf:parseType='Resource'>"
        "<r:Status>candidate</r:Status></mwg-rs:Extensions>",
        "<mwg-rs:Description>Candidate of Reknown, not confirmed</mwg-rs:Description>",
    ],
)
def test_either_mark_makes_a_name_a_proposal(mark: str) -> None:
    entry = region("Ada", _BOX).replace("</rdf:Description>", f"{mark}</rdf:Description>")
    (ada,) = read_regions(regions(entry)).regions
    assert ada.proposed
    (other,) = read_regions(regions(entry.replace("andidate", "onfirmed"))).regions
    assert not other.proposed


def test_what_two_programs_say_of_a_face_is_one_region() -> None:
    assert len(read_regions(xmp(COMPACT + MICROSOFT)).regions) == 1


def test_only_faces_with_a_sensible_place_are_read() -> None:
    found = read_regions(
        regions(
            region("Rex", _BOX, kind="Pet"),
            region("far", (5, 5, 0.1, 0.1)),
            region("nan", (float("nan"), 0, 0.1, 0.1)),
            region("inf", (0, 0, float("inf"), 0.1)),
            region("flat", (0, 0, 0, 0.1)),
            region("pixels", (10, 10, 50, 50), unit="pixel"),
            "<rdf:li/>",
            '<rdf:li mwg-rs:Name="nowhere" mwg-rs:Type="Face"/>',
            region("", _BOX),
            region("Ada", (0.5, 0.5, 0.1, 0.1)),
        )
    )
    assert [each.name for each in found.regions] == ["", "Ada"]


def test_other_xml_is_no_xmp() -> None:
    for data in (b"<svg/>", b"<a><rdf:RDF xmlns:rdf='http://other'/></a>"):
        with pytest.raises(InputError, match="not XMP"):
            read_regions(data)


def test_xmp_without_regions_has_none() -> None:
    assert read_regions(xmp("<dc:title>x</dc:title>")).regions == ()
    assert read_regions(xmp("<mwg-rs:Regions/>")).regions == ()
    assert read_regions(xmp("<mwg-rs:Regions><mwg-rs:RegionList/></mwg-rs:Regions>")).regions == ()


@pytest.mark.parametrize("template", [regions, lambda *all_: xmp(_microsoft(all_))])
def test_a_hundred_thousand_regions_are_refused(template: object) -> None:
    assert callable(template)
    with pytest.raises(InputError, match=f"more than {MAX_REGIONS:,} regions"):
        read_regions(template(*["<rdf:li/>"] * (MAX_REGIONS + 1)))
    with pytest.raises(InputError, match="more than 20,000 elements"):
        read_regions(template(*["<rdf:li/>"] * 100_000))


def _microsoft(entries: tuple[str, ...]) -> str:
    return (
        '<MP:RegionInfo rdf:parseType="Resource"><MPRI:Regions><rdf:Bag>'
        f"{''.join(entries)}</rdf:Bag></MPRI:Regions></MP:RegionInfo>"
    )


def test_a_packet_is_found_in_a_photo_by_its_ends() -> None:
    packet = xmp(COMPACT)
    found = embedded_packet(b"\xff\xd8...http://ns.adobe.com/xap/1.0/\0" + packet + b"\xff\xd9")
    assert found is not None
    assert read_regions(found) == read_regions(packet)
    assert embedded_packet(b"\xff\xd8 no <x:xmpmeta> here") is None
    assert embedded_packet(b"<x:xmpmeta>" + b" " * 2**20 + b"</x:xmpmeta>") is None
    assert embedded_packet(b"") is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_sidecars_come_in_unicode(encoding: str) -> None:
    file = xmp(COMPACT).decode().encode(encoding)
    text = text_of(file)
    assert read_regions(text.data).regions[0].name == "Ada"
    assert text.encoded(text.data) == file


def test_other_encodings_are_refused() -> None:
    with pytest.raises(InputError, match="neither UTF-8 nor UTF-16"):
        text_of("<a>é</a>".encode("latin-1"))


def test_a_box_may_reach_beyond_the_image_as_faces_do() -> None:
    found = read_regions(regions(region("Ada", (-0.05, 0.9, 0.2, 0.2))))
    assert found.regions[0].box.overlap(BoundingBox(-0.05, 0.9, 0.2, 0.2)) == pytest.approx(1)
