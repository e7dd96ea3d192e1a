import numpy as np
import pytest
import torch
from samples import picture

from styler.export.array_pictures import floats_of, resized
from styler.images.pixels import resize


@pytest.mark.parametrize("size", [20, 33, 64, 150])
def test_resizing_is_that_of_the_library(size):
    image = picture(48, 64)
    found = resized(image.numpy(), size)
    np.testing.assert_allclose(found, resize(image, size), atol=2e-6)


def test_samples_become_floats_and_a_grey_plane_three():
    samples = np.arange(12, dtype=np.uint16).reshape(1, 3, 4)
    found = floats_of(samples)
    assert found.shape == (1, 3, 3, 4)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[0, 2], torch.from_numpy(samples[0].astype(np.float32)) / 65535)
