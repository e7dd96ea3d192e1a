"""Cost of a root in matrix products, counted at run time: the papers' tables 1 and 2."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

PRODUCTS = {"mm": 0, "bmm": 0, "addmm": 1, "baddbmm": 1}
"""Operators that compute products, and the position of their first factor."""

OTHERS = {
    "_linalg_eigh": "eigh",
    "_linalg_svd": "svd",
    "_linalg_solve_ex": "solve",
    "linalg_inv_ex": "inverse",
    "linalg_cholesky_ex": "cholesky",
    "cholesky_solve": "solve",
}


@dataclass(frozen=True)
class Cost:
    """Products of n × n matrices forward and backward, and decompositions and solves in both, per matrix."""

    forward: float
    backward: float
    others: dict[str, float]

    def __str__(self) -> str:
        words = [f"{self.forward:g} + {self.backward:g}"]
        return ", ".join(words + [f"{number:g} {name}" for name, number in self.others.items()])


class ProductCounter(TorchDispatchMode):
    """Counts scalar multiplications in matrix products, and the matrices that are decomposed or solved."""

    def __init__(self) -> None:
        super().__init__()
        self.multiplications = 0
        self.matrices: Counter[str] = Counter()

    def __torch_dispatch__(self, func, types, args: Sequence[Any] = (), kwargs=None):
        """Run an operator and count it."""
        result = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        if name in PRODUCTS:
            self.multiplications += result.numel() * args[PRODUCTS[name]].shape[-1]
        elif name in OTHERS:
            self.matrices[OTHERS[name]] += args[-1 if name == "cholesky_solve" else 0].shape[:-2].numel()
        return result


def cost_of(function: Callable[[Tensor], Tensor], a: Tensor, weight: Tensor) -> Cost:
    """Return the cost of a root of matrices `(B, n, n)` and of its gradient."""
    leaf, unit = a.detach().requires_grad_(), a.shape[0] * a.shape[-1] ** 3
    with ProductCounter() as forward:
        root = function(leaf)
    with ProductCounter() as backward:
        torch.autograd.grad(root, leaf, weight)
    others = forward.matrices + backward.matrices
    shares = {name: number / a.shape[0] for name, number in sorted(others.items())}
    return Cost(
        round(forward.multiplications / unit, 1),
        round(backward.multiplications / unit, 1),
        {name: round(share, 1) for name, share in shares.items()},
    )
