"""Differentiable square roots and inverse square roots of symmetric positive semidefinite matrices.

`docs/matrix-sqrt.md` says which method when, and what the errors are.
"""

from styler.choices import Method
from styler.matrix_sqrt.lyapunov_equation import lyapunov
from styler.matrix_sqrt.optimal_transport import bures_wasserstein, transport
from styler.matrix_sqrt.roots import inv_sqrtm, inv_sqrtm_apply, sqrtm, sqrtm_pair
from styler.matrix_sqrt.solution import RootInfo

__all__ = [
    "Method",
    "RootInfo",
    "bures_wasserstein",
    "inv_sqrtm",
    "inv_sqrtm_apply",
    "lyapunov",
    "sqrtm",
    "sqrtm_pair",
    "transport",
]
