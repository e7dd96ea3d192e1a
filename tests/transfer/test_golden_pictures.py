import numpy as np
import pytest
from golden_pictures import FOLDER, NAMES, golden_picture

from styler.images import Picture

MEAN, MAXIMUM = 0.05, 3
"""In steps of 8 bits. AVX2, AVX-512 and SSE differ by 0.008 on average and 1 at most, the two models by 11 to 24."""


@pytest.mark.parametrize("name", NAMES)
def test_shipped_models_draw_what_they_drew(name):
    error = np.abs(golden_picture(name).array().astype(float) - Picture.open(FOLDER / f"{name}.png").array())
    assert error.mean() <= MEAN and error.max() <= MAXIMUM, f"mean {error.mean():.3f}, maximum {error.max():.0f} of 255"  # noqa: PT018
