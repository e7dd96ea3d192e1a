"""The small networks, each with a plain part or the covariance layer."""

from collections.abc import Callable
from typing import Unpack

import torch
from torch import Tensor, nn

from styler.covariance import WhiteningColoring2d
from styler.covariance.root_layer import RootChoice


def normalised_network(norm: Callable[[int], nn.Module], num_classes: int) -> nn.Module:
    """Return a network for digits with a normalisation layer after each convolution."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, bias=False),
        norm(16),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1, bias=False),
        norm(32),
        nn.ReLU(),
        nn.Conv2d(32, 32, 3, padding=1, bias=False),
        norm(32),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, num_classes),
    )


def pooled_network(pool: nn.Module, num_pooled: int, num_classes: int) -> nn.Module:
    """Return a network for digits whose 16 channels are pooled to `num_pooled` numbers."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 16, 3, padding=1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        pool,
        nn.Flatten(),
        nn.Linear(num_pooled, num_classes),
    )


class Transformer(nn.Module):
    """A transformer of two blocks on 16 patches of a digit, with a class token and a head for all tokens."""

    def __init__(self, head: nn.Module, *, dim: int = 32) -> None:
        super().__init__()
        self.patches = nn.Conv2d(1, dim, 2, stride=2)
        self.class_token = nn.Parameter(torch.zeros(1, 1, dim))
        self.positions = nn.Parameter(0.02 * torch.randn(1, 17, dim))
        block = nn.TransformerEncoderLayer(dim, 4, 2 * dim, dropout=0.0, batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(block, 2, nn.LayerNorm(dim), enable_nested_tensor=False)
        self.head = head

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits of digits `(B, 1, 8, 8)`."""
        visual = self.patches(x).flatten(2).mT
        tokens = torch.cat([self.class_token.expand(len(x), -1, -1), visual], dim=1)
        return self.head(self.blocks(tokens + self.positions))


class ClassTokenHead(nn.Linear):
    """The plain head: the class token, classified."""

    def forward(self, input: Tensor) -> Tensor:
        """Return the logits of tokens `(B, 1 + N, D)`."""
        return super().forward(input[:, 0])


class VideoNetwork(nn.Module):
    """Features of three consecutive frames each, pooled over the whole video."""

    def __init__(self, pool: nn.Module, num_pooled: int, num_classes: int) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv3d(1, 16, 3, padding=1, bias=False),
            nn.BatchNorm3d(16),
            nn.ReLU(),
            nn.Conv3d(16, 16, (1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1), bias=False),
            nn.BatchNorm3d(16),
            nn.ReLU(),
        )
        self.pool, self.classifier = pool, nn.Linear(num_pooled, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits of videos `(B, T, 1, H, W)`."""
        return self.classifier(self.pool(self.features(x.transpose(1, 2)).transpose(1, 2)))


class AverageOverTime(nn.Module):
    """The plain pooling of videos."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the mean of features `(B, T, C, H, W)` over all but channels."""
        return x.mean((1, 3, 4))


class ReferencedNetwork(nn.Module):
    """A network for four channels, which first get the statistics of a reference image."""

    def __init__(self, groups: int, reference: Tensor, num_classes: int, **root: Unpack[RootChoice]) -> None:
        super().__init__()
        self.transform = WhiteningColoring2d(groups=groups, **root)
        self.register_buffer("reference", reference)
        self.rest = nn.Sequential(
            nn.Conv2d(4, 32, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 32, 3, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(512, num_classes),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits of pictures `(B, 4, 4, 4)`."""
        return self.rest(self.transform(x, self.reference))
