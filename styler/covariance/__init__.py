"""Layers on covariances of features and their differentiable square roots, as torch.nn modules.

`docs/covariance.md` shows each in a model, and what it costs and gains.
"""

from styler.covariance.batch_norm import (
    DecorrelatedBatchNorm1d,
    DecorrelatedBatchNorm2d,
    DecorrelatedBatchNorm3d,
)
from styler.covariance.gdwct import coloring_matrix, coloring_penalty, whitening_penalty
from styler.covariance.hybrid import HybridMethod
from styler.covariance.pooling import CovariancePool2d
from styler.covariance.second_order_head import SecondOrderHead
from styler.covariance.statistics import covariance, cross_covariance, upper_triangle
from styler.covariance.sync_batch_norm import SyncDecorrelatedBatchNorm
from styler.covariance.temporal_pooling import TemporalAttentiveCovariancePool
from styler.covariance.whitening_coloring import WhiteningColoring2d

__all__ = [
    "CovariancePool2d",
    "DecorrelatedBatchNorm1d",
    "DecorrelatedBatchNorm2d",
    "DecorrelatedBatchNorm3d",
    "HybridMethod",
    "SecondOrderHead",
    "SyncDecorrelatedBatchNorm",
    "TemporalAttentiveCovariancePool",
    "WhiteningColoring2d",
    "coloring_matrix",
    "coloring_penalty",
    "covariance",
    "cross_covariance",
    "upper_triangle",
    "whitening_penalty",
]
