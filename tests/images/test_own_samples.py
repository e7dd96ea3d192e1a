import numpy as np
import pytest
import pyvips
import torch
from profiles import DISPLAY_P3, SRGB
from samples import picture

from styler.images import Picture
from styler.images.libvips import samples_of
from styler.images.own_samples import own_samples
from styler.transfer.stylizer import Stylizer

HEIGHT, WIDTH = 24, 32


def wide(path, dtype, icc=DISPLAY_P3):
    """Write vivid colors that sRGB lacks, and return their samples."""
    generator = np.random.default_rng(0)
    full = np.iinfo(dtype).max
    samples = (generator.choice([0.0, 0.2, 1.0], (HEIGHT, WIDTH, 3)) * full).astype(dtype)
    image = pyvips.Image.new_from_array(samples, interpretation="srgb" if dtype == np.uint8 else "rgb16").copy()
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", icc)
    image.write_to_file(str(path))
    return samples


def kept_left():
    mask = torch.zeros(1, 1, HEIGHT, WIDTH, dtype=torch.uint8)
    mask[..., : WIDTH // 2] = 255
    return mask


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_kept_areas_have_the_files_own_samples_beyond_srgb(tmp_path, tiny_file, dtype, suffix):
    samples = wide(tmp_path / "vivid.png", dtype)
    result = Stylizer(tiny_file).stylize(tmp_path / "vivid.png", picture(seed=3), keep=kept_left())
    out = tmp_path / f"out{suffix}"
    result.save(out)
    written = samples_of(pyvips.Image.new_from_file(str(out)))
    np.testing.assert_array_equal(written[:, : WIDTH // 2], samples[:, : WIDTH // 2])
    assert (written[:, WIDTH // 2 :] != samples[:, WIDTH // 2 :]).mean() > 0.9


def test_in_srgb_kept_areas_are_those_of_the_picture(tmp_path, tiny_file):
    wide(tmp_path / "vivid.png", np.uint8)
    result = Stylizer(tiny_file).stylize(tmp_path / "vivid.png", picture(seed=3), keep=kept_left())
    result.save(tmp_path / "out.png", metadata="strip")
    left, before = (Picture.open(tmp_path / name).samples[..., : WIDTH // 2] for name in ("out.png", "vivid.png"))
    assert torch.equal(left, before)


def test_there_are_none_where_srgb_holds_all_colors_or_nothing_is_kept(tmp_path):
    wide(tmp_path / "plain.png", np.uint8, SRGB)
    wide(tmp_path / "vivid.png", np.uint8)
    assert own_samples(tmp_path / "plain.png", SRGB, kept_left()) is None
    assert own_samples(tmp_path / "vivid.png", DISPLAY_P3, 0 * kept_left()) is None
    assert own_samples(None, DISPLAY_P3, kept_left()) is None
    assert own_samples(tmp_path / "vivid.png", DISPLAY_P3, kept_left()) is not None
