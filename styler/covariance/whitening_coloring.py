"""The whitening and coloring transform as a layer: features take on the mean and covariance of others."""

import torch
from torch import Tensor, nn

from styler.choices import Method
from styler.covariance.root_layer import RootLayer
from styler.covariance.statistics import covariance, grouped, in_full_precision, with_ridge
from styler.matrix_sqrt import inv_sqrtm, sqrtm
from styler.matrix_sqrt.differentiation import Backward
from styler.matrix_sqrt.iteration import Normalize
from styler.matrix_sqrt.precision import without_autocast


class WhiteningColoring2d(RootLayer):
    """Content `(B, C, H, W)` with the style's mean and covariance within groups, at a strength that is learnt.

    Each item has its own statistics, so training and evaluation are the same. With as many groups as channels
    this is adaptive instance normalisation (AdaIN). Content of fewer positions than channels is whitened where
    it varies; a flat one takes the style's mean.

    Args:
        groups: How many groups of channels are transformed, each by itself; must divide the channels.
        alpha: Strength to begin with, from 0 (the content comes back) to 1; a parameter, not kept in bounds.
        eps: Ridge on the content's covariance, in squared activation units.
        device: Of the strength.
        dtype: Of the strength.
        method: How the root is computed, see `RootChoice` for this and all that follow.
        backward: How its gradient is.
        degree: Of "mpa" and "mtp".
        max_iterations: Bound of an iterated method.
        normalize: Norm that an iterated method divides by first.
        strict: Whether never to look at a value.

    Reference:
        Li et al., Universal Style Transfer (2017), eq. 2 and 3. arXiv:1705.08086
        Cho et al., Image-to-Image Translation via Group-wise Deep Whitening-and-Coloring Transformation
        (2019), arXiv:1812.09912, which arXiv:2201.12543 measures; unlike them we whiten exactly.
    """

    shown = ("groups", "initial_alpha", "eps")

    def __init__(
        self,
        *,
        groups: int = 1,
        alpha: float = 1.0,
        eps: float = 1e-5,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        method: Method = "auto",
        backward: Backward = "auto",
        degree: int | None = None,
        max_iterations: int | None = None,
        normalize: Normalize = "frobenius",
        strict: bool = False,
    ) -> None:
        super().__init__(
            eps=eps,
            method=method,
            backward=backward,
            degree=degree,
            max_iterations=max_iterations,
            normalize=normalize,
            strict=strict,
        )
        if groups < 1:
            raise ValueError(f"expected groups of at least 1, got {groups}")
        self.groups, self.initial_alpha = groups, alpha
        self.alpha = nn.Parameter(torch.empty((), device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the strength to what it began with."""
        nn.init.constant_(self.alpha, self.initial_alpha)

    def forward(self, content: Tensor, style: Tensor) -> Tensor:
        """Return the transformed content, `(B, C, H, W)`, in its own dtype.

        Args:
            content: Features, `(B, C, H, W)`.
            style: Features of any size, `(B, C, H', W')` or `(1, C, H', W')`.

        Raises:
            ValueError: If the shapes do not fit, or `groups` does not divide C.
        """
        check_pair(content, style)
        dtype = torch.promote_types(content.dtype, style.dtype)
        x, y = (grouped(in_full_precision(features.to(dtype)), self.groups) for features in (content, style))
        whitening = inv_sqrtm(with_ridge(covariance(x), self.eps), check=False, **self.root)
        coloring = sqrtm(covariance(y), check=False, **self.root)
        with without_autocast(content):
            colored = coloring @ whitening @ (x - x.mean(-1, keepdim=True)) + y.mean(-1, keepdim=True)
        return torch.lerp(x, colored, self.alpha.to(x)).reshape(content.shape).to(content.dtype)


def check_pair(content: Tensor, style: Tensor) -> None:
    """Raise unless each item of the content has features of a style."""
    shapes = f"{tuple(content.shape)} and {tuple(style.shape)}"
    if content.ndim != 4 or style.ndim != 4 or content.shape[1] != style.shape[1]:
        raise ValueError(f"expected content and style (B, C, H, W) with the same C, got {shapes}")
    if style.shape[0] not in (1, content.shape[0]):
        raise ValueError(f"expected style with one item, or as many as content, got {shapes}")
