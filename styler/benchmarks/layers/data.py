"""Data of the layer benchmarks: digits from scikit-learn, and generated videos of moving shapes."""

from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

from styler.errors import StylerError

NUM_TRAINING_DIGITS = 400
"""Of 1797: few enough that networks differ. The test set is the second half, written by other people."""
CROSSTALK = 0.4
"""Standard deviation of the logarithm of the channel-mixing matrices."""
NUM_VIDEOS, NUM_FRAMES, SIDE = 3200, 6, 12
DIRECTIONS = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))
"""The classes: pixels per frame, down and right."""
NOISE = 1.0
"""Standard deviation; pixels of the patches are 0 or 2."""


class Data(NamedTuple):
    """Inputs `(N, ...)` and classes `(N,)`, for training and for testing."""

    x: Tensor
    y: Tensor
    test_x: Tensor
    test_y: Tensor
    num_classes: int


@cache
def scanned_digits() -> tuple[Tensor, Tensor]:
    """Return all images `(N, 1, 8, 8)`, with mean 0 and variance 1, and their classes.

    Raises:
        StylerError: If scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        what = "the digits are part of scikit-learn, which is not installed"
        raise StylerError(what, "pip install scikit-learn") from None
    pixels, classes = load_digits(return_X_y=True)
    x = torch.from_numpy(pixels).float().view(-1, 1, 8, 8)
    return (x - x.mean()) / x.std(), torch.from_numpy(classes).long()


def digits(generator: torch.Generator) -> Data:
    """Return digits: the second half for testing, and a random sample of the first half for training."""
    x, y = scanned_digits()
    half = len(y) // 2
    chosen = torch.randperm(half, generator=generator)[:NUM_TRAINING_DIGITS]
    return Data(x[chosen], y[chosen], x[half:], y[half:], 10)


def digits_with_crosstalk(generator: torch.Generator) -> Data:
    """Return the digits as four channels `(N, 4, 4, 4)`, mixed by a different random matrix in each image."""
    plain = digits(generator)
    return plain._replace(x=with_crosstalk(plain.x, generator), test_x=with_crosstalk(plain.test_x, generator))


def with_crosstalk(x: Tensor, generator: torch.Generator) -> Tensor:
    """Return images of half the side, in four mixed channels."""
    channels = torch.nn.functional.pixel_unshuffle(x, 2)
    log = CROSSTALK * torch.randn(len(x), 4, 4, generator=generator)
    return torch.einsum("ncd,ndhw->nchw", torch.matrix_exp(log + log.mT), channels)


def moving_shapes(generator: torch.Generator) -> Data:
    """Return videos `(N, T, 1, H, W)` of a noisy patch that moves in one of eight directions; half for testing."""
    y = torch.randint(len(DIRECTIONS), (NUM_VIDEOS,), generator=generator)
    starts = torch.randint(SIDE, (NUM_VIDEOS, 2), generator=generator)
    patches = torch.rand(NUM_VIDEOS, 4, 4, generator=generator).round() * 2
    videos = NOISE * torch.randn(NUM_VIDEOS, NUM_FRAMES, 1, SIDE, SIDE, generator=generator)
    for video, patch, start, direction in zip(videos, patches, starts.tolist(), y.tolist(), strict=True):
        canvas = torch.zeros(SIDE, SIDE)
        canvas[:4, :4] = patch
        for t, frame in enumerate(video):
            moved = [at + t * by for at, by in zip(start, DIRECTIONS[direction], strict=True)]
            frame[0] += canvas.roll(moved, (0, 1))
    half = NUM_VIDEOS // 2
    return Data(videos[:half], y[:half], videos[half:], y[half:], len(DIRECTIONS))
