"""The styles of a frame, which may change over time and take on the colors of the frame's shot."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from styler.transfer.moments import Moments
from styler.transfer.style import Style, mixed_style
from styler.transfer.stylizer import Stylizer
from styler.video.looks import StyleKey, StylePath
from styler.video.settings import VideoSettings
from styler.video.shot_tables import SIDE
from styler.video.tensor_files import write_tensors


class FrameStyles:
    """The style of the whole frame and that of each region, computed when they are asked for first."""

    def __init__(self, stylizer: Stylizer, settings: VideoSettings, size: tuple[int, int]):
        """Store the arguments.

        Args:
            stylizer: A loaded model.
            settings: See `VideoSettings`.
            size: Height and width of the frames.
        """
        self._stylizer, self._settings = stylizer, settings
        self._longest = min(SIDE, max(size)) if settings.photo else max(size)
        self._paths: list[StylePath] = []
        self._colors: Moments | None = None

    @property
    def needs_colors(self) -> bool:
        """Whether the styles are to take on the colors of a shot, and have none yet."""
        return self._settings.preserve_color == "match" and self._colors is None

    def begin_shot(self, colors: Moments) -> None:
        """Give the styles the colors of a shot, with --preserve-color match."""
        if self._settings.preserve_color == "match":
            self._colors, self._paths = colors, []

    def save_colors(self, path: Path) -> None:
        """Write the colors of the shot that was begun."""
        if self._colors is not None:
            write_tensors({"mean": self._colors.mean, "covariance": self._colors.covariance}, path)

    def load_colors(self, path: Path) -> None:
        """Begin a shot with the colors in a file."""
        found = load_file(path)
        self.begin_shot(Moments(found["mean"], found["covariance"]))

    def at(self, seconds: float) -> Sequence[Style]:
        """Return the styles at a time: that of the whole frame, and then one for each region."""
        if not self._paths:
            regions = (StylePath([self._key(0.0, path)]) for _, path in self._settings.regions)
            self._paths = [self._main_path(), *regions]
        return [path.at(seconds) for path in self._paths]

    def _main_path(self) -> StylePath:
        base = [self._key(0.0, path).style for path in self._settings.styles]
        mixed = mixed_style(base, self._settings.weights or [1.0] * len(base))
        return StylePath([StyleKey(0.0, mixed), *(self._key(*pair) for pair in self._settings.style_at)])

    def _key(self, seconds: float, path: Path) -> StyleKey:
        options: dict[str, Any] = {"size": self._settings.style_size, "scale": self._settings.style_scale}
        found = self._stylizer.style(path, max_size=self._longest, colors=self._colors, **options)
        return StyleKey(seconds, found.to(self._stylizer.device))
