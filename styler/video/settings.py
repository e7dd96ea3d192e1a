"""How a video is stylized."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from styler.choices import MAX_MEMORY, Level, Method, PreserveColor, Transform
from styler.video.blending import STEADY

MomentsOf = Literal["shot", "frame"]
"""Whose moments the maps of the features are made from."""


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


def with_absolute_paths(settings: VideoSettings) -> VideoSettings:
    """Return the settings for processes that run in other folders."""
    keep = None if settings.keep is None else settings.keep.absolute()
    styles = tuple(path.absolute() for path in settings.styles)
    style_at = tuple((seconds, path.absolute()) for seconds, path in settings.style_at)
    regions = tuple((mask.absolute(), style.absolute()) for mask, style in settings.regions)
    return replace(settings, styles=styles, style_at=style_at, regions=regions, keep=keep)
