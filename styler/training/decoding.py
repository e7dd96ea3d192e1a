"""Decoders learn to turn features back into pictures: a photograph's own, and those that took on a painting's moments.

Half of each batch stays plain; the other half is whitened and colored with the moments of a random painting,
as in the cascade, and must become a picture that encodes back to those features and has the painting's moments
at every level below (arXiv:1705.08086 trains on plain features alone, and pays with blur and noise).
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from styler.choices import LEVELS, Level
from styler.model.decoder import Decoder
from styler.model.encoder import convolutions
from styler.model.weights import Model
from styler.training.losses import out_of_range, picture_loss, style_distance, unexplained
from styler.training.sheet import write_sheet
from styler.transfer.cascade import cascade
from styler.transfer.moments import moments_of
from styler.transfer.style import style_of
from styler.transfer.whitening import wct

STYLE_WEIGHT = 0.1
RANGE_WEIGHT = 10.0


class Decoding:
    """The task of training the decoders of `levels`, all in one step on shared features."""

    def __init__(self, model: Model, levels: Sequence[Level], *, photos: Tensor, paintings: Tensor, sheet: Path):
        self.model, self.levels, self.sheet = model, levels, sheet
        rows = torch.arange(min(4, len(photos)))
        self.shown = photos[rows], paintings[rows % len(paintings)]
        for level in levels:
            if level not in model.decoders:
                model.decoders[level] = fresh_decoder(level, model.encoder.widths)
        self.trained = nn.ModuleDict({level: model.decoders[level] for level in levels}).requires_grad_(True)
        model.to(photos.device)

    def losses(self, photos: Tensor, paintings: Tensor) -> dict[str, Tensor]:
        """Return the loss of each decoder."""
        with torch.no_grad():
            features = self.model.encoder.pyramid(photos)
            painted = self.model.encoder.pyramid(paintings)
        return {level: self._loss(level, photos, features, painted) for level in self.levels}

    def _loss(
        self, level: Level, photos: Tensor, features: dict[Level, Tensor], painted: dict[Level, Tensor]
    ) -> Tensor:
        plain = -(-len(photos) // 2)
        wanted = features[level]
        if plain < len(photos):
            wanted = torch.cat([wanted[:plain], wct(wanted[plain:], painted[level][plain:])])
        images = self.trained[level](wanted)
        below = LEVELS[LEVELS.index(level) :]
        back = self.model.encoder.pyramid(images, below)
        loss = picture_loss(images[:plain], photos[:plain]) + RANGE_WEIGHT * out_of_range(images)
        loss = loss + sum(unexplained(back[x][:plain], features[x][:plain]) for x in below) / len(below)
        if plain < len(photos):
            loss = loss + unexplained(back[level][plain:], wanted[plain:])
            distances = [style_distance(moments_of(back[x][plain:]), moments_of(painted[x][plain:])) for x in below]
            loss = loss + STYLE_WEIGHT * sum(distances) / len(below)
        return loss

    @torch.no_grad()
    def measure(self, photos: Tensor) -> dict[str, float]:
        """Return the reconstruction error of `photos` through each decoder alone, in dB of PSNR (higher is better)."""
        self.trained.eval()
        errors = {level: self.reconstruction(photos, level).sub(photos).square().mean() for level in self.levels}
        return {f"{level} psnr": float(-10 * error.log10()) for level, error in errors.items()}

    def reconstruction(self, photos: Tensor, level: Level) -> Tensor:
        """Return the pictures, encoded and decoded."""
        return self.model.decoders[level](self.model.encoder(photos, level)).clamp(0, 1)

    @torch.no_grad()
    def publish(self) -> None:
        """Draw content | style | reconstruction | stylized, with the coarsest decoder and with all at hand."""
        self.trained.eval()
        content, painting = self.shown
        levels = [level for level in LEVELS if level in self.model.decoders]
        stylized = cascade(self.model, content, style_of(self.model.encoder, painting), levels=levels)
        write_sheet([content, painting, self.reconstruction(content, self.levels[0]), stylized], self.sheet)


def fresh_decoder(level: Level, widths: tuple[int, ...]) -> Decoder:
    """Return an untrained decoder whose first pictures are nearly grey.

    Loud first pictures cost half of the channels: the steps that quieten them push ReLUs below zero for good.
    """
    decoder = Decoder(level, widths)
    for conv in convolutions(decoder):
        nn.init.kaiming_normal_(conv.weight)
        nn.init.zeros_(conv.bias)
    first, *_, last = convolutions(decoder) * 2  # at relu1_1 they are one
    with torch.no_grad():
        first.weight *= 0.5  # features have a mean square of about four
        last.weight *= 0.1
        last.bias += 0.5
    return decoder
