"""Transfers by onnxruntime alone. Does not import torch."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
import onnxruntime

from styler.choices import LEVELS, Level
from styler.export.sessions import load_session
from styler.transfer.style_arrays import StyleArrays


class LightEngine:
    """The exported graphs of a model in memory."""

    def __init__(self, folder: Path):
        """Load the graphs in a folder, as `styler export` writes them; that of styles when one is analysed."""
        self._folder, self._transfer = folder, load_session(folder / "transfer.onnx")
        self.facts = self._transfer.get_modelmeta().custom_metadata_map
        names = {value.name for value in self._transfer.get_inputs()}
        self.levels: tuple[Level, ...] = tuple(level for level in LEVELS if f"{level}.mean" in names)

    @cached_property
    def _style(self) -> onnxruntime.InferenceSession:
        return load_session(self._folder / "style.onnx")

    def style(self, picture: np.ndarray) -> StyleArrays:
        """Return the style of a picture `(1, 3, H, W)`, float32 in [0, 1]."""
        names = [value.name for value in self._style.get_outputs()]
        found = dict(zip(names, map(np.asarray, self._style.run(names, {"picture": picture})), strict=True))
        moments = {level: (found[f"{level}.mean"], found[f"{level}.covariance"]) for level in self.levels}
        return StyleArrays(moments, self.facts["encoder"], roughness=float(found["roughness"][0]))

    def stylize(
        self, content: np.ndarray, style: StyleArrays, strength: Mapping[Level, float], *, seed_flats: bool = True
    ) -> np.ndarray:
        """Return the stylized picture, of the content's size.

        Args:
            content: A picture, `(1, 3, H, W)`, float32 in [0, 1].
            style: What it takes on.
            strength: By level, 0 to 1; levels that are not named are left out.
            seed_flats: Whether flat parts get faint noise for the style's texture.
        """
        wanted = [strength.get(level, -1.0) for level in self.levels]
        feeds = {
            "content": content,
            "strength": np.array(wanted, np.float32),
            "roughness": np.array([style.roughness if seed_flats else 0.0], np.float32),
        }
        for level in self.levels:
            feeds[f"{level}.mean"], feeds[f"{level}.covariance"] = style.moments[level]
        return np.asarray(self._transfer.run(["stylized"], feeds)[0])
