"""The cascade: encode, transform, decode, once a level, coarse to fine (Li et al. 2017, arXiv:1705.08086, fig. 1c)."""

from collections.abc import Sequence

from torch import Tensor

from styler.matrix_sqrt import Method
from styler.moments import moments_of
from styler.padding import padded
from styler.style import Style
from styler.trace import Trace
from styler.vgg import LEVELS, Level
from styler.weights import Model
from styler.whitening import apply_affine, wct_affine


def cascade(
    model: Model,
    images: Tensor,
    style: Style,
    *,
    alpha: float = 1.0,
    levels: Sequence[Level] = LEVELS,
    method: Method = "auto",
    trace: Trace | None = None,
) -> Tensor:
    """Return the pictures in the style, of the same size, `(B, 3, H, W)` in [0, 1].

    Args:
        model: Its precision is that of the work; moments and roots are in float32 at least.
        images: Pictures, `(B, 3, H, W)`.
        style: One style for all, or one a picture.
        alpha: Strength, 0 (the plain reconstruction) to 1.
        levels: In the order in which they are applied.
        method: How roots are computed, see `styler.matrix_sqrt`.
        trace: Filled with what was done, if given.
    """
    trace = Trace() if trace is None else trace
    height, width = images.shape[-2:]
    x = padded(images)
    for level in levels:
        with trace.stage("encode"):
            features = model.encoder(x, level)
        with trace.stage("root"):
            affine = wct_affine(moments_of(features), style[level], alpha=alpha, method=method)
            trace.residuals.append(affine.residual)
        with trace.stage("transform"):
            features = apply_affine(features, affine)
        with trace.stage("decode"):
            x = model.decoders[level](features).clamp(0, 1)
    return x[..., :height, :width]
