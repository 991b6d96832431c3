"""SVG pictures as parts of a page: what could act, load or clash with other pictures is left out."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from wann.errors import UserError

_SVG = "http://www.w3.org/2000/svg"
_SHAPES = {"path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan", "image", "use"}
_GROUPS = {"svg", "g", "defs", "symbol", "clipPath", "mask", "marker", "pattern"}
_ELEMENTS = _SHAPES | _GROUPS | {"linearGradient", "radialGradient", "stop", "title", "desc"}
_REFERENCE = re.compile(r"url\(\s*['\"]?#([^)'\"]+)['\"]?\s*\)")


def inline(svg: str, prefix: str, label: str) -> str:
    """The text of an ``<svg>`` element for a page.

    Args:
        svg: The content of an SVG file.
        prefix: Goes before every id: pictures on one page must not share any.
        label: What the picture shows, for those who cannot see it.

    Raises:
        UserError: The text is not SVG.
    """
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError as error:
        raise UserError(f"a figure is not SVG: {error}") from None
    if root.tag != f"{{{_SVG}}}svg":
        raise UserError(f"a figure is not SVG: its first element is {root.tag!r}")
    _clean(root, prefix)
    root.set("viewBox", root.get("viewBox") or f"0 0 {_points(root, 'width')} {_points(root, 'height')}")
    root.set("role", "img")
    root.set("aria-label", label)
    ElementTree.register_namespace("", _SVG)
    return ElementTree.tostring(root, encoding="unicode")


def _points(root: ElementTree.Element, name: str) -> str:
    return re.sub(r"[^0-9.]", "", root.get(name) or "") or "100"


def _clean(element: ElementTree.Element, prefix: str) -> None:
    for child in list(element):
        if _local(child.tag) in _ELEMENTS:
            _clean(child, prefix)
        else:
            element.remove(child)
    for name, value in list(element.attrib.items()):
        del element.attrib[name]
        if (kept := _attribute(_local(name), value, prefix)) is not None:
            element.set(_local(name), kept)


def _local(name: object) -> str:
    """The name without its namespace; comments and instructions have none and no name."""
    return name.rpartition("}")[2] if isinstance(name, str) else ""


def _attribute(name: str, value: str, prefix: str) -> str | None:
    """What the page keeps of an attribute: nothing that runs, and references within the picture alone."""
    if name.startswith("on"):
        return None
    if name == "id":
        return prefix + value
    if name == "href":
        return f"#{prefix}{value[1:]}" if value.startswith("#") else value if value.startswith("data:image/") else None
    if "url(" in _REFERENCE.sub("", value).lower():
        return None
    return _REFERENCE.sub(rf"url(#{prefix}\1)", value)
