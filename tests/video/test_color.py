import av
import numpy as np
import pytest
import torch

from styler.errors import StylerError
from styler.video.color import PLANAR, ColorTags, frame_of, planes, rgb_of, tags_of

FORMATS = ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p12le"]
MATRICES = [1, 6, 9]


def random_image(height=46, width=62):
    return torch.rand(1, 3, height, width) * 0.5 + 0.25


@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("format", FORMATS)
def test_samples_of_a_frame_come_out_as_they_went_in(format, matrix, full):
    tags = ColorTags(1, 1, matrix, full)
    frame = frame_of(random_image(), format, tags)
    again = frame_of(rgb_of(frame, tags), format, tags)
    for before, after in zip(planes(frame), planes(again), strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize(("matrix", "luma"), [(1, 63), (6, 81), (9, 74)])
def test_red_has_the_luma_of_its_matrix(matrix, luma):
    red = torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1).expand(1, 3, 8, 8)
    assert planes(frame_of(red, "yuv420p", ColorTags(1, 1, matrix)))[0][0, 0] == luma


@pytest.mark.parametrize("full", [1, 2], ids=["limited", "full"])
@pytest.mark.parametrize(("matrix", "scaler"), [(1, 1), (6, 5), (9, 9)])
def test_colors_are_those_of_ffmpegs_scaler_with_the_same_matrix_and_range(matrix, scaler, full):
    array = (torch.rand(4, 4, 3).repeat_interleave(8, 0).repeat_interleave(8, 1) * 255).byte().numpy()
    same = {"src_colorspace": scaler, "dst_colorspace": scaler, "src_color_range": 2, "dst_color_range": full}
    frame = av.VideoFrame.from_ndarray(array, format="rgb24").reformat(format="yuv444p", **same)
    found = rgb_of(frame, ColorTags(1, 1, matrix, full == 2))[0].movedim(0, -1).numpy() * 255
    assert np.abs(found - array).max() < 3


@pytest.mark.parametrize("format", ["nv12", "yuyv422", "p010le"])
def test_packed_formats_have_the_colors_of_planes(format):
    tags = ColorTags(1, 1, 1)
    plain = {"nv12": "yuv420p", "yuyv422": "yuv422p", "p010le": "yuv420p10le"}[format]
    frame = frame_of(random_image(48, 64), plain, tags)
    same = {"src_colorspace": 1, "dst_colorspace": 1, "src_color_range": 1, "dst_color_range": 1}
    torch.testing.assert_close(rgb_of(frame.reformat(format=format, **same), tags), rgb_of(frame, tags))


@pytest.mark.parametrize(("width", "height", "matrix"), [(640, 480, 6), (720, 576, 6), (1280, 720, 1), (1920, 1080, 1)])
def test_untagged_colors_are_those_of_the_size(width, height, matrix):
    frame = av.VideoFrame(width, height, "yuv420p")
    assert tags_of(frame, name="x") == ColorTags(2, 2, matrix, False)


def test_yuvj_is_full_range():
    assert tags_of(av.VideoFrame(64, 48, "yuvj420p"), name="x").full_range


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_hdr_is_refused(transfer, name):
    frame = av.VideoFrame(64, 48, "yuv420p10le")
    frame.color_trc = transfer
    with pytest.raises(StylerError, match=rf"a\.mp4 is HDR video \({name}\)"):
        tags_of(frame, name="a.mp4")


def test_what_is_transparent_becomes_white():
    array = np.zeros((8, 8, 4), np.uint8)
    array[:4, :, 3] = 255
    image = rgb_of(av.VideoFrame.from_ndarray(array, format="rgba"), ColorTags(1, 13, 1))
    assert float(image[..., :4, :].max()) == 0
    assert float(image[..., 4:, :].min()) == 1


@pytest.mark.parametrize("format", ["rgb24", "rgb48be", "gbrp"])
def test_rgb_formats_keep_their_values(format):
    image = (torch.rand(1, 3, 8, 10) * 255).round() / 255
    frame = frame_of(image, format, ColorTags(1, 13, 1))
    assert not PLANAR.match(frame.format.name)
    torch.testing.assert_close(rgb_of(frame, ColorTags(1, 13, 1)), image, atol=1e-4, rtol=0)
