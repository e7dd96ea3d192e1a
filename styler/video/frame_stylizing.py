"""A frame in the style: the cascade with the maps of its shot or its own, and what is kept of the frame."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from styler.model.device import exact_float32
from styler.photo.color_table import ColorTable
from styler.photo.lookup import graded
from styler.transfer.cascade import Maps, cascade
from styler.transfer.color import colors_of, with_kept_content
from styler.transfer.memory import tiling_for
from styler.transfer.moments import Moments, mixed_moments
from styler.transfer.stylizer import Stylizer, mixed_share
from styler.video.frame_masks import FrameMask, frame_mask
from styler.video.frame_styles import FrameStyles
from styler.video.looks import AlphaPath
from styler.video.settings import VideoSettings
from styler.video.shot_maps import load_maps, save_maps, shot_maps
from styler.video.shot_tables import load_tables, save_tables, shot_tables

Look = Maps | list[ColorTable]
"""What all frames of a shot share: the maps of their features, or for photographs the tables of their colors."""

HELD = 256 << 20
"""Bytes of decoded and finished frames that wait, which tiles leave room for."""


@dataclass
class Sample:
    """A frame that moments are taken from, with the masks of its regions."""

    image: Tensor
    masks: Tensor | None = None
    colors: Moments = field(init=False)

    def __post_init__(self) -> None:
        self.colors = colors_of(self.image)


class FrameStylizer:
    """Stylizes frames of one size, in the order of their times."""

    def __init__(self, stylizer: Stylizer, settings: VideoSettings, size: tuple[int, int], *, quarter_turns: int = 0):
        """Open the masks; styles are computed when the first frame needs them.

        Args:
            stylizer: A loaded model.
            settings: See `VideoSettings`.
            size: Height and width of the frames.
            quarter_turns: How many quarters a player turns the frames by, for masks.
        """
        self.stylizer, self.settings, self.size = stylizer, settings, size
        self.levels = stylizer.cascade_levels(settings.levels, settings.alpha)
        self.alpha = AlphaPath(settings.alpha, settings.alpha_at)
        self.masks = [frame_mask(path, size, quarter_turns=quarter_turns) for path, _ in settings.regions]
        self.keep: FrameMask | None = None
        if settings.keep is not None:
            self.keep = frame_mask(settings.keep, size, quarter_turns=quarter_turns)
        self.styles = FrameStyles(stylizer, settings, size)

    def masks_at(self, seconds: float) -> Tensor | None:
        """Return the masks of the regions at a time, `(R, 1, H, W)`."""
        return torch.cat([mask.at(seconds) for mask in self.masks]) if self.masks else None

    def begin_shot(self, samples: Sequence[Sample]) -> None:
        """Give the styles the colors of a shot, with --preserve-color match."""
        if self.settings.preserve_color == "match":
            self.styles.begin_shot(mixed_moments([one.colors for one in samples], [1.0] * len(samples)))

    def maps_of(self, samples: Sequence[Sample], seconds: float) -> Maps:
        """Return the maps of a shot that begins at a time, from a few of its frames."""
        self.begin_shot(samples)
        first = samples[0].image
        with torch.no_grad(), exact_float32(self.stylizer.device):
            return shot_maps(
                self.stylizer.model,
                [one.image for one in samples],
                self.styles.at(seconds),
                masks=[one.masks for one in samples],
                alpha=self.alpha.at(seconds),
                tile=self._tile(first),
                **self._options(),
            )

    def save_look(self, samples: Sequence[Sample], seconds: float, path: Path) -> None:
        """Write what all frames of a shot share, which begins at a time, from a few of them."""
        if not self.settings.photo:
            save_maps(self.maps_of(samples, seconds), path)
            return
        images, masks, alpha = [one.image for one in samples], [one.masks for one in samples], self.alpha.at(seconds)
        if isinstance(alpha, Mapping):
            raise ValueError("expected one alpha: a table has no levels")
        save_tables(shot_tables(self.stylizer, images, self.styles.at(seconds), masks=masks, alpha=alpha), path)

    def load_look(self, path: Path) -> Look:
        """Return what was written by `save_look`."""
        return load_tables(path) if self.settings.photo else load_maps(path, self.stylizer.device)

    def stylized(self, image: Tensor, seconds: float, look: Look | None) -> Tensor:
        """Return a frame `(1, 3, H, W)`, floats in [0, 1], in the style at its time.

        Args:
            image: The frame, floats in [0, 1].
            seconds: Its time.
            look: That of its shot; None computes its own.
        """
        alpha, masks = self.alpha.at(seconds), self.masks_at(seconds)
        if isinstance(look, list):
            return graded(image, look, masks)
        if self.styles.needs_colors:
            self.begin_shot([Sample(image)])
        if mixed_share(alpha, self.levels) == 0:
            return image
        with torch.no_grad(), exact_float32(self.stylizer.device):
            result = cascade(
                self.stylizer.model,
                image,
                self.styles.at(seconds),
                masks=masks,
                alpha=alpha,
                maps=None if look is None else dict(look),
                tile=self._tile(image),
                **self._options(),
            )
        return (result if result.is_floating_point() else result.float() / 65535).float().cpu()

    def with_kept(self, result: Tensor, image: Tensor, seconds: float) -> Tensor:
        """Return a result with the colors and the parts of the frame that are kept."""
        kept: dict[str, Any] = {"preserve_color": self.settings.preserve_color}
        kept |= {"keep": None if self.keep is None else self.keep.at(seconds)}
        share = 1.0 if self.settings.photo else mixed_share(self.alpha.at(seconds), self.levels)
        return image if share == 0 else with_kept_content(result.clone(), image, share=share, **kept)

    def _options(self) -> dict[str, Any]:
        names = ("transform", "method", "seed_flats")
        return {"levels": self.levels} | {name: getattr(self.settings, name) for name in names}

    def _tile(self, image: Tensor) -> int | None:
        limit = max(1, self.settings.max_memory - HELD)
        return tiling_for(image, self.stylizer.model, max_memory=limit).tile
