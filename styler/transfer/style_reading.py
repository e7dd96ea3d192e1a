"""Styles of pictures and of files, as a model or the loss network of a refinement sees them."""

import os
from dataclasses import replace
from pathlib import Path

import torch

from styler.choices import DOWNLOADED, LEVELS
from styler.errors import StylerError
from styler.images.picture import Picture
from styler.images.pixels import to_float
from styler.model.catalog import is_file
from styler.model.device import exact_float32
from styler.model.weights import Model
from styler.transfer.arguments import AnyStyle
from styler.transfer.color import recolored
from styler.transfer.input_record import file_hash
from styler.transfer.loss_network import LossNetwork, load_loss_network
from styler.transfer.memory import tiling_for
from styler.transfer.moments import Moments
from styler.transfer.refining import is_analysed, seen_by
from styler.transfer.style import Style, style_of
from styler.transfer.style_cache import StyleCache
from styler.transfer.style_file import load_style
from styler.transfer.transparency import with_hidden_filled

NUM_CACHED_STYLES = 64
"""A style of `small` takes about 190 kB."""


class StyleReader:
    """Reads and analyses styles for one model, and keeps those of the last pictures. Safe in many threads."""

    def __init__(self, model: Model, fingerprint: str, num_cached: int):
        """Keep at most `num_cached` styles of pictures; `fingerprint` is that of the model's encoder."""
        self.model, self.fingerprint = model, fingerprint
        self._cache = StyleCache(num_cached)
        self._networks: dict[str, LossNetwork] = {}

    def read(
        self,
        picture: AnyStyle,
        *,
        size: int | None,
        max_size: int | None,
        scale: float,
        colors: Moments | None,
        network: LossNetwork | None = None,
    ) -> Style:
        """Return the style of a picture or in a file as the model, or a loss network, sees it.

        Args:
            picture: See `Stylizer.style`; no name of a built-in style.
            size: See `Stylizer.style`.
            max_size: See `Stylizer.style`.
            scale: See `Stylizer.style`.
            colors: See `Stylizer.style`.
            network: The loss network; None for the model.

        Raises:
            StylerError: If a file can't be read, or fits neither model nor network.
            ValueError: If a `Style` was computed with another model.
        """
        is_saved = isinstance(picture, str | os.PathLike) and is_analysed(picture)
        if colors is not None and is_analysed(picture):
            what = f"{picture if is_saved else 'a style'} has no colors that could be changed"
            raise StylerError(what, "give the picture that it was made of, or keep the colors another way")
        if is_saved:
            found = load_style(Path(picture), self.model, self.fingerprint)
            return found.at_levels(self.model.levels) if network is None else seen_by(found, network, str(picture))
        if isinstance(picture, Style):
            if picture.fingerprint not in ("", self.fingerprint):
                raise ValueError(f"expected a style made with model {self.model.name!r}, got one of another model")
            return picture if network is None else seen_by(picture, network, "the style")
        return self._analysed(_visible(Picture.of(picture)), size, max_size, scale, colors, network)

    def _analysed(
        self,
        source: Picture,
        size: int | None,
        max_size: int | None,
        scale: float,
        colors: Moments | None,
        network: LossNetwork | None,
    ) -> Style:
        longest, name = max(source.size), "" if source.source is None else source.source.stem
        source = source.resized(max(1, round((size or min(longest, max_size or longest)) * scale)))
        image = source.samples
        if colors is not None:
            image = recolored(to_float(image), Moments(*(x.to(image.device) for x in colors)))
        model, mark, levels = self.model, self.fingerprint, self.model.levels
        if network is not None:
            model, mark, levels = network.model, network.fingerprint, LEVELS

        def compute() -> Style:
            with torch.no_grad(), exact_float32(self.model.device):
                tile = tiling_for(image, model).tile
                known = style_of(model.encoder, image, levels, alpha=source.alpha, tile=tile, name=name)
                return replace(known, fingerprint=mark)

        return self._cache.get(image, source.alpha, mark, compute)

    def loss_network(self, source: str | os.PathLike[str]) -> LossNetwork:
        """Return the loss network, loaded once for each change of its file."""
        name = os.fspath(source)
        key = name if name == DOWNLOADED or not is_file(Path(name)) else file_hash(Path(name))
        if key not in self._networks:
            loaded = load_loss_network(name, device=self.model.device, dtype=self.model.dtype)
            self._networks = {key: loaded}
        return self._networks[key]

    def clear(self) -> None:
        """Forget the styles seen so far."""
        self._cache.clear()


def _visible(picture: Picture) -> Picture:
    """Return the picture with the colors of transparent pixels replaced, so that resizing does not mix them in.

    Raises:
        StylerError: If nothing is visible.
    """
    if picture.alpha is not None and not float(to_float(picture.alpha).max()):
        what = f"the style {picture.source or 'picture'} is fully transparent"
        raise StylerError(what, "choose a picture with something visible")
    return replace(picture, samples=with_hidden_filled(picture.samples, picture.alpha))
