import numpy as np
import pytest
import torch
from PIL import Image

from styler.errors import StylerError
from styler.images.pixels import pil_picture, quantized, resize, resize_to, tensor_of_array, to_float


def noise(channels=3, *, height=5, width=7, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.uint16])
def test_integers_become_floats_only_where_the_size_changes(dtype):
    image = torch.full((1, 1, 4, 6), 51).to(dtype)
    assert resize_to(image, (4, 6)) is image
    torch.testing.assert_close(resize_to(image, (2, 3)), to_float(image)[..., :2, :3])


def test_eight_bits_are_found_again_in_sixteen():
    eight = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16)
    sixteen = quantized(eight, torch.uint16)
    assert torch.equal(sixteen.int(), eight.int() * 257)
    assert torch.equal(quantized(sixteen), eight)


@pytest.mark.parametrize("dtype", ["u1", "<u2", ">u2", "f2", "f4", ">f4", "f8", "?"])
def test_samples_of_any_type_become_a_contiguous_tensor_of_array(dtype):
    full = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1
    samples = np.full((4, 6, 3), full, dtype)[::-1, :, ::-1]
    samples.flags.writeable = False
    result = tensor_of_array(samples)
    assert result.shape == (3, 4, 6)
    assert result.is_contiguous()
    assert torch.equal(result, torch.ones(3, 4, 6))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.uint16])
def test_integers_survive_the_way_there_and_back(dtype):
    values = np.arange(torch.iinfo(dtype).max + 1, dtype=str(dtype).removeprefix("torch.")).reshape(16, -1, 1)
    np.testing.assert_array_equal(quantized(tensor_of_array(values), dtype).numpy(), values.transpose(2, 0, 1))


def test_halves_are_rounded_up_and_what_is_out_of_range_is_clamped():
    values = torch.tensor([[[-1.0, 0.0, 0.49 / 255, 0.51 / 255, 254.4 / 255, 254.6 / 255, 1.0, 7.0]]])
    assert quantized(values).flatten().tolist() == [0, 0, 0, 1, 254, 255, 255, 255]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.float64])
def test_values_that_are_not_numbers_are_not_written(value, dtype):
    image = torch.zeros(1, 3, 4, 5, dtype=dtype)
    image[0, 1, 2, 3] = value
    with pytest.raises(StylerError, match=r"not numbers\n.*float32"):
        pil_picture(image)


@pytest.mark.parametrize("channels", [3, 4])
def test_a_pil_picture_comes_back(channels):
    samples = noise(channels)
    planes = torch.from_numpy(samples).movedim(-1, 0)[None]
    alpha = planes[:, 3:] if channels == 4 else None
    np.testing.assert_array_equal(np.asarray(pil_picture(planes[:, :3], alpha)), samples)


@pytest.mark.parametrize(
    ("shape", "size", "expected"),
    [
        ((40, 30), 20, (20, 15)),
        ((30, 40), 20, (15, 20)),
        ((1, 500), 10, (1, 10)),
        ((7, 7), 1, (1, 1)),
        ((1, 1), 9, (9, 9)),
        ((5, 7), 7, (5, 7)),
    ],
)
def test_the_longer_side_is_as_asked_and_the_shorter_at_least_one(shape, size, expected):
    assert resize(torch.rand(1, 3, *shape), size).shape == (1, 3, *expected)


def test_a_flat_picture_stays_flat_at_any_size():
    image = torch.full((1, 3, 31, 17), 0.3)
    for size in (1, 5, 31, 90):
        torch.testing.assert_close(resize(image, size), torch.full_like(resize(image, size), 0.3), rtol=0, atol=1e-6)


def test_resizing_stays_in_range_beside_hard_edges():
    edge = torch.zeros(1, 1, 40, 40)
    edge[..., 20:] = 1
    for size in (7, 13, 39, 100):
        result = resize_to(edge, (size, size))
        assert result.min() >= 0
        assert result.max() <= 1


def test_a_fine_pattern_shrinks_to_grey_and_not_to_waves():
    stripes = (torch.arange(256) % 2).float().expand(1, 3, 256, 256)
    small = resize(stripes, 60)[..., 4:-4]
    torch.testing.assert_close(small, torch.full_like(small, 0.5), rtol=0, atol=0.02)


def test_resizing_equals_pillows_bicubic():
    samples = np.random.default_rng(0).random((31, 23), np.float32)
    expected = np.asarray(Image.fromarray(samples).resize((13, 17), Image.Resampling.BICUBIC)).clip(0, 1)
    torch.testing.assert_close(
        resize_to(torch.from_numpy(samples)[None, None], (17, 13))[0, 0], torch.tensor(expected), rtol=0, atol=1e-5
    )
