import pytest

from styler.errors import StylerError
from styler.images.format_limits import check_size


@pytest.mark.parametrize(
    ("suffix", "height", "width", "bytes_per_pixel"),
    [
        (".webp", 16_383, 16_383, 3),
        (".JPG", 65_500, 1, 3),
        (".png", 1_000_000, 100_000, 8),
        (".tif", 37_000, 37_000, 3),
        (".gif", 10**6, 10**6, 3),
    ],
)
def test_a_size_within_the_limit_passes(suffix, height, width, bytes_per_pixel):
    check_size(suffix, height, width, bytes_per_pixel=bytes_per_pixel)


@pytest.mark.parametrize(
    ("suffix", "height", "width", "bytes_per_pixel", "words"),
    [
        (".webp", 1, 16_384, 3, "WEBP cannot hold 16384×1 pixels: at most 16,383 a side"),
        (".jpeg", 65_501, 1, 3, "JPEG cannot hold 1×65501 pixels: at most 65,500 a side"),
        (".tiff", 37_000, 37_000, 4, "TIFF cannot hold 37000×37000 pixels: it ends at 4 GiB"),
    ],
)
def test_a_size_beyond_the_limit_is_refused(suffix, height, width, bytes_per_pixel, words):
    with pytest.raises(StylerError) as caught:
        check_size(suffix, height, width, bytes_per_pixel=bytes_per_pixel)
    assert caught.value.what == words
