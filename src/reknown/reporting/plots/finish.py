"""A drawing made fit to stand in a page with others: own ids, a name, colours of the page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from reknown.reporting.labels import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

INK = "#1a1c20"
MUTED = "#5c616b"
GRID = "#dcdfe4"
_FONT = "font-family: system-ui, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', Arial, sans-serif"
# the page may be dark: what is drawn in these takes the page's colours where it has them
_PAGE_COLOURS = {INK: "--ink", MUTED: "--muted", GRID: "--grid"}
_NAMESPACE = "http://www.w3.org/2000/svg"
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_FONT_LIST = re.compile(r"font: ((?:[a-z0-9]+ )*[0-9.]+px) [^;]*")
_MAX_TITLE = 2000
_WIDE = 600


def finished(
    drawing: bytes, prefix: str, title: str, description: str, full: Mapping[str, str]
) -> str:
    """The SVG `drawing` without metadata, named, its ids beginning with `prefix`.

    `full` has the whole text of the elements, by id, whose label was shortened. The width is
    the page's, at most that of the drawing at one and a half times its size.
    """
    root = ET.fromstring(drawing)  # noqa: S314 - matplotlib wrote it a moment ago
    for element in list(root.iter()):
        _simplify(element)
        _name(element, full)
        _renumber(element, prefix)
    _describe(root, prefix, title, description)
    return ET.tostring(root, encoding="unicode")


def _simplify(element: ET.Element) -> None:
    """Names without namespaces, and no metadata or style sheet, which would reach the page."""
    element.tag = _local(element.tag)
    for name, value in list(element.attrib.items()):
        del element.attrib[name]
        element.set(_local(name), value)
    for child in list(element):
        if _local(child.tag) in ("metadata", "style"):
            element.remove(child)
    style = element.get("style")
    if style is not None:
        element.set("style", _restyled(style))


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _restyled(style: str) -> str:
    for colour, variable in _PAGE_COLOURS.items():
        style = style.replace(colour, f"var({variable},{colour})")
    return _FONT_LIST.sub(lambda found: f"font-size: {found[1].split()[-1]}", style)


def _name(element: ET.Element, full: Mapping[str, str]) -> None:
    text = full.get(element.get("id", ""))
    if text is None:
        return
    title = ET.Element("title")
    title.text = plain(text[:_MAX_TITLE])
    element.insert(0, title)


def _renumber(element: ET.Element, prefix: str) -> None:
    for name, value in list(element.attrib.items()):
        if name == "id":
            element.set(name, f"{prefix}-{value}")
        elif name == "href" and value.startswith("#"):
            element.set(name, f"#{prefix}-{value[1:]}")
        elif "url(#" in value:
            element.set(name, _REFERENCE.sub(rf"url(#{prefix}-\1)", value))


def _describe(root: ET.Element, prefix: str, title: str, description: str) -> None:
    width = float(root.get("width", "0pt").removesuffix("pt"))
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.set("xmlns", _NAMESPACE)
    root.set("role", "img")
    root.set("aria-labelledby", f"{prefix}-title {prefix}-desc")
    # on a narrow screen it is rather scrolled than too small to read
    least = round((0.9 if width < _WIDE else 1.25) * width)
    size = f"width: 100%; min-width: {least}px; max-width: {round(1.5 * width)}px; height: auto"
    root.set("style", f"{size}; {_FONT}; stroke-linejoin: round")
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        element = ET.Element(tag, {"id": f"{prefix}-{tag}"})
        element.text = plain(text[:_MAX_TITLE])
        root.insert(place, element)
