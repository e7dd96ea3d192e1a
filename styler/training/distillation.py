"""Distillation: a small encoder is trained on the features of a teacher and on the reconstruction of the picture.

Linear heads on the student's features regress the leading principal directions of the teacher's features, and
decoders reconstruct the picture. Without the reconstruction loss, the best linear decoder reached 35 dB at relu1_1.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from styler.choices import LEVELS, Level
from styler.model.device import auto_dtype
from styler.model.encoder import Encoder
from styler.model.vgg import block
from styler.training.losses import picture_loss, psnr, unexplained_variance
from styler.training.sample_sheet import write_sheet
from styler.training.student import Student
from styler.transfer.moments import moments_of


class Targets(nn.Module):
    """The teacher's features projected on `counts` leading principal directions per level, with total variance 1.

    Directions and variance are those on `images`. Direction i has a variance proportional to λᵢ^(1 - whitening): √λᵢ
    by default, λᵢ with a `whitening` of 0.
    """

    def __init__(self, teacher: Encoder, images: Tensor, counts: Sequence[int], *, whitening: float = 0.5):
        super().__init__()
        device = images.device
        self.dtype = auto_dtype(device)
        self.teacher = teacher.to(device, self.dtype).to(memory_format=torch.channels_last).requires_grad_(False)
        with torch.no_grad():
            teacher_features = self.features(images)
        for level, features in teacher_features.items():
            mean, covariance = (x[0] for x in moments_of(features.transpose(0, 1)[None]))
            values, vectors = torch.linalg.eigh(covariance.double())
            count = counts[block(level)]
            scale = values[-count:].clamp_min(1e-6 * values[-1]) ** (-whitening / 2)
            scale = scale / (values[-count:] * scale**2).sum().sqrt()
            projection = (vectors[:, -count:] * scale).T.float()
            self.register_buffer(f"{level}_weight", projection[..., None, None])
            self.register_buffer(f"{level}_bias", -projection @ mean)

    def features(self, images: Tensor) -> dict[Level, Tensor]:
        """Return the teacher's features, in the teacher's precision."""
        x = images.to(self.dtype, memory_format=torch.channels_last)
        with torch.autocast(images.device.type, enabled=False):
            return self.teacher.pyramid(x)

    def projected(self, features: dict[Level, Tensor]) -> dict[Level, Tensor]:
        """Return the teacher's features projected on the principal directions, `(B, K, h, w)` per level."""
        return {
            level: F.conv2d(x, self.get_buffer(f"{level}_weight").to(x.dtype)).float()
            + self.get_buffer(f"{level}_bias").view(1, -1, 1, 1)
            for level, x in features.items()
        }

    @torch.no_grad()
    def forward(self, images: Tensor) -> dict[Level, Tensor]:
        """Return the regression targets, `(B, K, h, w)` per level."""
        return self.projected(self.features(images))


class DistillationTask:
    """The task of training an encoder, together with decoders of its features."""

    def __init__(
        self, teacher: Encoder, images: Tensor, *, widths: tuple[int, ...], freeze_norm_after: int, sheet: Path
    ):
        self.targets = Targets(teacher, images, widths)
        self.trained = Student(widths, freeze_norm_after=freeze_norm_after).to(images.device)
        self.trained.to(memory_format=torch.channels_last)
        self.samples, self.sheet = images[:4], sheet

    def losses(self, images: Tensor) -> dict[str, Tensor]:
        """Return the unexplained share of the targets' variance and the reconstruction loss, by level."""
        targets, (predicted, pictures) = self.targets(images), self.trained(images)
        losses = {level: unexplained_variance(predicted[level], targets[level]) for level in LEVELS}
        return losses | {f"{level} picture": picture_loss(pictures[level], images) for level in LEVELS}

    @torch.no_grad()
    def measure(self, images: Tensor) -> dict[str, float]:
        """Return the unexplained share of the targets' variance and the PSNR of reconstruction in dB, by level."""
        self.trained.eval()
        targets, (predicted, pictures) = self.targets(images), self.trained(images)
        shares = {level: float(unexplained_variance(predicted[level], targets[level])) for level in LEVELS}
        return shares | {f"{level} psnr": float(psnr(pictures[level], images)) for level in LEVELS}

    @torch.no_grad()
    def write_samples(self) -> None:
        """Write for each level three principal directions of the teacher and the student, and the reconstruction."""
        self.trained.eval()
        targets, (predicted, pictures) = self.targets(self.samples), self.trained(self.samples)
        columns = [self.samples]
        for level in LEVELS:
            columns += [_as_colors(targets[level], targets[level]), _as_colors(predicted[level], targets[level])]
            columns += [pictures[level].clamp(0, 1)]
        write_sheet(columns, self.sheet)


def _as_colors(features: Tensor, target: Tensor) -> Tensor:
    leading, scale = features[:, -3:], 2 * target[:, -3:].std((0, 2, 3), keepdim=True)
    return (leading / scale / 2 + 0.5).clamp(0, 1)
