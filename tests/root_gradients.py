"""Gradients of the roots: in closed form, and by backpropagation."""

import torch
from torch import Tensor

INPUTS = {
    "identity": torch.ones(3),
    "repeated": torch.tensor([1.0, 1.0, 2.0, 5.0]),
    "ill-conditioned": torch.tensor([1.0, 1e-3, 1e-6]),
}


def daleckii_krein(a: Tensor, grad: Tensor, *, inverse: bool = False) -> Tensor:
    """Return the gradient of the root by its kernel, in double precision."""
    values, q = torch.linalg.eigh(a.double())
    s = values.sqrt()
    kernel = 1 / (s[:, None] + s)
    if inverse:
        kernel = -kernel / (s[:, None] * s)
    return q @ (kernel * (q.mT @ ((grad + grad.mT) / 2).double() @ q)) @ q.mT


def gradient(function, a: Tensor, grad: Tensor, **options) -> Tensor:
    """Return the gradient of <function(a), grad>."""
    a = a.clone().requires_grad_()
    function(a, **options).backward(grad)
    return a.grad


def symmetric_noise(n: int, dtype: torch.dtype = torch.float64) -> Tensor:
    """Return a symmetric weight for outputs."""
    noise = torch.randn(n, n, dtype=torch.float64, generator=torch.Generator().manual_seed(7))
    return (noise + noise.mT).to(dtype)
