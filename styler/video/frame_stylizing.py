"""A frame in the style: the cascade with the maps of its shot or its own, and what is kept of the frame."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from styler.choices import MAX_MEMORY, Level, Method, PreserveColor, Transform
from styler.model.device import exact_float32
from styler.photo.color_table import ColorTable
from styler.photo.lookup import graded
from styler.transfer.cascade import Maps, cascade
from styler.transfer.color import colors_of, with_kept_content
from styler.transfer.memory import tiling_for
from styler.transfer.moments import Moments, mixed_moments
from styler.transfer.style import Style, mixed_style
from styler.transfer.stylizer import Stylizer, mixed_share
from styler.video.blending import STEADY
from styler.video.frame_masks import FrameMask, frame_mask
from styler.video.looks import AlphaPath, StyleKey, StylePath
from styler.video.shot_maps import load_maps, save_maps, shot_maps
from styler.video.shot_tables import SIDE, load_tables, save_tables, shot_tables

MomentsOf = Literal["shot", "frame"]
"""Whose moments the maps of the features are made from."""

Look = Maps | list[ColorTable]
"""What all frames of a shot share: the maps of their features, or for photographs the tables of their colors."""

HELD = 256 << 20
"""Bytes of decoded and finished frames that wait, which tiles leave room for."""


@dataclass(frozen=True)
class VideoSettings:
    """How a video is stylized; what is not described here is as in `Stylizer.stylize`.

    Attributes:
        styles: Style pictures or .style files; their mixture is the style.
        style_at: Styles at times in seconds, between which the style moves along the Wasserstein geodesic.
        alpha_at: Strengths at times in seconds, between which the strength is interpolated linearly.
        regions: Pairs of a mask, a picture or a video, and the style that goes where it is white.
        keep: A picture or a video: where it is white the frames stay as they are.
        steady: Share of the frame before that is blended in, 0 to 1, see `styler.video.blending`.
        moments: "shot" uses the maps of a few frames for a whole shot, "frame" computes them for each.
        seed_flats: Off by default: the seeds stay on the screen while the picture moves.
        photo: Whether only colors are changed, by tables of each shot; then alpha is a number, and looks do not change.
    """

    styles: tuple[Path, ...]
    weights: tuple[float, ...] | None = None
    alpha: float | Mapping[Level, float] = 1.0
    style_at: tuple[tuple[float, Path], ...] = ()
    alpha_at: tuple[tuple[float, float], ...] = ()
    regions: tuple[tuple[Path, Path], ...] = ()
    keep: Path | None = None
    preserve_color: PreserveColor = "none"
    levels: tuple[Level, ...] | None = None
    style_size: int | None = None
    style_scale: float = 1.0
    transform: Transform = "transport"
    method: Method = "auto"
    max_memory: int = MAX_MEMORY
    steady: float = STEADY
    moments: MomentsOf = "shot"
    seed_flats: bool = False
    photo: bool = False

    @property
    def changes(self) -> bool:
        """Whether the look changes within shots, so that each frame needs maps of its own."""
        return self.moments == "frame" or bool(self.style_at or self.alpha_at)


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
        self.levels = stylizer.cascade_levels(settings.levels)
        self.alpha = AlphaPath(settings.alpha, settings.alpha_at)
        self.masks = [frame_mask(path, size, quarter_turns=quarter_turns) for path, _ in settings.regions]
        self.keep: FrameMask | None = None
        if settings.keep is not None:
            self.keep = frame_mask(settings.keep, size, quarter_turns=quarter_turns)
        self._styles: list[StylePath] = []
        self._colors: Moments | None = None

    def masks_at(self, seconds: float) -> Tensor | None:
        """Return the masks of the regions at a time, `(R, 1, H, W)`."""
        return torch.cat([mask.at(seconds) for mask in self.masks]) if self.masks else None

    def begin_shot(self, samples: Sequence[Sample]) -> None:
        """Give the styles the colors of a shot, with --preserve-color match."""
        if self.settings.preserve_color == "match":
            self._colors = mixed_moments([one.colors for one in samples], [1.0] * len(samples))
            self._styles = []

    def save_colors(self, path: Path) -> None:
        """Write the colors of the shot that was begun."""
        if self._colors is not None:
            save_file({"mean": self._colors.mean, "covariance": self._colors.covariance}, path)

    def load_colors(self, path: Path) -> None:
        """Begin a shot with the colors in a file."""
        found = load_file(path)
        self._colors, self._styles = Moments(found["mean"], found["covariance"]), []

    def maps_of(self, samples: Sequence[Sample], seconds: float) -> Maps:
        """Return the maps of a shot that begins at a time, from a few of its frames."""
        self.begin_shot(samples)
        first = samples[0].image
        with torch.no_grad(), exact_float32(self.stylizer.device):
            return shot_maps(
                self.stylizer.model,
                [one.image for one in samples],
                self._styles_at(seconds),
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
        save_tables(shot_tables(self.stylizer, images, self._styles_at(seconds), masks=masks, alpha=alpha), path)

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
        if self.settings.preserve_color == "match" and self._colors is None:
            self.begin_shot([Sample(image)])
        if mixed_share(alpha) == 0:
            return image
        with torch.no_grad(), exact_float32(self.stylizer.device):
            result = cascade(
                self.stylizer.model,
                image,
                self._styles_at(seconds),
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
        share = 1.0 if self.settings.photo else mixed_share(self.alpha.at(seconds))
        return image if share == 0 else with_kept_content(result.clone(), image, share=share, **kept)

    def _options(self) -> dict[str, Any]:
        names = ("transform", "method", "seed_flats")
        return {"levels": self.levels} | {name: getattr(self.settings, name) for name in names}

    def _tile(self, image: Tensor) -> int | None:
        limit = max(1, self.settings.max_memory - HELD)
        return tiling_for(image, self.stylizer.model, max_memory=limit).tile

    def _styles_at(self, seconds: float) -> list[Style]:
        if not self._styles:
            self._styles = [
                self._main_path(),
                *(StylePath([self._key(0.0, path)]) for _, path in self.settings.regions),
            ]
        return [path.at(seconds) for path in self._styles]

    def _main_path(self) -> StylePath:
        base = [self._key(0.0, path).style for path in self.settings.styles]
        mixed = mixed_style(base, self.settings.weights or [1.0] * len(base))
        return StylePath([StyleKey(0.0, mixed), *(self._key(*pair) for pair in self.settings.style_at)])

    def _key(self, seconds: float, path: Path) -> StyleKey:
        options: dict[str, Any] = {"size": self.settings.style_size, "scale": self.settings.style_scale}
        longest = min(SIDE, max(self.size)) if self.settings.photo else max(self.size)
        found = self.stylizer.style(path, max_size=longest, colors=self._colors, **options)
        return StyleKey(seconds, found.to(self.stylizer.device))


def settings_record(settings: VideoSettings) -> dict[str, Any]:
    """Return the settings ready for JSON, with the names of files."""
    found = {name: getattr(settings, name) for name in settings.__dataclass_fields__}
    found |= {"styles": [path.name for path in settings.styles]}
    found |= {"style_at": [[time, path.name] for time, path in settings.style_at]}
    found |= {"alpha_at": [list(pair) for pair in settings.alpha_at]}
    found |= {"regions": [[mask.name, style.name] for mask, style in settings.regions]}
    found |= {"keep": None if settings.keep is None else settings.keep.name}
    found |= {name: list(found[name]) for name in ("weights", "levels") if found[name] is not None}
    return found | {"alpha": dict(settings.alpha) if isinstance(settings.alpha, Mapping) else settings.alpha}


def settings_files(settings: VideoSettings) -> list[Path]:
    """Return all files that the settings name."""
    found = [*settings.styles, *(path for _, path in settings.style_at)]
    found += [path for pair in settings.regions for path in pair]
    return found + ([settings.keep] if settings.keep else [])


def with_frame_moments(settings: VideoSettings) -> VideoSettings:
    """Return the settings with maps of each frame, for frames whose shot is not known yet."""
    return replace(settings, moments="frame")
