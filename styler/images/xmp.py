"""XMP packets: freed of what no longer holds, and with styler's settings in a namespace of its own."""

import re
from typing import Any
from xml.dom import minidom
from xml.parsers.expat import ExpatError

_OURS, _RDF, _DECLARATIONS = (
    "urn:styler:1.0#",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "http://www.w3.org/2000/xmlns/",
)
_EMPTY = f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}"/></x:xmpmeta>'.encode()
# In a phone's file beside the photograph, or true of that file alone: gain and depth maps, videos, bursts, thumbnails.
_STALE = re.compile(
    r"hdr-?gain-?map|apple\.com/(pixeldatainfo|depth)|urn:styler:|/xap/1\.0/Thumbnails|/xmp/note/|/elements/1\.1/format"
    r"|(google|xiaomi|oppo|oplus|vivo|honor|huawei|samsung)\.com/photos/(?!1\.0/panorama)"
    r"|tiff/1\.0/Image(Width|Length)|exif/1\.0/Pixel[XY]",
    re.IGNORECASE,
)
_ORIENTATION = re.compile(rb"(tiff:Orientation(?:=[\"']|>))([0-9]+)")
_MAX_BYTES = 4 << 20
_BROKEN = (ExpatError, ValueError, LookupError, RecursionError)


def read_xmp(packet: bytes) -> tuple[bytes | None, str | None, int]:
    """Return what of a packet still holds, the settings in it, and the picture's orientation, which becomes 1."""
    match = _ORIENTATION.search(packet)
    orientation, packet = int(match[2]) if match else 1, _ORIENTATION.sub(rb"\g<1>1", packet)
    try:
        document = _parsed(packet)
        ours = [node for node in document.getElementsByTagNameNS(_OURS, "settings") if node.firstChild]
        settings = "".join(child.data for child in ours[0].childNodes) if ours else None
        for node in ours:
            node.parentNode.parentNode.removeChild(node.parentNode)
        num_stale = sum(map(_without_stale, document.getElementsByTagName("*")))
        if not document.getElementsByTagNameNS(_RDF, "Description") and ours:
            return None, settings, orientation
        return (_text(document) if ours or num_stale else packet), settings, orientation
    except _BROKEN:  # kept as it is, since other programs may understand it, unless it claims such things
        return None if _STALE.search(packet.decode("latin-1")) else packet, None, orientation


def with_settings(packet: bytes | None, settings: str) -> bytes:
    """Return a packet, or a new one if there is none that can be read, with the settings in it."""
    try:
        document = _parsed(packet or _EMPTY)
        (outer,) = document.getElementsByTagNameNS(_RDF, "RDF")
    except _BROKEN:
        return with_settings(None, settings)
    ours = document.createElement("rdf:Description")
    for name, value in (("xmlns:rdf", _RDF), ("rdf:about", ""), ("xmlns:styler", _OURS)):
        ours.setAttribute(name, value)
    ours.appendChild(document.createElement("styler:settings")).appendChild(document.createTextNode(settings))
    outer.appendChild(ours)
    return _text(document)


def _without_stale(node: Any) -> bool:
    """Take an element, or attributes of it, out of its document if they no longer hold; return whether any did not."""
    stale = [one for one in node.attributes.values() if _is_stale(one)]
    for attribute in stale:
        node.removeAttributeNode(attribute)
    if gone := _is_stale(node):
        node.parentNode.removeChild(node)
    return gone or bool(stale)


def _is_stale(node: Any) -> bool:
    declared = node.namespaceURI == _DECLARATIONS
    return bool(_STALE.search(node.value if declared else f"{node.namespaceURI}{node.localName}"))


def _parsed(packet: bytes) -> Any:
    if len(packet) > _MAX_BYTES:
        raise ValueError(f"expected at most {_MAX_BYTES} bytes, got {len(packet)}")
    return minidom.parseString(packet.strip(b"\0 \r\n"))


def _text(document: Any) -> bytes:
    return "".join(node.toxml() for node in document.childNodes).encode()
