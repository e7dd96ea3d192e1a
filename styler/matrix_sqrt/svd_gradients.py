"""Gradients of the roots through the gradients of eigenvectors, as compared for global covariance pooling.

They contain 1/(λi − λj), which the derivative of the root itself does not (see `lyapunov_equation`), and
differ in how they bound it. First order only; for comparison, not for use.

Reference:
    Song, Sebe, Wang, Why Approximate Matrix Square Root Outperforms Accurate SVD in Global Covariance
    Pooling? (2021), sec. 4. arXiv:2105.02498
"""

from collections.abc import Callable

import torch
from torch import Tensor

from styler.matrix_sqrt.eigh import reciprocal
from styler.matrix_sqrt.newton_schulz import newton_schulz_roots

# From the authors' code: the bound on 1/(λi − λj), the Taylor degree, and 50 of 256 eigenvalues dropped.
BOUND = 1e10
TAYLOR_DEGREE = 100
DROPPED = 50 / 256


def plain_quotients(eigenvalues: Tensor) -> Tensor:
    """Return 1/(λi − λj), infinite where eigenvalues repeat."""
    quotients = 1 / (eigenvalues[..., :, None] - eigenvalues[..., None, :])
    return without_diagonal(quotients)


def truncated_quotients(eigenvalues: Tensor) -> Tensor:
    """Return 1/(λi − λj) within ±1e10."""
    return plain_quotients(eigenvalues).clamp(-BOUND, BOUND)


def top_quotients(eigenvalues: Tensor) -> Tensor:
    """Return 1/(λi − λj) with zeros for the smallest fifth of the eigenvalues."""
    kept = torch.arange(eigenvalues.shape[-1], device=eigenvalues.device) >= int(DROPPED * eigenvalues.shape[-1])
    return plain_quotients(eigenvalues).masked_fill(~(kept[:, None] & kept), 0)


def taylor_quotients(eigenvalues: Tensor) -> Tensor:
    """Return the Taylor polynomial of degree 100 of 1/λi·1/(1 − λj/λi), λi the larger."""
    return expanded_quotients(eigenvalues, geometric_sum)


def geometric_sum(x: Tensor) -> Tensor:
    """Return 1 + x + … + x¹⁰⁰ for x from 0 to 1."""
    repeated = x == 1
    closed = (1 - x ** (TAYLOR_DEGREE + 1)) / (1 - x.masked_fill(repeated, 0))
    return closed.masked_fill(repeated, TAYLOR_DEGREE + 1)


def pade_quotients(eigenvalues: Tensor) -> Tensor:
    """Return the same by a Padé approximant.

    That of the geometric series is the function itself: the authors' [50/50] coefficients solve a singular
    system and differ from it by round-off, which alone keeps repeated eigenvalues finite. Here eps does.
    """
    return expanded_quotients(eigenvalues, lambda x: 1 / (1 - x).clamp(min=torch.finfo(x.dtype).eps))


def expanded_quotients(eigenvalues: Tensor, series: Callable[[Tensor], Tensor]) -> Tensor:
    """Return ±series(λ_small/λ_large)/λ_large, positive where λi is the larger."""
    rows, columns = eigenvalues[..., :, None], eigenvalues[..., None, :]
    large, small = rows.maximum(columns), rows.minimum(columns)
    inverse = reciprocal(large)
    quotients = series(small * inverse) * inverse
    return without_diagonal(torch.where(rows >= columns, quotients, -quotients))


def without_diagonal(a: Tensor) -> Tensor:
    """Return the matrices with zeros on their diagonals."""
    return a.masked_fill(torch.eye(a.shape[-1], dtype=torch.bool, device=a.device), 0)


QUOTIENTS: dict[str, Callable[[Tensor], Tensor]] = {
    "svd": plain_quotients,
    "svd_trunc": truncated_quotients,
    "svd_topn": top_quotients,
    "svd_taylor": taylor_quotients,
    "svd_pade": pade_quotients,
}


def svd_gradient(
    grad_root: Tensor | None, grad_inverse: Tensor | None, vectors: Tensor, values: Tensor, *, variant: str
) -> Tensor:
    """Return the gradient of the matrix whose root has these eigenpairs."""
    quotients = QUOTIENTS[variant](values.square())
    inverses = reciprocal(values)
    total = torch.zeros_like(vectors)
    for grad, f, slope in (
        (grad_root, values, inverses / 2),
        (grad_inverse, inverses, -(inverses**3) / 2),
    ):
        if grad is not None:
            kernel = (f[..., :, None] - f[..., None, :]) * quotients + torch.diag_embed(slope)
            total = total + kernel * (vectors.mH @ grad @ vectors)
    return vectors @ total @ vectors.mH


def newton_gradient(grad_root: Tensor | None, grad_inverse: Tensor | None, a: Tensor) -> Tensor:
    """Return the gradient of five Newton–Schulz steps at `a`: `svd_newton`.

    The authors' code takes ten, after dividing by the trace; here they are those of "newton_schulz" as published.
    """
    with torch.enable_grad():
        leaf = a.detach().requires_grad_()
        approximate = newton_schulz_roots(leaf, max_iterations=5)
        pairs = [
            (output, grad)
            for output, grad in ((approximate.root, grad_root), (approximate.inverse, grad_inverse))
            if grad is not None
        ]
        outputs, grads = zip(*pairs, strict=True)
    return torch.autograd.grad(outputs, leaf, grads)[0]
