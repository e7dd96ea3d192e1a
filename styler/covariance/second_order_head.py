"""A classifier for transformers that uses all tokens, not only the class token."""

from collections.abc import Sequence
from typing import Unpack

import torch
from torch import Tensor, nn

from styler.choices import Method
from styler.covariance.root_layer import RootChoice, RootLayer
from styler.covariance.statistics import covariance, cross_covariance, upper_triangle
from styler.matrix_sqrt import inv_sqrtm, sqrtm
from styler.matrix_sqrt.differentiation import Backward
from styler.matrix_sqrt.iteration import Normalize
from styler.matrix_sqrt.precision import without_autocast


class SecondOrderHead(RootLayer):
    """Tokens `(B, 1 + N, D)`, the class token first, to logits: those of the class token plus those of the rest.

    Visual tokens are projected (linear, batch norm, ReLU), pooled by covariance, normalised by a power of 1/2
    and classified.

    Two projections, as So-ViT has them, give a cross-covariance, which is neither symmetric nor square, so that
    its singular values take the power: u·√s·vᵀ, computed as a·(aᵀa)^(-1/4) by two roots. Unlike So-ViT, which
    estimates the largest singular value by power iteration and scales the others alike, every one gets its own
    root. One projection gives a covariance and its square root, as in Song et al.

    Args:
        dim: D.
        num_classes: Logits.
        projections: Sizes of the two projections, or of the one.
        eps: Ridge relative to the mean eigenvalue, of aᵀa where there are two projections: singular values far
            below √eps of the rest are not raised, for their gradient would drown all others.
        device: Of parameters and buffers.
        dtype: Of parameters and buffers.
        method: How the root is computed, see `RootChoice` for this and all that follow.
        backward: How its gradient is.
        degree: Of "mpa" and "mtp".
        max_iterations: Bound of an iterated method.
        normalize: Norm that an iterated method divides by first.
        strict: Whether never to look at a value.

    Reference:
        Xie et al., So-ViT: Mind Visual Tokens for Vision Transformer (2021). arXiv:2104.10935
        Song, Sebe, Wang, Fast Differentiable Matrix Square Root (2022), sec. 4. arXiv:2201.08663
    """

    def __init__(
        self,
        dim: int,
        num_classes: int,
        *,
        projections: Sequence[int] = (48, 48),
        eps: float = 1e-4,
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
        if len(projections) not in (1, 2) or min(projections) < 1:
            raise ValueError(f"expected projections of one or two sizes above 0, got {projections}")
        self.projections = nn.ModuleList(
            nn.Sequential(
                nn.Linear(dim, size, bias=False, device=device, dtype=dtype),
                nn.BatchNorm1d(size, device=device, dtype=dtype),
                nn.ReLU(),
            )
            for size in projections
        )
        p, q = projections[0], projections[-1]
        num_pooled = p * q if len(projections) == 2 else p * (p + 1) // 2
        self.class_logits = nn.Linear(dim, num_classes, device=device, dtype=dtype)
        self.visual_logits = nn.Linear(num_pooled, num_classes, device=device, dtype=dtype)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return the logits, `(B, num_classes)`.

        Raises:
            ValueError: If tokens are not `(B, 1 + N, dim)` with N of 1 or more, or one visual token is all that
                there is while training.
        """
        dim = self.class_logits.in_features
        if tokens.ndim != 3 or tokens.shape[1] < 2 or tokens.shape[2] != dim:
            raise ValueError(f"expected tokens of shape (B, 1 + N, {dim}) with N > 0, got {tuple(tokens.shape)}")
        if self.training and tokens.shape[:2] == (1, 2):
            raise ValueError("expected tokens with more than one visual token in all while training, got one")
        pooled = self.pooled(tokens[:, 1:]).to(tokens.dtype)
        return self.class_logits(tokens[:, 0]) + self.visual_logits(pooled)

    def pooled(self, visual: Tensor) -> Tensor:
        """Return the second-order features of visual tokens `(B, N, D)`."""
        # Batch norm is over all tokens of the batch, so they go in as one batch.
        projected = [p(visual.flatten(0, 1)).unflatten(0, visual.shape[:2]).mT for p in self.projections]
        if len(projected) == 1:
            return upper_triangle(sqrtm(covariance(projected[0]), eps=self.eps, check=False, **self.root))
        return singular_value_root(cross_covariance(*projected), eps=self.eps, **self.root).flatten(1)


def singular_value_root(a: Tensor, *, eps: float, **root: Unpack[RootChoice]) -> Tensor:
    """Return u·√s·vᵀ for a = u·s·vᵀ, `(..., p, q)`, with a ridge of `eps` relative to the mean of s²."""
    if a.shape[-2] < a.shape[-1]:
        return singular_value_root(a.mT, eps=eps, **root).mT
    with without_autocast(a):
        values = sqrtm(a.mT @ a, eps=eps, check=False, **root)
        return a @ inv_sqrtm(values, check=False, **root)
