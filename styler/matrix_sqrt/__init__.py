"""Differentiable square roots and inverse square roots of symmetric positive semidefinite matrices.

`docs/matrix-sqrt.md` says which method when, and what the errors are.
"""

from styler.matrix_sqrt.lyapunov_equation import lyapunov
from styler.matrix_sqrt.optimal_transport import bures_wasserstein, transport
from styler.matrix_sqrt.pth_roots import inv_rootm, rootm
from styler.matrix_sqrt.roots import inv_sqrtm, inv_sqrtm_apply, sqrtm, sqrtm_pair
from styler.matrix_sqrt.selection import Method
from styler.matrix_sqrt.solution import RootInfo

__all__ = [
    "Method",
    "RootInfo",
    "bures_wasserstein",
    "inv_rootm",
    "inv_sqrtm",
    "inv_sqrtm_apply",
    "lyapunov",
    "rootm",
    "sqrtm",
    "sqrtm_pair",
    "transport",
]
