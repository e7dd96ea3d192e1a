import io

import pytest
from hostile_files import RGB, picture_bytes

from styler.images import Picture
from styler.images.xmp import read_xmp, with_settings

HEAD = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
DESCRIPTION = (
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" dc:creator="Ada" {}>{}</rdf:Description>'
)
SETTINGS = '{"style": "<Café> & \\"中\\"",\n "alpha": 0.5}'
CLAIMS = {
    "gain map": ('xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"', ""),
    "gain map of a phone": (
        'xmlns:H="http://ns.apple.com/HDRGainMap/1.0/"',
        "<H:HDRGainMapVersion>65536</H:HDRGainMapVersion>",
    ),
    "motion photo": ('xmlns:G="http://ns.google.com/photos/1.0/camera/" G:MotionPhoto="1" G:MicroVideoOffset="4"', ""),
    "burst": ('xmlns:G="http://ns.google.com/photos/1.0/camera/"', "<G:BurstID>GainMap 7</G:BurstID>"),
    "depth map": ('xmlns:GDepth="http://ns.google.com/photos/1.0/depthmap/" GDepth:Data="GainMap"', ""),
    "second picture": (
        'xmlns:C="http://ns.google.com/photos/1.0/container/" xmlns:I="http://ns.google.com/photos/1.0/container/item/"',
        '<C:Directory><rdf:Seq><rdf:li rdf:parseType="Resource"><C:Item I:Semantic="GainMap"/></rdf:li></rdf:Seq>'
        "</C:Directory>",
    ),
    "thumbnail": (
        'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:g="http://ns.adobe.com/xap/1.0/g/img/"',
        "<xmp:Thumbnails><rdf:Alt><rdf:li g:image='GainMap'/></rdf:Alt></xmp:Thumbnails>",
    ),
    "size": ('xmlns:t="http://ns.adobe.com/tiff/1.0/" t:ImageWidth="4000"', ""),
}
TRACES = ("gain", "Gain", "hdrgm", "GainMap", "MotionPhoto", "MicroVideo", "Burst", "GDepth", "Container", "4000")


def packet(attributes="", elements=""):
    return (HEAD + DESCRIPTION.format(attributes, elements) + "</rdf:RDF></x:xmpmeta>").encode()


@pytest.mark.parametrize("claim", CLAIMS.values(), ids=CLAIMS)
def test_what_claims_more_than_the_picture_goes_and_its_author_stays(claim):
    kept, settings, orientation = read_xmp(packet(*claim))
    assert b'dc:creator="Ada"' in kept
    assert [trace for trace in TRACES if trace.encode() in kept] == []
    assert (settings, orientation) == (None, 1)


@pytest.mark.parametrize("format", ["png", "jpg", "webp", "tif", "avif"])
def test_claims_go_in_every_format(format):
    photo = Picture.open(picture_bytes(RGB, "JPEG", xmp=packet(*CLAIMS["motion photo"])))
    buffer = io.BytesIO()
    photo.save(buffer, format=format)
    written = Picture.open(buffer.getvalue()).metadata.xmp
    assert b"Ada" in written
    assert b"MotionPhoto" not in written


def test_what_claims_nothing_stays_to_the_byte():
    own = packet("xmlns:p='http://ns.google.com/photos/1.0/panorama/' p:ProjectionType='cylindrical'")
    assert read_xmp(own) == (own, None, 1)


@pytest.mark.parametrize("own", [None, packet(), b"no packet", b"<a><b></a>", b"<" * 50_000])
def test_settings_displace_nothing(own):
    written = with_settings(own, SETTINGS)
    kept, settings, _ = read_xmp(written)
    assert settings == SETTINGS
    assert (kept is not None and b'dc:creator="Ada"' in kept) == (own == packet())
    assert kept is None or read_xmp(kept) == (kept, None, 1)
    assert read_xmp(with_settings(written, "others"))[1] == SETTINGS


@pytest.mark.parametrize("own", [b"", b"\0\0", b"<x", b"<a>" * 5000, b"\xff\xfe<\0", packet()[:-9], b"<!DOCTYPE a>"])
def test_broken_packets_never_fail(own):
    assert read_xmp(own)[1:] == (None, 1)


def test_a_broken_packet_that_may_claim_something_is_dropped():
    assert read_xmp(packet(*CLAIMS["gain map"])[:-9])[0] is None


def test_entities_are_not_unfolded():
    own = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + b"".join(
        b'<!ENTITY %c "%s">' % (c + 1, b"&%c;" % c * 10) for c in range(97, 117)
    )
    read_xmp(own + b"]><x>&u;</x>")


def test_orientation_is_told_and_set_to_one():
    kept, _, orientation = read_xmp(packet('xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"'))
    assert orientation == 6
    assert b'tiff:Orientation="1"' in kept
