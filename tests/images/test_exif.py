import io
import random

import pytest
from hostile_files import overlapping_exif
from PIL import Image

from styler.images.exif import Tag, block, describing, order_of, read_pages, swapped, values

INNER = {37510: Tag(7, 9, b"a comment"), 33434: Tag(5, 1, bytes(8)), 40965: {1: Tag(2, 4, b"R98\0")}}
TAGS = {271: Tag(2, 3, b"me\0"), 315: Tag(2, 11, b"a long name"), 34665: INNER}


def read(data):
    return next(read_pages(io.BytesIO(data)), {})


@pytest.mark.parametrize("order", ["<", ">"])
def test_what_is_packed_is_read_again(order):
    packed = block(TAGS, order)
    assert order_of(io.BytesIO(packed)) == order
    assert read(packed) == describing(read(packed)) == TAGS


@pytest.mark.parametrize("order", ["<", ">"])
def test_pillow_reads_what_is_packed(order):
    exif = Image.Exif()
    exif.load(block({271: Tag(2, 3, b"me\0"), 34665: {37510: Tag(7, 9, b"a comment")}}, order))
    assert exif[271] == "me"
    assert exif.get_ifd(34665)[37510] == b"a comment"


def test_numbers_are_the_same_in_the_other_byte_order():
    tags = {
        256: Tag(4, 1, b"\1\2\0\0"),
        258: Tag(3, 2, b"\x10\0\x08\0"),
        34665: {33434: Tag(5, 1, b"\1\0\0\0\xfa\0\0\0")},
    }
    other = swapped(tags)
    assert values(other[256], ">") == values(tags[256], "<") == [513]
    assert values(other[258], ">") == [16, 8]
    assert other[34665][33434].data == b"\0\0\0\1\0\0\0\xfa"
    assert swapped(other) == tags


@pytest.mark.parametrize("data", [b"", b"II*\0", b"Exif\0\0", b"no exif at all", b"MM\0*\xff\xff\xff\xff"])
def test_what_holds_no_directory_holds_no_tags(data):
    assert read(data) == {}


def test_broken_directories_never_fail():
    rng, good = random.Random(0), block(TAGS, "<")
    for _ in range(500):
        data = bytearray(good[: rng.randrange(len(good)) if rng.random() < 0.2 else None])
        for _ in range(rng.randrange(1, 5)):
            if data:
                data[rng.randrange(len(data))] = rng.choice([0, 1, 255, rng.randrange(256)])
        tags = describing(read(bytes(data)))
        if tags:
            order = order_of(io.BytesIO(bytes(data)))
            assert read(block(tags, order)) == tags


def test_a_directory_that_contains_itself_ends():
    loop = bytearray(block({34665: {34665: {1: Tag(4, 1, bytes(4))}}}, "<"))
    loop[18:22] = (8).to_bytes(4, "little")
    assert read(bytes(loop))


def test_what_claims_too_much_is_left_out():
    assert len(block(read(overlapping_exif(60_000, tags=4000)), "<")) < 1 << 21


def test_a_directory_in_a_big_tiff_is_read():
    buffer = io.BytesIO()
    Image.new("L", (40, 30)).save(buffer, "TIFF", big_tiff=True)
    assert values(read(buffer.getvalue())[256], "<") == [40]


def test_a_makers_note_that_names_the_burst_and_the_gain_map_is_dropped():
    kept = describing({34665: {37500: Tag(7, 14, b"Apple iOS\0\0\1MM"), 37510: Tag(7, 9, b"a comment")}})
    assert kept == {34665: {37510: Tag(7, 9, b"a comment")}}
