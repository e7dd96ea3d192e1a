"""Roots without data-dependent control flow: for MPS, XLA, ONNX and CUDA graphs."""

import torch
from torch import Tensor

from styler.matrix_sqrt.acceptance import root_checks, root_residual
from styler.matrix_sqrt.fallback import corrected_root
from styler.matrix_sqrt.solution import Solution, some


def strict_roots(a: Tensor, solution: Solution, *, root: bool, tol: float) -> Solution:
    """Return the roots that an iteration found, the root corrected if it is asked for, NaN where they miss `tol`."""
    x, z = some(solution.root), some(solution.inverse)
    state = root_checks(a, x, z, tol=tol)
    failed = ~(state.regular & state.inverse)
    if root:
        x = corrected_root(a, x)
        failed = failed | ~(root_residual(a, x) <= tol)
    failed = failed[..., None, None]
    return solution._replace(root=x.masked_fill(failed, torch.nan), inverse=z.masked_fill(failed, torch.nan))
