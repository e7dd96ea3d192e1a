"""Layer-wise reconstruction: a narrow network is computed from a wide one, layer by layer, by least squares.

Each layer reads what the narrow layers before it give, errors included, and reproduces the channels of the wide layer
that say most about the others. That takes minutes and no gradients.

References:
    He, Zhang & Sun, Channel Pruning for Accelerating Very Deep Neural Networks (2017), arXiv:1707.06168: chosen
    channels and least squares.
    Zhang, Zou, He & Sun, Accelerating Very Deep Convolutional Networks (2015), arXiv:1505.06798, sections 2.2 and 2.3:
    a fit through the ReLU, to inputs with the errors of the layers before.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from styler.model.decoder import Decoder
from styler.model.encoder import Conv3x3, Encoder, convolutions

NUM_POSITIONS = 1500
"""Random positions of each picture to which a layer is fitted."""

RIDGE = 1e-3
"""Added to the diagonal of the patches' covariance, relative to its mean."""

NUM_ROUNDS = 4
"""Repetitions of a fit through the ReLU."""

PICTURES_AT_ONCE = 8


@torch.no_grad()
def narrow_layers(
    narrow: Encoder | Decoder,
    wide: Encoder | Decoder,
    x: Tensor,
    y: Tensor,
    *,
    first: str | None = None,
    report: Callable[[str, float], None] = lambda layer, share: None,
) -> None:
    """Compute the convolutions of `narrow`, in place, from those of `wide`, which has the same layers.

    Args:
        narrow: The network to change.
        wide: The network to reproduce, with at least as many channels in each layer.
        x: Input of the narrow network, `(B, C, H, W)`.
        y: Input of the wide one for the same pictures, `(B, D, H, W)`.
        first: The first convolution to compute; those before it stay. By default all are computed.
        report: Called after each with its name and the share of the chosen channels' variance it leaves unexplained.
    """
    names = [name for name in narrow.layers if name != "pool"]
    convs = dict(zip(names, zip(convolutions(narrow), convolutions(wide), strict=True), strict=True))
    following = dict(zip(names, [*convolutions(wide)[1:], None], strict=True))
    computed = names[names.index(first or names[0]) :]
    for name in narrow.layers:
        if name == "pool":
            x, y = narrow.resampled(x), wide.resampled(y)
            continue
        conv, wide_conv = convs[name]
        y = _convolved(wide_conv, y)
        if name in computed:
            report(name, _compute(conv, x, y, following[name], has_relu=conv.out_channels != 3))
        x, y = F.relu(_convolved(conv, x)), F.relu(y)


def _compute(conv: Conv3x3, x: Tensor, y: Tensor, following: Conv3x3 | None, *, has_relu: bool) -> float:
    """Fit `conv`, in place, to the activations `y` before the ReLU; return the unexplained share."""
    rows, columns = (torch.randint(side, (NUM_POSITIONS,), device=x.device) for side in x.shape[-2:])
    wanted = y[..., rows, columns].transpose(1, 2).flatten(0, 1).float()
    if conv.out_channels < wanted.shape[1]:
        use = 1 if following is None else following.weight.float().square().sum((0, 2, 3)).sqrt()
        wanted = wanted[:, informative_channels(F.relu(wanted) * use, conv.out_channels)]
    inputs = patches(x, rows, columns)
    weight, bias = fitted(inputs, wanted, has_relu=has_relu)
    found = inputs @ weight.T + bias
    conv.weight.copy_(weight.view_as(conv.weight))
    conv.bias.copy_(bias)
    if has_relu:
        found, wanted = F.relu(found), F.relu(wanted)
    return float((found - wanted).square().sum() / (wanted - wanted.mean(0)).square().sum())


def informative_channels(activations: Tensor, count: int) -> Tensor:
    """Return the indices of `count` channels of `activations` `(N, C)` that predict all of them best, chosen greedily.

    Each next channel is the one that explains most of the variance that is left, summed over the channels: columns of
    a pivoted Cholesky decomposition of their covariance.
    """
    left = activations.T.double().cov()
    floor = 1e-12 * left.trace()
    chosen: list[int] = []
    for _ in range(count):
        variance = left.diagonal().clamp_min(floor)
        explained = left.square().sum(0) / variance
        explained[chosen] = -1
        best = int(explained.argmax())
        chosen.append(best)
        left = left - torch.outer(left[:, best], left[:, best]) / variance[best]
    return torch.tensor(chosen, device=activations.device)


def fitted(inputs: Tensor, wanted: Tensor, *, has_relu: bool) -> tuple[Tensor, Tensor]:
    """Return weights `(K, M)` and bias `(K,)` that map `inputs` `(N, M)` to `wanted` `(N, K)` by least squares.

    With a ReLU after the layer, any value below zero is as good where `wanted` is: each round takes the values found
    so far, so that the fit spends nothing on them.
    """
    mean = inputs.mean(0)
    centered = inputs - mean
    gram = (centered.T @ centered).double()
    gram.diagonal().add_(RIDGE * gram.diagonal().mean())
    factor = torch.linalg.cholesky(gram)

    def solved(targets: Tensor) -> tuple[Tensor, Tensor]:
        center = targets.mean(0)
        product = (centered.T @ (targets - center)).double()
        return torch.cholesky_solve(product, factor).to(inputs.dtype), center

    weight, center = solved(wanted)
    for _ in range(NUM_ROUNDS if has_relu else 0):
        found = centered @ weight + center
        weight, center = solved(torch.where(wanted > 0, wanted, found.clamp_max(0)))
    return weight.T, center - mean @ weight


def patches(x: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Return what a 3x3 convolution reads at `rows` and `columns` `(N,)` of `x` `(B, C, H, W)`: `(B · N, 9C)`."""
    padded = F.pad(x.float(), (1, 1, 1, 1), mode="reflect")
    read = [padded[..., rows + i, columns + j] for i in range(3) for j in range(3)]
    return torch.stack(read, 2).permute(0, 3, 1, 2).flatten(0, 1).flatten(1)


def _convolved(conv: Conv3x3, x: Tensor) -> Tensor:
    parts = x.contiguous(memory_format=torch.channels_last).split(PICTURES_AT_ONCE)
    return torch.cat([conv(part) for part in parts])
