"""The result type of all methods."""

from typing import NamedTuple

from torch import Tensor


class Solution(NamedTuple):
    """Roots of a batch, with the eigenpairs where the method has them.

    `root` or `inverse` is None where it was not asked for. `values` are the eigenvalues of the root, zero where
    they count as null. `iterations` and `fell_back` have the batch's shape, or are None for a decomposition, which
    has neither. `known` says which matrices have eigenpairs, None that all have them that may. `full_rank` is
    whether all are known to be finite and of full rank.
    """

    root: Tensor | None
    inverse: Tensor | None
    vectors: Tensor | None = None
    values: Tensor | None = None
    iterations: Tensor | None = None
    fell_back: Tensor | None = None
    known: Tensor | None = None
    full_rank: bool = False


def some(matrix: Tensor | None) -> Tensor:
    """Return a field of a solution that was requested, so that it is not None."""
    if matrix is None:
        raise ValueError("expected a solution with the part that was asked for")
    return matrix
