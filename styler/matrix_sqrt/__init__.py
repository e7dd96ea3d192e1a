"""Differentiable square roots and inverse square roots of symmetric positive semidefinite matrices.

`docs/matrix-sqrt.md` says which method when, and what the errors are.
"""

from styler.choices import Method
from styler.matrix_sqrt.application import inv_sqrtm_apply
from styler.matrix_sqrt.coupled_transport import geometric_mean
from styler.matrix_sqrt.info import RootInfo
from styler.matrix_sqrt.inverse_root import inv_sqrtm
from styler.matrix_sqrt.lyapunov_equation import lyapunov
from styler.matrix_sqrt.optimal_transport import bures_wasserstein, transport
from styler.matrix_sqrt.pth_roots import inv_rootm, rootm
from styler.matrix_sqrt.root import sqrtm
from styler.matrix_sqrt.root_pair import sqrtm_pair

__all__ = [
    "Method",
    "RootInfo",
    "bures_wasserstein",
    "geometric_mean",
    "inv_rootm",
    "inv_sqrtm",
    "inv_sqrtm_apply",
    "lyapunov",
    "rootm",
    "sqrtm",
    "sqrtm_pair",
    "transport",
]
