"""The task of training decoders on the features of photographs, unchanged and stylized.

Half of each batch has a photograph's own features. The other half is whitened and colored with the moments of a random
painting, as in the cascade; its loss asks for an image whose features are the stylized ones and whose moments at all
finer levels are the painting's. Unlike Li et al. (arXiv:1705.08086), who train on unchanged features only, which
gives blur and noise.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from styler.choices import LEVELS, Level
from styler.model.decoder import Decoder
from styler.model.encoder import convolutions
from styler.model.weights import Model
from styler.training.losses import out_of_range, picture_loss, style_distance, unexplained_variance
from styler.training.sample_sheet import write_sheet
from styler.transfer.cascade import cascade
from styler.transfer.moments import moments_of
from styler.transfer.style import style_of
from styler.transfer.whitening import wct

STYLE_WEIGHT = 0.1
RANGE_WEIGHT = 10.0


class DecoderTask:
    """Training of the decoders of `levels`, all in one step on shared features."""

    def __init__(self, model: Model, levels: Sequence[Level], *, photos: Tensor, paintings: Tensor, sheet: Path):
        self.model, self.levels, self.sheet = model, levels, sheet
        rows = torch.arange(min(4, len(photos)))
        self.samples = photos[rows], paintings[rows % len(paintings)]
        for level in levels:
            if level not in model.decoders:
                model.decoders[level] = new_decoder(level, model.encoder.widths, antialiased=model.antialiased)
        self.trained = nn.ModuleDict({level: model.decoders[level] for level in levels}).requires_grad_(True)
        model.to(photos.device)

    def losses(self, photos: Tensor, paintings: Tensor) -> dict[str, Tensor]:
        """Return the loss of each decoder, by level."""
        with torch.no_grad():
            features = self.model.encoder.pyramid(photos)
            style_features = self.model.encoder.pyramid(paintings)
        return {level: self._loss(level, photos, features, style_features) for level in self.levels}

    def _loss(
        self, level: Level, photos: Tensor, features: dict[Level, Tensor], style_features: dict[Level, Tensor]
    ) -> Tensor:
        n = -(-len(photos) // 2)  # photographs whose features stay unchanged
        target = features[level]
        if n < len(photos):
            target = torch.cat([target[:n], wct(target[n:], style_features[level][n:])])
        images = self.trained[level](target)
        finer = LEVELS[LEVELS.index(level) :]
        encoded = self.model.encoder.pyramid(images, finer)
        loss = picture_loss(images[:n], photos[:n]) + RANGE_WEIGHT * out_of_range(images)
        loss = loss + sum(unexplained_variance(encoded[x][:n], features[x][:n]) for x in finer) / len(finer)
        if n < len(photos):
            loss = loss + unexplained_variance(encoded[level][n:], target[n:])
            distances = [style_distance(moments_of(encoded[x][n:]), moments_of(style_features[x][n:])) for x in finer]
            loss = loss + STYLE_WEIGHT * sum(distances) / len(finer)
        return loss

    @torch.no_grad()
    def measure(self, photos: Tensor) -> dict[str, float]:
        """Return the PSNR of `photos` encoded and decoded at each level, in dB (higher is better)."""
        self.trained.eval()
        errors = {level: self.reconstruction(photos, level).sub(photos).square().mean() for level in self.levels}
        return {f"{level} psnr": float(-10 * error.log10()) for level, error in errors.items()}

    def reconstruction(self, photos: Tensor, level: Level) -> Tensor:
        """Return the photographs encoded and decoded at `level`."""
        return self.model.decoders[level](self.model.encoder(photos, level)).clamp(0, 1)

    @torch.no_grad()
    def write_samples(self) -> None:
        """Write the columns content, style, reconstruction through the coarsest level, stylized by all decoders."""
        self.trained.eval()
        content, painting = self.samples
        stylized = cascade(self.model, content, style_of(self.model.encoder, painting))
        write_sheet([content, painting, self.reconstruction(content, self.levels[0]), stylized], self.sheet)


def new_decoder(level: Level, widths: tuple[int, ...], *, antialiased: bool = False) -> Decoder:
    """Return an untrained decoder whose outputs are nearly grey.

    With large initial outputs half of the channels die: the first steps push their ReLUs below zero permanently.
    """
    decoder = Decoder(level, widths, antialiased=antialiased)
    for conv in convolutions(decoder):
        nn.init.kaiming_normal_(conv.weight)
        nn.init.zeros_(conv.bias)
    first, *_, last = convolutions(decoder) * 2  # relu1_1 has a single convolution
    with torch.no_grad():
        first.weight *= 0.5  # features have a mean square of about four
        last.weight *= 0.1
        last.bias += 0.5
    return decoder
