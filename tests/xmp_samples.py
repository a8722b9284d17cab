"""XMP as photo programs write it, in the shapes that they choose for one and the same thing."""

from __future__ import annotations

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_NAMES = (
    f'xmlns:rdf="{RDF}" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
    'xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/" '
    'xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#" '
    'xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#" '
    'xmlns:MP="http://ns.microsoft.com/photo/1.2/" '
    'xmlns:MPRI="http://ns.microsoft.com/photo/1.2/t/RegionInfo#" '
    'xmlns:MPReg="http://ns.microsoft.com/photo/1.2/t/Region#"'
)

COMPACT = """<mwg-rs:Regions rdf:parseType="Resource">
 <mwg-rs:AppliedToDimensions stDim:w="620" stDim:h="320" stDim:unit="pixel"/>
 <mwg-rs:RegionList>
  <rdf:Bag>
   <rdf:li>
    <rdf:Description mwg-rs:Name="Ada" mwg-rs:Type="Face" mwg-rs:Description="née Byron">
     <mwg-rs:Area stArea:x="0.25" stArea:y="0.4" stArea:w="0.1" stArea:h="0.2"
       stArea:unit="normalized"/>
    </rdf:Description>
   </rdf:li>
  </rdf:Bag>
 </mwg-rs:RegionList>
</mwg-rs:Regions>"""
"""As digiKam and Adobe's own toolkit do."""

SPELT_OUT = """<mwg-rs:Regions rdf:parseType='Resource'>
 <mwg-rs:AppliedToDimensions rdf:parseType='Resource'>
  <stDim:h>320</stDim:h><stDim:unit>pixel</stDim:unit><stDim:w>620</stDim:w>
 </mwg-rs:AppliedToDimensions>
 <mwg-rs:RegionList>
  <rdf:Bag>
   <rdf:li rdf:parseType='Resource'>
    <mwg-rs:Area rdf:parseType='Resource'>
     <stArea:h>0.2</stArea:h><stArea:unit>normalized</stArea:unit>
     <stArea:w>0.1</stArea:w><stArea:x>0.25</stArea:x><stArea:y>0.4</stArea:y>
    </mwg-rs:Area>
    <mwg-rs:Name>Ada</mwg-rs:Name>
    <mwg-rs:Type>Face</mwg-rs:Type>
   </rdf:li>
  </rdf:Bag>
 </mwg-rs:RegionList>
</mwg-rs:Regions>"""
"""As exiftool does."""

NESTED = """<mwg-rs:Regions><rdf:Description>
 <mwg-rs:AppliedToDimensions><rdf:Description stDim:w="620" stDim:h="320"/>
 </mwg-rs:AppliedToDimensions>
 <mwg-rs:RegionList><rdf:Seq><rdf:li mwg-rs:Type="Face"><rdf:Description>
  <mwg-rs:Name><rdf:Description><rdf:value>Ada</rdf:value></rdf:Description></mwg-rs:Name>
  <mwg-rs:Area><rdf:Description stArea:x="0.25" stArea:y="0.4" stArea:w="0.1" stArea:h="0.2"/>
  </mwg-rs:Area>
 </rdf:Description></rdf:li></rdf:Seq></mwg-rs:RegionList>
</rdf:Description></mwg-rs:Regions>"""
"""As RDF allows besides."""

MICROSOFT = """<MP:RegionInfo rdf:parseType="Resource"><MPRI:Regions><rdf:Bag>
 <rdf:li MPReg:Rectangle="0.2, 0.3, 0.1, 0.2" MPReg:PersonDisplayName="Ada"/>
</rdf:Bag></MPRI:Regions></MP:RegionInfo>"""
"""As Windows and Picasa do, and digiKam beside the other."""

SHAPES = {
    "compact": COMPACT,
    "spelt out": SPELT_OUT,
    "nested": NESTED,
    "microsoft": MICROSOFT,
}


def xmp(properties: str, attributes: str = "") -> bytes:
    """A sidecar with these properties in one description."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF {_NAMES}>\n'
        f'<rdf:Description rdf:about=""{attributes}>\n{properties}\n</rdf:Description>\n'
        '</rdf:RDF></x:xmpmeta>\n<?xpacket end="w"?>\n'
    ).encode()


def region(
    name: str,
    box: tuple[float, float, float, float],
    *,
    kind: str = "Face",
    unit: str = "normalized",
) -> str:
    """An entry of a list; the box is left, top, width and height."""
    left, top, width, height = box
    return (
        f'<rdf:li><rdf:Description mwg-rs:Name="{name}" mwg-rs:Type="{kind}">'
        f'<mwg-rs:Area stArea:x="{left + width / 2}" stArea:y="{top + height / 2}" '
        f'stArea:w="{width}" stArea:h="{height}" stArea:unit="{unit}"/>'
        "</rdf:Description></rdf:li>"
    )


def regions(*entries: str, width: int = 620, height: int = 320) -> bytes:
    """A sidecar with these entries."""
    return xmp(
        '<mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:AppliedToDimensions '
        f'stDim:w="{width}" stDim:h="{height}" stDim:unit="pixel"/><mwg-rs:RegionList><rdf:Bag>'
        f"{''.join(entries)}</rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions>"
    )
