"""Distillation: a small encoder learns to carry what the teacher's features carry, and what a picture needs.

Linear heads on the student's features regress the leading principal directions of the teacher's, and decoders
beside them, the picture itself: what the teacher alone asks for left relu1_1 with 35 dB at best, for any
linear decoder.
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
from styler.training.losses import picture_loss, psnr, unexplained
from styler.training.sheet import write_sheet
from styler.training.student import Student
from styler.transfer.moments import moments_of


class Targets(nn.Module):
    """The teacher's leading principal directions at each level, `counts` of them, of total variance one on `images`.

    Half whitened, as students learn them, direction i has variance √λᵢ; with a `whitening` of 0 it keeps λᵢ.
    """

    def __init__(self, teacher: Encoder, images: Tensor, counts: Sequence[int], *, whitening: float = 0.5):
        super().__init__()
        device = images.device
        self.dtype = auto_dtype(device)
        self.teacher = teacher.to(device, self.dtype).to(memory_format=torch.channels_last).requires_grad_(False)
        with torch.no_grad():
            found = self.features(images)
        for level, features in found.items():
            mean, covariance = (x[0] for x in moments_of(features.transpose(0, 1)[None]))
            values, vectors = torch.linalg.eigh(covariance.double())
            count = counts[block(level)]
            scale = values[-count:].clamp_min(1e-6 * values[-1]) ** (-whitening / 2)
            scale = scale / (values[-count:] * scale**2).sum().sqrt()
            projection = (vectors[:, -count:] * scale).T.float()
            self.register_buffer(f"{level}_weight", projection[..., None, None])
            self.register_buffer(f"{level}_bias", -projection @ mean)

    def features(self, images: Tensor) -> dict[Level, Tensor]:
        """Return the teacher's features, in its own precision."""
        x = images.to(self.dtype, memory_format=torch.channels_last)
        with torch.autocast(images.device.type, enabled=False):
            return self.teacher.pyramid(x)

    def projected(self, features: dict[Level, Tensor]) -> dict[Level, Tensor]:
        """Return the directions of the teacher's features, `(B, K, h, w)` a level."""
        return {
            level: F.conv2d(x, self.get_buffer(f"{level}_weight").to(x.dtype)).float()
            + self.get_buffer(f"{level}_bias").view(1, -1, 1, 1)
            for level, x in features.items()
        }

    @torch.no_grad()
    def forward(self, images: Tensor) -> dict[Level, Tensor]:
        """Return what is to be learnt from the teacher, `(B, K, h, w)` a level."""
        return self.projected(self.features(images))


class Distillation:
    """The task of training an encoder, and with it decoders of plain features."""

    def __init__(self, teacher: Encoder, images: Tensor, *, widths: tuple[int, ...], num_settling: int, sheet: Path):
        self.targets = Targets(teacher, images, widths)
        self.trained = Student(widths, num_settling=num_settling).to(images.device)
        self.trained.to(memory_format=torch.channels_last)
        self.shown, self.sheet = images[:4], sheet

    def losses(self, images: Tensor) -> dict[str, Tensor]:
        """Return the share of the targets' variance that is left unexplained, and the pictures' loss, by level."""
        targets, (said, pictures) = self.targets(images), self.trained(images)
        losses = {level: unexplained(said[level], targets[level]) for level in LEVELS}
        return losses | {f"{level} picture": picture_loss(pictures[level], images) for level in LEVELS}

    @torch.no_grad()
    def measure(self, images: Tensor) -> dict[str, float]:
        """Return the share left unexplained on `images`, and the reconstruction's PSNR in dB, by level."""
        self.trained.eval()
        targets, (said, pictures) = self.targets(images), self.trained(images)
        shares = {level: float(unexplained(said[level], targets[level])) for level in LEVELS}
        return shares | {f"{level} psnr": float(psnr(pictures[level], images)) for level in LEVELS}

    @torch.no_grad()
    def publish(self) -> None:
        """Draw by level each picture decoded, and three directions of the teacher's features and the student's."""
        self.trained.eval()
        targets, (said, pictures) = self.targets(self.shown), self.trained(self.shown)
        columns = [self.shown]
        for level in LEVELS:
            columns += [_as_colors(targets[level], targets[level]), _as_colors(said[level], targets[level])]
            columns += [pictures[level].clamp(0, 1)]
        write_sheet(columns, self.sheet)


def _as_colors(features: Tensor, target: Tensor) -> Tensor:
    leading, scale = features[:, -3:], 2 * target[:, -3:].std((0, 2, 3), keepdim=True)
    return (leading / scale / 2 + 0.5).clamp(0, 1)
