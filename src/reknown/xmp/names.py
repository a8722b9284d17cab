"""The namespaces of XMP that hold regions, and the names in them.

RDF/XML is written "{namespace}name", as parsers give it back. Sources: XMP Specification Part 1
(ISO 16684-1), Metadata Working Group's Guidelines for Handling Image Metadata 2.0, section 5.9,
and Microsoft's People Tagging Overview.
"""

from __future__ import annotations

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
META = "adobe:ns:meta/"
MWG = "http://www.metadataworkinggroup.com/schemas/regions/"
AREA = "http://ns.adobe.com/xmp/sType/Area#"
DIMENSIONS = "http://ns.adobe.com/xap/1.0/sType/Dimensions#"
MP = "http://ns.microsoft.com/photo/1.2/"
MP_INFO = "http://ns.microsoft.com/photo/1.2/t/RegionInfo#"
MP_REGION = "http://ns.microsoft.com/photo/1.2/t/Region#"
OURS = "urn:reknown:xmp/1.0/"
"""What a program that proposed a name says of it."""

DESCRIPTION = f"{{{RDF}}}Description"
CONTAINERS = frozenset({f"{{{RDF}}}Bag", f"{{{RDF}}}Seq", f"{{{RDF}}}Alt"})
CANDIDATE = "candidate"
"""The status of a name that nobody has confirmed."""
NOTE = "Candidate of Reknown, not confirmed"
"""The same in the region's description, for people, and because programs that copy regions may
leave out what they do not know."""


def qualified(namespace: str, name: str) -> str:
    """As the tree has it."""
    return f"{{{namespace}}}{name}"
