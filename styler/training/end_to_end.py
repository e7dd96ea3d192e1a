"""End-to-end training: all networks are trained on the result of the cascade, with gradients through its transforms.

The loss is computed from the teacher's features of the result: its distance from the content and from the style,
each as a share, as in `styler bench quality`.
"""

from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from styler.choices import LEVELS, Level
from styler.model.encoder import Encoder
from styler.model.weights import Model
from styler.training.decoding import RANGE_WEIGHT, DecoderTask
from styler.training.distillation import Targets
from styler.training.losses import out_of_range, picture_loss, wasserstein
from styler.transfer.moments import Moments, moments_of
from styler.transfer.whitening import apply_affine, transport_affine

NUM_DIRECTIONS = 128
"""Leading principal directions used for the moments: 0.93 of the variance at relu3_1, 0.88 at relu4_1."""

CONTENT_WEIGHT = 0.2
"""Weight of the content loss; that of the style loss is 1."""

RECONSTRUCTION_WEIGHT = 0.25
"""Weight of the reconstruction loss, which keeps the decoders from getting worse at reconstruction."""

MIN_RELATIVE_DISTANCE = 0.3
"""Lower bound for the distance of a content and its style, relative to the mean of the batch."""

MIN_DISTANCE = 1e-6
"""Absolute lower bound, below the distance of any two different pictures: avoids 0 / 0 if all pairs are identical."""


class TeacherFeatures(NamedTuple):
    """The teacher's coarsest features, of unit length, `(B, C, h, w)`, and its moments by level."""

    content: Tensor
    moments: dict[Level, Moments]


class EndToEndTask(DecoderTask):
    """Training of the encoder and all decoders together; the teacher's principal directions are those on `images`."""

    def __init__(
        self, model: Model, teacher: Encoder, images: Tensor, *, photos: Tensor, paintings: Tensor, sheet: Path
    ):
        super().__init__(model, LEVELS, photos=photos, paintings=paintings, sheet=sheet)
        self.trained["encoder"] = model.encoder.requires_grad_(True)
        self.teacher = Targets(teacher, images, [NUM_DIRECTIONS] * len(LEVELS), whitening=0)

    def losses(self, photos: Tensor, paintings: Tensor) -> dict[str, Tensor]:
        """Return the reconstruction loss of each decoder, by level, and the losses of the cascade's result."""
        features, style_features = (self.model.encoder.pyramid(x) for x in (photos, paintings))
        reconstruction = {x: RECONSTRUCTION_WEIGHT * picture_loss(self.trained[x](features[x]), photos) for x in LEVELS}
        images, excess = self._stylized(photos, style_features)
        with torch.no_grad():
            content, style = self._teacher_features(photos), self._teacher_features(paintings)
        stylized = self._teacher_features(images)
        distance, whole = ((x.content - content.content).square().mean((1, 2, 3)) for x in (stylized, style))
        distances = {x: [wasserstein(one.moments[x], style.moments[x]) for one in (stylized, content)] for x in LEVELS}
        return {
            **reconstruction,
            "range": RANGE_WEIGHT * excess,
            "content": CONTENT_WEIGHT * remaining_share(distance, whole),
            **{f"{x} style": remaining_share(*pair) / len(LEVELS) for x, pair in distances.items()},
        }

    def _stylized(self, photos: Tensor, style_features: dict[Level, Tensor]) -> tuple[Tensor, Tensor]:
        """Return the cascade's results, and the mean square by which the pixels of its images exceed [0, 1]."""
        images, excess = photos, photos.new_zeros(())
        for level in LEVELS:
            features = self.model.encoder(images, level)
            affine = transport_affine(moments_of(features), moments_of(style_features[level]))
            images = self.trained[level](apply_affine(features, affine))
            excess = excess + out_of_range(images)
            images = images.clamp(0, 1)
        return images, excess

    def _teacher_features(self, images: Tensor) -> TeacherFeatures:
        features = self.teacher.features(images)
        content = F.normalize(features[LEVELS[0]].float(), dim=1)
        return TeacherFeatures(content, {level: moments_of(x) for level, x in self.teacher.projected(features).items()})


def remaining_share(left: Tensor, whole: Tensor) -> Tensor:
    """Return the mean of left / whole, `(B,)` each; small wholes are raised to a share of their mean."""
    return (left / whole.clamp_min(MIN_RELATIVE_DISTANCE * whole.mean()).clamp_min(MIN_DISTANCE)).mean()
