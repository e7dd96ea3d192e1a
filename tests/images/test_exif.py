import io
import random

import pytest
from hostile_files import overlapping_exif, tiff
from PIL import Image

from styler.images.exif import Exif, Tag, claims, exif_block, read_exif
from styler.images.tag_claims import claimed


@pytest.mark.parametrize("order", ["<", ">"])
def test_what_is_packed_is_read_again(order):
    inner = {37510: Tag(7, 9, b"a comment"), 33434: Tag(5, 1, bytes(8)), 40965: {1: Tag(2, 4, b"R98\0")}}
    exif = Exif(order, {271: Tag(2, 3, b"me\0"), 315: Tag(2, 11, b"a long name"), 34665: inner, 34853: {}})
    again = read_exif(exif_block(exif))
    assert (again.order, again.tags) == (exif.order, exif.tags)


@pytest.mark.parametrize("order", ["<", ">"])
def test_pillow_reads_what_is_packed(order):
    block = exif_block(Exif(order, {271: Tag(2, 3, b"me\0"), 34665: {37510: Tag(7, 9, b"a comment")}}))
    exif = Image.Exif()
    exif.load(block)
    assert exif[271] == "me"
    assert exif.get_ifd(34665)[37510] == b"a comment"


@pytest.mark.parametrize("block", [b"", b"II*\0", b"Exif\0\0", b"no exif at all", b"MM\0*\xff\xff\xff\xff"])
def test_what_holds_no_directory_holds_no_tags(block):
    exif = read_exif(block)
    assert exif is None or not exif.tags


def test_broken_directories_never_fail():
    rng = random.Random(0)
    inner = {37510: Tag(7, 9, b"a comment"), 40965: {1: Tag(2, 4, b"R98\0")}}
    good = exif_block(Exif("<", {271: Tag(2, 3, b"me\0"), 315: Tag(2, 11, b"a long name"), 34665: inner}))
    for _ in range(500):
        block = bytearray(good[: rng.randrange(len(good)) if rng.random() < 0.2 else None])
        for _ in range(rng.randrange(1, 5)):
            if block:
                block[rng.randrange(len(block))] = rng.choice([0, 1, 255, rng.randrange(256)])
        exif = read_exif(bytes(block))
        assert exif is None or read_exif(exif_block(exif)).tags == exif.tags


def test_what_claims_too_much_is_counted_and_left_out():
    block = overlapping_exif(60_000, tags=4000)
    assert claimed(io.BytesIO(block)) == 4000 * 60_000
    assert len(exif_block(read_exif(block))) < 1 << 21


def test_numbers_count_for_what_they_take_in_memory():
    assert claimed(io.BytesIO(tiff([(273, 4, 1000, 8)], bytes(4000)))) == 20 * 4000


def test_a_directory_in_a_big_tiff_is_read():
    buffer = io.BytesIO()
    Image.new("L", (40, 30)).save(buffer, "TIFF", big_tiff=True)
    found = {claim.tag: claim for claim in claims(buffer)}
    assert {256, 257, 273} <= found.keys()
    buffer.seek(found[256].position)
    assert int.from_bytes(buffer.read(found[256].size), "little") == 40
