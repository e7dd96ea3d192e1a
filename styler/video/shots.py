"""Shots: cuts are where the moments of a frame's features jump (Bures-Wasserstein distance)."""

import statistics
from collections import deque

import torch
from torch import Tensor

from styler.choices import Level
from styler.model.encoder import Encoder
from styler.transfer.moments import Moments, moments_of, wasserstein

LEVEL: Level = "relu3_1"
SIDE = 128
"""Longer side, in pixels, at which frames are compared."""

AHEAD = 3
"""Frames after a jump that must differ from those before it; a flash is over sooner."""

WINDOW = 8
"""Frames before, whose changes are what is usual."""

RATIO, FLOOR = 4.0, 0.2
"""A cut changes frames by more than `RATIO` times the usual, and by more than `FLOOR` of the size of features."""


@torch.no_grad()
def frame_moments(encoder: Encoder, image: Tensor) -> Moments:
    """Return the moments of a small frame `(1, 3, h, w)`, RGB in [0, 1]."""
    weight = next(encoder.parameters())
    return moments_of(encoder(image.to(weight), LEVEL).float())


def change(a: Moments, b: Moments) -> float:
    """Return the distance between frames, as a share of the deviation and mean of their features."""
    scale = sum(float(x.covariance.diagonal(dim1=-2, dim2=-1).sum() + x.mean.square().sum()) for x in (a, b)) / 2
    return float(wasserstein(a, b).clamp_min(0).sum() / max(scale, 1e-12)) ** 0.5


class CutDetector:
    """Tells which frames begin a shot, `AHEAD` frames late."""

    def __init__(self) -> None:
        self._seen: deque[Moments] = deque(maxlen=2 * AHEAD + 2)
        self._changes: list[float] = []
        self._decided = 0

    def push(self, moments: Moments) -> list[bool]:
        """Add a frame; return whether a shot begins with each of the frames that are decided now."""
        self._changes.append(change(moments, self._seen[-1]) if self._seen else 0.0)
        self._seen.append(moments)
        return self._decide(len(self._changes) - AHEAD)

    def finish(self) -> list[bool]:
        """Return the decisions on the last frames."""
        return self._decide(len(self._changes))

    def _decide(self, until: int) -> list[bool]:
        found = []
        while self._decided < until:
            found.append(self._decided == 0 or self._is_cut(self._decided))
            self._decided += 1
        return found

    def _is_cut(self, index: int) -> bool:
        jump = self._changes[index]
        near = self._changes[max(1, index - WINDOW) : index] + self._changes[index + 1 : index + 1 + AHEAD]
        if jump < FLOOR or jump < RATIO * statistics.median(near or [0.0]):
            return False
        here = len(self._seen) - (len(self._changes) - index)
        before = [self._seen[k] for k in range(max(0, here - AHEAD), here)]
        after = [self._seen[k] for k in range(here, min(len(self._seen), here + AHEAD + 1))]
        # A flash begins as a cut does, and ends with what was there before it.
        stays = all(change(one, before[-1]) > jump / 2 for one in after)
        is_new = all(change(after[0], one) > jump / 2 for one in before)
        return stays and is_new
