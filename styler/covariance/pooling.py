"""Global covariance pooling: second-order statistics instead of the mean of average pooling."""

from torch import Tensor

from styler.choices import Method
from styler.covariance.root_layer import RootLayer
from styler.covariance.statistics import covariance, upper_triangle
from styler.matrix_sqrt import sqrtm
from styler.matrix_sqrt.differentiation import Backward
from styler.matrix_sqrt.iteration import Normalize


class CovariancePool2d(RootLayer):
    """Features `(..., C, H, W)` to the square root of their covariance, its upper triangle `(..., C·(C + 1)/2)`.

    There may be fewer positions than channels: the root of a singular covariance is exact, and its derivative
    is taken as zero between null directions. With one position the result is zero. The one exception is
    `backward="svd"`, the plain derivative by eigenvectors, which is NaN where eigenvalues repeat: that is the
    problem that the second reference studies, and the other variants solve it.

    Args:
        eps: Ridge relative to tr(covariance)/C.
        method: How the root is computed, see `RootChoice` for this and all that follow.
        backward: How its gradient is.
        degree: Of "mpa" and "mtp".
        max_iterations: Bound of an iterated method.
        normalize: Norm that an iterated method divides by first.
        strict: Whether never to look at a value.

    iSQRT-COV's pre-normalisation and post-compensation are part of every method: scale goes through exactly. The
    second reference's meta-layers are `method="svd"` with `backward` "svd_pade", "svd_taylor", "svd_trunc", "svd_topn"
    or "svd_newton". They ran in float64 to keep small eigenvalues apart from round-off; here those are told apart in
    float32 too, and features in float64 are pooled in float64.

    Reference:
        Li et al., Towards Faster Training of Global Covariance Pooling Networks (2018), sec. 3. arXiv:1712.01034
        Song, Sebe, Wang, Why Approximate Matrix Square Root Outperforms Accurate SVD in Global Covariance
        Pooling? (2021). arXiv:2105.02498
    """

    def __init__(
        self,
        *,
        eps: float = 0.0,
        method: Method = "auto",
        backward: Backward = "auto",
        degree: int | None = None,
        max_iterations: int | None = None,
        normalize: Normalize = "frobenius",
        strict: bool = False,
    ) -> None:
        super().__init__(
            eps=eps,
            method=method,
            backward=backward,
            degree=degree,
            max_iterations=max_iterations,
            normalize=normalize,
            strict=strict,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the pooled features, `(..., C·(C + 1)/2)`, in the features' dtype.

        Raises:
            ValueError: If x is not `(..., C, H, W)` or has no position.
        """
        if x.ndim < 3:
            raise ValueError(f"expected x of shape (..., C, H, W), got {tuple(x.shape)}")
        root = sqrtm(covariance(x.flatten(-2)), eps=self.eps, check=False, **self.root)
        return upper_triangle(root).to(x.dtype)
