"""End-to-end training: all networks are trained on the result of the cascade, with gradients through its transforms.

The loss is computed from the teacher's features of the result: its distance from the content and from the style,
each as a share, as in `styler bench quality`. Moments alone hardly tell ink on paper from grey relief, so distributions
of the features count as well. And with anti-aliased networks, a second view of the photographs, shifted and slightly
noisy, must give the same result, transformed by the same maps; others cannot be steady.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from styler.choices import LEVELS, Level
from styler.model.encoder import Encoder
from styler.model.vgg import layers_to
from styler.model.weights import Model
from styler.training.decoding import RANGE_WEIGHT, DecoderTask
from styler.training.distillation import Targets
from styler.training.losses import out_of_range, picture_loss
from styler.transfer.moments import Moments, moments_of, wasserstein
from styler.transfer.seeding import amplitude_of, deviation_counts, local_deviation, roughness_of, seeded
from styler.transfer.whitening import Affine, apply_affine, transport_affine

NUM_DIRECTIONS = 128
"""Leading principal directions used for the moments: 0.93 of the variance at relu3_1, 0.88 at relu4_1."""

DISTRIBUTION_WEIGHT = 0.5
"""Weight of the distributions of features along random directions."""

NUM_PROJECTIONS, NUM_POSITIONS = 64, 4096
"""Random directions of a level in a step, and positions of each picture, for the distributions."""

STEADINESS_WEIGHT = 1.0
"""Weight of the mean squared difference between the results of two views. At 4 strokes got lost, at 30 all blurred."""

MAX_SHIFT, BORDER = 8, 16
"""Shift of the second view, less than the first, and border of the results that is not compared, in pixels."""

NOISE = 0.01
"""Deviation of the noise that is added to the second view."""

RECONSTRUCTION_WEIGHT = 0.25
"""Weight of the reconstruction loss, which keeps the decoders from getting worse at reconstruction."""

MIN_RELATIVE_DISTANCE = 0.3
"""Lower bound for the distance of a content and its style, relative to the mean of the batch."""

MIN_DISTANCE = 1e-6
"""Absolute lower bound, below the distance of any two different pictures: avoids 0 / 0 if all pairs are identical."""


class TeacherFeatures(NamedTuple):
    """The teacher's coarsest features, of unit length, `(B, C, h, w)`, its projected features, and their moments."""

    content: Tensor
    projected: dict[Level, Tensor]
    moments: dict[Level, Moments]


class EndToEndTask(DecoderTask):
    """Training of the encoder and the decoders of `levels` together, on the cascade of these levels.

    The style's losses have a weight of 1 beside `content_weight`. The teacher's principal directions are those on
    `images`. Decoders of other levels stay as they are, and so do the encoder's layers up to the coarsest of them.
    """

    def __init__(
        self,
        model: Model,
        teacher: Encoder,
        images: Tensor,
        *,
        levels: Sequence[Level] = LEVELS,
        content_weight: float = 0.2,
        photos: Tensor,
        paintings: Tensor,
        sheet: Path,
    ):
        super().__init__(model, levels, photos=photos, paintings=paintings, sheet=sheet)
        self.content_weight = content_weight
        self.trained["encoder"] = model.encoder.requires_grad_(True)
        coarsest_kept = next((x for x in LEVELS if x in model.decoders and x not in levels), None)
        read_by_kept = layers_to(coarsest_kept) if coarsest_kept else ()
        for name in set(read_by_kept) - {"pool"}:
            model.encoder.convs[name].requires_grad_(False)
        self.teacher = Targets(teacher, images, [NUM_DIRECTIONS] * len(LEVELS), whitening=0)

    def losses(self, photos: Tensor, paintings: Tensor) -> dict[str, Tensor]:
        """Return the reconstruction loss of each decoder, by level, and the losses of the cascade's result."""
        features, style_features = (self.model.encoder.pyramid(x, self.levels) for x in (photos, paintings))
        pictures = {x: picture_loss(self.trained[x](features[x]), photos) for x in self.levels}
        seeds = seeded_for(photos, paintings)
        images, excess, affines = self._stylized(seeds, style_features)
        with torch.no_grad():
            content, style = self._teacher_features(photos), self._teacher_features(paintings)
        stylized = self._teacher_features(images)
        distance, whole = ((x.content - content.content).square().mean((1, 2, 3)) for x in (stylized, style))
        distances = {x: [wasserstein(one.moments[x], style.moments[x]) for one in (stylized, content)] for x in LEVELS}
        losses = {
            **{f"{x} picture": RECONSTRUCTION_WEIGHT * loss for x, loss in pictures.items()},
            "range": RANGE_WEIGHT * excess,
            "content": self.content_weight * remaining_share(distance, whole),
            **{f"{x} style": remaining_share(*pair) / len(LEVELS) for x, pair in distances.items()},
            "distribution": DISTRIBUTION_WEIGHT * distribution_share(stylized, content, style),
        }
        if self.model.antialiased:
            losses["steadiness"] = STEADINESS_WEIGHT * self._unsteadiness(seeds, images, affines)
        return losses

    def _stylized(
        self, photos: Tensor, style_features: dict[Level, Tensor]
    ) -> tuple[Tensor, Tensor, dict[Level, Affine]]:
        """Return the cascade's results, the mean square by which pixels of its images exceed [0, 1], and its maps."""
        images, excess, affines = photos, photos.new_zeros(()), {}
        for level in self.levels:
            features = self.model.encoder(images, level)
            affines[level] = transport_affine(moments_of(features), moments_of(style_features[level]))
            images = self.trained[level](apply_affine(features, affines[level]))
            excess = excess + out_of_range(images)
            images = images.clamp(0, 1)
        return images, excess, affines

    def _unsteadiness(self, photos: Tensor, images: Tensor, affines: dict[Level, Affine]) -> Tensor:
        """Return the mean squared difference between the results and those of a shifted, slightly noisy view."""
        top, left = (int(x) for x in torch.randint(MAX_SHIFT, (2,)))
        height, width = (side - MAX_SHIFT for side in photos.shape[-2:])
        view = (..., slice(top, top + height), slice(left, left + width))
        shifted = photos[view] + NOISE * torch.randn_like(photos[view])
        for level in self.levels:
            features = apply_affine(self.model.encoder(shifted, level), affines[level])
            shifted = self.trained[level](features).clamp(0, 1)
        border = min(BORDER, height // 4, width // 4)
        inside = (..., slice(border, height - border), slice(border, width - border))
        return (images[view] - shifted)[inside].square().mean()

    def _teacher_features(self, images: Tensor) -> TeacherFeatures:
        features = self.teacher.features(images)
        content = F.normalize(features[LEVELS[0]].float(), dim=1)
        projected = self.teacher.projected(features)
        return TeacherFeatures(content, projected, {level: moments_of(x) for level, x in projected.items()})


def seeded_for(photos: Tensor, paintings: Tensor) -> Tensor:
    """Return the photographs with noise where they are flat, as strong as the paintings' own flat parts are rough."""
    amplitudes = [amplitude_of(x) for x in roughness_of(deviation_counts(local_deviation(paintings))).tolist()]
    return seeded(photos, photos.new_tensor(amplitudes).view(-1, 1, 1, 1))


def distribution_share(stylized: TeacherFeatures, content: TeacherFeatures, style: TeacherFeatures) -> Tensor:
    """Return the mean share of the sliced Wasserstein distance to the style that is left, over the finer levels.

    At relu4_1 a crop has too few positions for its distribution to be compared.
    """
    shares = []
    for level in LEVELS[1:]:
        found = [x.projected[level].flatten(2) for x in (stylized, content, style)]
        count = min(x.shape[-1] for x in found)
        chosen = torch.randperm(count, device=found[0].device)[:NUM_POSITIONS]
        directions = F.normalize(torch.randn(NUM_PROJECTIONS, found[0].shape[1], device=found[0].device), dim=1)
        ours, before, wanted = ((directions @ x[..., chosen]).sort(dim=-1).values for x in found)
        left, whole = ((x - wanted).square().mean((1, 2)) for x in (ours, before))
        shares.append(remaining_share(left, whole))
    return torch.stack(shares).mean()


def remaining_share(left: Tensor, whole: Tensor) -> Tensor:
    """Return the mean of left / whole, `(B,)` each; small wholes are raised to a share of their mean."""
    return (left / whole.clamp_min(MIN_RELATIVE_DISTANCE * whole.mean()).clamp_min(MIN_DISTANCE)).mean()
