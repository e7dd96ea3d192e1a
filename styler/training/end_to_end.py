"""Fine-tuning end to end: all networks learn from the last picture of the cascade, through every transform in it.

A teacher looks at that picture, and says what is left of the content and how far the style still is, as shares,
the way `styler bench quality` measures them.
"""

from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from styler.choices import LEVELS, Level
from styler.model.encoder import Encoder
from styler.model.weights import Model
from styler.training.decoding import RANGE_WEIGHT, Decoding
from styler.training.distillation import Targets
from styler.training.losses import out_of_range, picture_loss, wasserstein
from styler.transfer.moments import Moments, moments_of
from styler.transfer.whitening import apply_affine, transport_affine

NUM_DIRECTIONS = 128
"""Leading principal directions whose moments are compared: 0.93 of the variance at relu3_1, 0.88 at relu4_1."""

CONTENT_WEIGHT = 0.2
"""Of what is left of the content, beside how far the style is."""

PLAIN_WEIGHT = 0.25
"""Of pictures that are only encoded and decoded: the decoders know them already, and are to keep that."""

ALIKE = 0.3
"""Of the batch's mean distance: pairs that are nearer to each other than this count as if they were not."""

NOTHING = 1e-6
"""Below any distance between two pictures; where all pairs are of a picture and itself, there is nothing to divide."""


class View(NamedTuple):
    """What the teacher sees: coarsest features of unit length `(B, C, h, w)`, and moments by level."""

    content: Tensor
    moments: dict[Level, Moments]


class EndToEnd(Decoding):
    """The task of training the encoder and all decoders together; the teacher's directions are those on `seen`."""

    def __init__(self, model: Model, teacher: Encoder, seen: Tensor, *, photos: Tensor, paintings: Tensor, sheet: Path):
        super().__init__(model, LEVELS, photos=photos, paintings=paintings, sheet=sheet)
        self.trained["encoder"] = model.encoder.requires_grad_(True)
        self.teacher = Targets(teacher, seen, [NUM_DIRECTIONS] * len(LEVELS), whitening=0)

    def losses(self, photos: Tensor, paintings: Tensor) -> dict[str, Tensor]:
        """Return the losses of the decoders alone, by level, and those of the cascade."""
        features, painted = (self.model.encoder.pyramid(x) for x in (photos, paintings))
        plain = {x: PLAIN_WEIGHT * picture_loss(self.trained[x](features[x]), photos) for x in LEVELS}
        images, excess = self._stylized(photos, painted)
        with torch.no_grad():
            content, style = self._view(photos), self._view(paintings)
        stylized = self._view(images)
        away, apart = ((x.content - content.content).square().mean((1, 2, 3)) for x in (stylized, style))
        distances = {
            x: [wasserstein(view.moments[x], style.moments[x]) for view in (stylized, content)] for x in LEVELS
        }
        return {
            **plain,
            "range": RANGE_WEIGHT * excess,
            "content": CONTENT_WEIGHT * share(away, apart),
            **{f"{x} style": share(*pair) / len(LEVELS) for x, pair in distances.items()},
        }

    def _stylized(self, photos: Tensor, painted: dict[Level, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the cascade's pictures, and the mean square by which its pixels left [0, 1] on the way."""
        images, excess = photos, photos.new_zeros(())
        for level in LEVELS:
            features = self.model.encoder(images, level)
            affine = transport_affine(moments_of(features), moments_of(painted[level]))
            images = self.trained[level](apply_affine(features, affine))
            excess = excess + out_of_range(images)
            images = images.clamp(0, 1)
        return images, excess

    def _view(self, images: Tensor) -> View:
        features = self.teacher.features(images)
        content = F.normalize(features[LEVELS[0]].float(), dim=1)
        return View(content, {level: moments_of(x) for level, x in self.teacher.projected(features).items()})


def share(left: Tensor, whole: Tensor) -> Tensor:
    """Return the mean share that is left, `(B,)` of `(B,)`; a whole of next to nothing counts as part of their mean."""
    return (left / whole.clamp_min(ALIKE * whole.mean()).clamp_min(NOTHING)).mean()
