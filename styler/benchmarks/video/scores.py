"""Scores of a stylized clip beside its frames stylized alone. Frames are `(T, 3, H, W)`, RGB floats in [0, 1]."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.transforms.functional import gaussian_blur

from styler.benchmarks.video.clips import KnownClip, sampled

FAR = 10
"""Frames apart, for what drifts slowly."""

MAX_BLUR, HALVINGS = 4.0, 14
"""Deviation, in pixels, up to which a blur of equal sharpness is sought, and in how many steps."""


@dataclass(frozen=True)
class VideoScores:
    """Scores of one clip by one tool; those of errors are ratios, lower is steadier.

    Attributes:
        tool: What stylized the clip.
        clip: Name of the clip.
        near: Warp error of neighboring frames, over that of frames alone.
        far: The same of frames `FAR` apart.
        near_over_blur: The first, over that of frames alone, blurred to the same sharpness.
        late_sharpness: Sharpness of the last quarter, over that of frames alone.
        effect: Difference from the clip, over that of frames alone.
        style_left: Share of the distance from the style that is left, over that of frames alone; None without a judge.
    """

    tool: str
    clip: str
    near: float
    far: float
    near_over_blur: float
    late_sharpness: float
    effect: float
    style_left: float | None = None


def video_scores(
    tool: str,
    clip: KnownClip,
    frames: Tensor,
    alone: Tensor,
    *,
    distances: Callable[[Tensor], Sequence[float]] | None = None,
) -> VideoScores:
    """Return the scores.

    Args:
        tool: Name in the table.
        clip: The clip.
        frames: Its stylized frames.
        alone: The frames stylized one by one.
        distances: Distances of an image `(1, 3, H, W)` from the style, by level.

    Raises:
        ValueError: If frames are missing, or of another size.
    """
    contents = clip.frames()
    if frames.shape != contents.shape:
        raise ValueError(f"expected frames {tuple(contents.shape)}, got {tuple(frames.shape)}")
    far, late = min(FAR, len(frames) - 1), max(1, len(frames) // 4)
    near = warp_error(clip, frames, 1)
    return VideoScores(
        tool,
        clip.name,
        near / warp_error(clip, alone, 1),
        warp_error(clip, frames, far) / warp_error(clip, alone, far),
        near / warp_error(clip, blurred_to(alone, sharpness(frames)), 1),
        sharpness(frames[-late:]) / sharpness(alone[-late:]),
        float((frames - contents).abs().mean() / (alone - contents).abs().mean()),
        None if distances is None else style_left(distances, frames, contents) / style_left(distances, alone, contents),
    )


def style_left(distances: Callable[[Tensor], Sequence[float]], frames: Tensor, contents: Tensor) -> float:
    """Return how far frames are from the style, as a share of how far their contents were, averaged over levels."""
    chosen = torch.linspace(0, len(frames) - 1, 3).long().tolist()
    found, before = (
        torch.tensor([list(distances(images[index : index + 1])) for index in chosen]).mean(0)
        for images in (frames, contents)
    )
    return float((found / before).mean())


def warp_error(clip: KnownClip, frames: Tensor, apart: int) -> float:
    """Return the RMSE of frames against those `apart` frames before, moved by the exact flow, where it holds."""
    squares, count = 0.0, 0
    for now in range(apart, len(frames)):
        source, seen = clip.flow(now, now - apart)
        away = (frames[now] - sampled(frames[now - apart], source))[:, seen]
        squares, count = squares + float(away.square().sum()), count + away.numel()
    return (squares / max(1, count)) ** 0.5


def sharpness(frames: Tensor) -> float:
    """Return the mean absolute difference of neighboring pixels."""
    return float((frames.diff(dim=-1).abs().mean() + frames.diff(dim=-2).abs().mean()) / 2)


def blurred_to(frames: Tensor, wanted: float) -> Tensor:
    """Return frames blurred until they are as sharp as wanted; as they are if they are not sharper."""
    if sharpness(frames) <= wanted:
        return frames
    low, high = 0.05, MAX_BLUR
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if sharpness(blurred(frames, middle)) > wanted else (low, middle)
    return blurred(frames, low)


def blurred(frames: Tensor, deviation: float) -> Tensor:
    """Return frames blurred by a Gaussian."""
    size = 2 * int(4 * deviation + 1) + 1
    return gaussian_blur(frames, [size, size], [deviation, deviation])
