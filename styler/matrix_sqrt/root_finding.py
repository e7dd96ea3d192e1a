"""Checks and casts before and after the algorithms, shared by all roots."""

from functools import partial

import torch
from torch import Tensor

from styler.matrix_sqrt.differentiation import differentiable_roots
from styler.matrix_sqrt.eigh import Rules
from styler.matrix_sqrt.options import Options, check_options
from styler.matrix_sqrt.precision import in_working_precision, without_autocast
from styler.matrix_sqrt.scaling import with_ridge
from styler.matrix_sqrt.solution import Solution
from styler.matrix_sqrt.solving import solve
from styler.matrix_sqrt.tracing import differentiated

DTYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.complex128)


def find_roots(a: Tensor, options: Options, *, root: bool, inverse: bool) -> tuple[Tensor, Solution]:
    """Return the ridged matrices in working precision, and those of their roots that are asked for."""
    check_matrix(a)
    check_options(options)
    round_off = torch.finfo(a.dtype).eps ** 0.5 if options.round_off is None else options.round_off
    rules = Rules(options.rank_tol, options.deficient, round_off, options.eps)
    with without_autocast(a):
        work = in_working_precision(a)
        if a.shape[-1] == 0:
            return work, Solution(work * 1, work * 1, values=work.diagonal(dim1=-2, dim2=-1).real)
        work = with_ridge(work, options.eps)
        if options.backward == "autograd" or not differentiated(work):
            return work, solve(work, options, rules, root=root, inverse=inverse)
        solver = partial(solve, options=options, rules=rules)
        return work, differentiable_roots(work, solver, root=root, inverse=inverse, backward=options.backward)


def check_matrix(a: Tensor, *, name: str = "a") -> None:
    """Raise unless `a` is a batch of square matrices in a dtype that has roots."""
    if not isinstance(a, Tensor):
        raise ValueError(f"expected {name} as a torch.Tensor, got {type(a).__name__}")
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ValueError(f"expected {name} of shape (..., n, n), got {tuple(a.shape)}")
    if a.dtype not in DTYPES:
        names = ", ".join(str(dtype).removeprefix("torch.") for dtype in DTYPES)
        raise ValueError(f"expected {name} of a floating dtype, got {a.dtype}: those with roots are {names}")
