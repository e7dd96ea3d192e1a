"""Square roots by singular value decomposition, the papers' baseline."""

import torch
from torch import Tensor

from styler.matrix_sqrt.eigh import Rules, roots_from_eigenpairs, whole, with_zeros
from styler.matrix_sqrt.solution import Solution


def svd_roots(
    a: Tensor, rules: Rules, *, scale: Tensor, finite: bool = False, root: bool = True, inverse: bool = True
) -> Solution:
    """Return the roots of Hermitian matrices as `eigh_roots` does, from u·s·vᴴ."""
    valid = None if finite else whole(a)
    u, s, vh = torch.linalg.svd(with_zeros(a, valid))
    # Singular values have lost the sign; where u and v oppose each other the eigenvalue is negative.
    agreement = (u * vh.mT).sum(-2).real
    eigenvalues = torch.where(agreement < 0, -s, s)
    return roots_from_eigenpairs(eigenvalues, u, valid, rules, scale=scale, root=root, inverse=inverse)
