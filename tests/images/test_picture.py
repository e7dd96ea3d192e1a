import io

import numpy as np
import pytest
import torch
from PIL import Image
from samples import picture

from styler.choices import MAX_PIXELS
from styler.errors import StylerError
from styler.images import Picture
from styler.images.metadata import Metadata

ARRAYS = [(shape, dtype) for shape in [(5, 7, 3), (5, 7, 4)] for dtype in ["u1", "u2", "f2", "f4", "f8"]]
DTYPES = [torch.uint8, torch.uint16, torch.float16, torch.bfloat16, torch.float32, torch.float64]


def samples(shape, dtype):
    full = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1
    return (np.random.default_rng(0).random(shape) * full).astype(dtype)


def random_tensor(shape, dtype):
    values = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    return values.to(dtype) if dtype.is_floating_point else (values * torch.iinfo(dtype).max).to(dtype)


@pytest.mark.parametrize(("shape", "dtype"), ARRAYS)
def test_an_array_comes_back_as_it_was(shape, dtype):
    array = samples(shape, dtype)
    found = Picture.of(array)
    assert found.samples.shape == (1, 3, 5, 7)
    assert found.depth == (16 if dtype == "u2" else 8)
    result = found.array(dtype)
    assert result.dtype == array.dtype
    np.testing.assert_allclose(result, array, rtol=0, atol=1e-7 if array.dtype.kind == "f" else 0)


@pytest.mark.parametrize("shape", [(1, 3, 5, 7), (4, 3, 5, 7)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_tensor_comes_back_as_it_was(shape, dtype):
    tensor = random_tensor(shape, dtype)
    found = Picture.of(tensor)
    assert found.samples.dtype == (torch.float32 if dtype.is_floating_point else dtype)
    torch.testing.assert_close(found.tensor(dtype).double(), tensor.double(), rtol=0, atol=1e-7)
    assert Picture.of(tensor[0]).samples.shape == (1, 3, 5, 7)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1)])
def test_a_grey_array_comes_back_in_color(shape):
    array = samples(shape, "u1")
    np.testing.assert_array_equal(Picture.of(array).array(), array.reshape(5, 7, 1).repeat(3, axis=-1))


def test_a_grey_array_with_alpha_comes_back_in_color_with_it():
    array = samples((5, 7, 2), "u1")
    np.testing.assert_array_equal(Picture.of(array).array(), array[..., [0, 0, 0, 1]])


@pytest.mark.parametrize("mode", ["L", "P", "RGB", "RGBA", "CMYK"])
def test_a_pil_picture_comes_back_as_a_pil_picture(mode):
    given = Image.fromarray(samples((5, 7, 4), "u1")).convert(mode)
    expected = given if mode == "RGBA" else given.convert("RGB")
    assert Picture.of(given).pil().mode == expected.mode
    np.testing.assert_array_equal(np.asarray(Picture.of(given).pil()), np.asarray(expected))


def test_a_path_a_stream_and_bytes_are_the_same_picture(tmp_path):
    given, path = Image.fromarray(samples((5, 7, 4), "u1")), tmp_path / "a.png"
    given.save(path)
    for read in (Picture.open, Picture.of):
        for source in (path, str(path), io.BytesIO(path.read_bytes()), path.read_bytes()):
            found = read(source)
            np.testing.assert_array_equal(np.asarray(found.pil()), np.asarray(given))
            assert found.source == (path if isinstance(source, str | type(path)) else None)


def test_a_picture_is_itself():
    given = Picture.of(picture(5, 7))
    assert Picture.of(given).samples is given.samples


def test_alpha_follows_another_size():
    array = samples((8, 6, 4), "u1")
    array[..., 3] = 77
    for source in (array, Image.fromarray(array)):
        result = Picture.of(source).resized(4).array()
        assert result.shape == (4, 3, 4)
        assert (result[..., 3] == 77).all()


def test_resizing_keeps_depth_and_metadata_but_not_the_file():
    given = Picture(picture(40, 30), None, 16, Metadata(xmp=b"x", settings="made so"))
    found = given.resized(20)
    assert (found.size, found.depth, found.metadata.xmp) == ((20, 15), 16, b"x")
    assert (found.source, found.metadata.settings) == (None, None)
    assert given.resized(40) is given


@pytest.mark.parametrize("size", [0, -1, 1.5, True, "20", 10**7, None])
def test_a_size_that_is_none_is_refused(size):
    with pytest.raises(ValueError, match="expected size from 1"):
        Picture.of(picture(5, 7)).resized(size)


def test_nothing_is_enlarged_beyond_the_limit():
    with pytest.raises(StylerError, match="too many"):
        Picture.of(picture(5, 7)).resized(round(MAX_PIXELS**0.5 * 1.3))


@pytest.mark.parametrize("source", [samples((5, 7, 3), "f4"), torch.rand(3, 5, 7)], ids=["array", "tensor"])
def test_the_source_is_not_changed_through_its_samples(source):
    before = source.copy() if isinstance(source, np.ndarray) else source.clone()
    Picture.of(source).samples.zero_()
    assert (source == before).all()


@pytest.mark.parametrize("view", ["flipped", "strided", "big endian", "read-only", "column major"])
def test_any_layout_of_an_array_is_read(view):
    array = samples((10, 14, 3), "u2")
    array = {
        "flipped": array[::-1, :, ::-1],
        "strided": array[::2, 1::2],
        "big endian": array.astype(">u2"),
        "read-only": np.frombuffer(array.tobytes(), np.uint16).reshape(10, 14, 3),
        "column major": np.asfortranarray(array),
    }[view]
    np.testing.assert_array_equal(Picture.of(array).array(), array)


def test_a_tensor_with_a_gradient_is_told_that_it_gets_none():
    tensor = torch.rand(3, 5, 7, requires_grad=True)
    with pytest.raises(ValueError, match="without gradient"):
        Picture.of(tensor)
    with torch.no_grad():
        assert not Picture.of(tensor).samples.requires_grad
    assert Picture.of(tensor.detach()).size == (5, 7)


def test_what_resizing_overshoots_is_clamped():
    found = Picture.of(np.array([[[-0.1, 0.5, 1.1]]], np.float32))
    assert found.samples.flatten().tolist() == [0, 0.5, 1]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (np.zeros((3, 40, 60), np.uint8), r"expected an array \(H, W\) or .* got \(3, 40, 60\)"),
        (np.zeros(7), r"got \(7,\)"),
        (np.zeros((1, 4, 6, 3)), r"got \(1, 4, 6, 3\)"),
        (np.zeros((0, 7, 3), np.uint8), r"got \(0, 7, 3\)"),
        (np.zeros((4, 6, 3), np.int64), "got int64"),
        (np.zeros((4, 6), bool), "got bool"),
        (np.full((4, 6, 3), 255.0), r"expected floats in \[0, 1\], got 255 to 255"),
        (np.full((4, 6, 3), np.nan), r"expected floats in \[0, 1\], got nan to nan"),
        (torch.zeros(40, 60, 3), r"expected a tensor \(3, H, W\) or \(B, 3, H, W\), got \(40, 60, 3\)"),
        (torch.zeros(40, 60), r"got \(40, 60\)"),
        (torch.zeros(0, 3, 4, 4), r"got \(0, 3, 4, 4\)"),
        (torch.zeros(3, 4, 4, dtype=torch.int64), r"got torch\.int64"),
        (torch.full((3, 4, 4), -1.0), r"expected floats in \[0, 1\], got -1 to -1"),
        ([[0, 1], [1, 0]], "expected a Picture, a path, a stream, a PIL picture, an array or a tensor, got list"),
        (None, "got NoneType"),
    ],
    ids=str,
)
def test_a_wrong_call_is_told_what_was_expected_and_what_it_gave(source, message):
    with pytest.raises(ValueError, match=message):
        Picture.of(source)


def test_a_missing_file_is_the_users_trouble(tmp_path):
    with pytest.raises(StylerError, match="no such file"):
        Picture.of(tmp_path / "none.png")


def test_several_pictures_are_no_file():
    both = Picture.of(torch.rand(2, 3, 4, 4))
    for wrong in (both.pil, both.array, lambda: both.save(io.BytesIO(), format="png")):
        with pytest.raises(ValueError, match="expected one picture"):
            wrong()


@pytest.mark.parametrize("wrong", [np.int64, bool, "u4"])
def test_a_type_that_no_picture_has_is_refused(wrong):
    with pytest.raises(ValueError, match="expected uint8"):
        Picture.of(picture(4, 4)).array(wrong)
    with pytest.raises(ValueError, match=r"expected torch\.uint8"):
        Picture.of(picture(4, 4)).tensor(torch.int64)


def test_stripped_a_file_says_nothing_but_the_picture(tmp_path):
    given = Picture(picture(8, 8), None, 8, Metadata(xmp=b"<x/>", settings="made so"))
    for metadata, settings in (("keep", "made so"), ("strip", None)):
        given.save(tmp_path / f"{metadata}.png", metadata=metadata)
        assert Picture.open(tmp_path / f"{metadata}.png").metadata.settings == settings


def test_the_depth_is_the_files_or_as_asked(tmp_path):
    exact = Picture.of(random_tensor((3, 8, 8), torch.uint16))
    exact.save(tmp_path / "16.png")
    assert Picture.open(tmp_path / "16.png").samples.equal(exact.samples)
    exact.save(tmp_path / "8.png", depth=8)
    assert Picture.open(tmp_path / "8.png").depth == 8
