"""Mixtures of style files, without torch: the style of a picture made of patches of all of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from styler.transfer.style_arrays import StyleArrays


def mixed_arrays(styles: Sequence[StyleArrays], weights: Sequence[float]) -> StyleArrays:
    """Return the mixture of styles of one encoder, in shares proportional to `weights`."""
    shares = [weight / sum(weights) for weight in weights]
    levels = [level for level in styles[0].moments if all(level in style.moments for style in styles)]
    moments = {level: mixed_pair([style.moments[level] for style in styles], shares) for level in levels}
    roughness = sum(share * style.roughness for share, style in zip(shares, styles, strict=True))
    sources = mixed_sources(list(zip(styles, weights, strict=True)))
    seen = [style.seen_by_loss for style in styles if style.seen_by_loss is not None]
    shared = len(seen) == len(styles) and len({one.fingerprint for one in seen}) == 1
    seen_by_loss = mixed_arrays(seen, weights) if shared else None
    return StyleArrays(moments, styles[0].fingerprint, sources, roughness, seen_by_loss)


def mixed_pair(
    pairs: Sequence[tuple[np.ndarray, np.ndarray]], shares: Sequence[float]
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and covariance of a mixture, by the law of total covariance; shares sum to one."""
    means, covariances = (np.stack(x).astype(np.float64) for x in zip(*pairs, strict=True))
    mean = np.tensordot(shares, means, 1)
    apart = (means - mean)[..., None]
    covariance = np.tensordot(shares, covariances + apart @ apart.swapaxes(-1, -2), 1)
    return mean.astype(np.float32), covariance.astype(np.float32)


def mixed_sources(parts: Sequence[tuple[StyleArrays, float]]) -> tuple[dict[str, Any], ...]:
    """Return the sources of a mixture, each with its share."""
    total = sum(weight for _, weight in parts)
    return tuple(
        source | {"share": round(share_in(style, source) * weight / total, 6)}
        for style, weight in parts
        for source in style.sources
    )


def share_in(style: StyleArrays, source: dict) -> float:
    """Return the recorded share of a source, if it is valid, else an equal share."""
    share = source.get("share")
    return share if isinstance(share, float) and 0 <= share <= 1 else 1 / len(style.sources)
