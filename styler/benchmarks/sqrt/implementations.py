"""The roots to compare by name: ours with every method, the papers' as published, and torch's."""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import product
from typing import get_args

import torch
from torch import Tensor

from styler.choices import Method
from styler.matrix_sqrt import inv_sqrtm, published, published_inverse, published_svd, sqrtm

Root = Callable[[Tensor], Tensor]


def implementations(
    *, inverse: bool = False, degrees: Sequence[int] = (published.PADE_DEGREE,), steps: Sequence[int | None] = (None,)
) -> dict[str, Root]:
    """Return the roots, or the inverse roots, to compare by name.

    Args:
        inverse: Whether to return a^(-1/2).
        degrees: Degrees of the published MPA, [degree/degree]; MTP has twice the degree. One row for each.
        steps: Lyapunov steps of published gradients and Newton–Schulz steps; None for the papers' 8 and 5.
    """
    found = ours(inverse)
    for degree, number in product(degrees, steps):
        words = [f"degree {degree}"] * (len(degrees) > 1) + [f"{number} steps"] * (len(steps) > 1)
        named = as_published(inverse, degree, number)
        found |= {", ".join([name, *words]): root for name, root in named.items()}
    return found | by_svd(inverse) | of_torch(inverse)


def ours(inverse: bool) -> dict[str, Root]:
    """Return our roots by method."""
    return {name: partial(inv_sqrtm if inverse else sqrtm, method=name) for name in get_args(Method)}


def as_published(inverse: bool, degree: int, steps: int | None) -> dict[str, Root]:
    """Return the papers' fast roots."""
    lyapunov, newton = (given if steps is None else steps for given in (8, 5))
    newton_name = "published ns" if steps else f"published ns({newton})"
    mpa, mtp, schulz, schulz_lyapunov = (
        (
            published_inverse.published_mpa_inverse,
            published_inverse.published_mtp_inverse,
            published_inverse.published_newton_schulz_inverse,
            published_inverse.published_newton_schulz_lyapunov_inverse,
        )
        if inverse
        else (
            published.published_mpa,
            published.published_mtp,
            published.published_newton_schulz,
            published.published_newton_schulz_lyapunov,
        )
    )
    return {
        "published mpa": partial(mpa, degree=degree, steps=lyapunov),
        "published mtp": partial(mtp, degree=2 * degree, steps=lyapunov),
        newton_name: partial(schulz, steps=newton),
        f"{newton_name} lya": partial(schulz_lyapunov, steps=newton, lyapunov=lyapunov),
    }


def by_svd(inverse: bool) -> dict[str, Root]:
    """Return the papers' SVD roots; the last two are our SVD root with the papers' gradients."""
    power, method = (-0.5, inv_sqrtm) if inverse else (0.5, sqrtm)
    return {
        "published svd": partial(published_svd.published_svd, power=power),
        "published svd-clip": partial(published_svd.published_svd_clip, power=power),
        "published svd-pi": partial(published_svd.published_svd_power_iteration, power=power),
        "published svd-taylor": partial(method, method="svd", backward="svd_taylor"),
        "published svd-pade": partial(method, method="svd", backward="svd_pade"),
    }


def of_torch(inverse: bool) -> dict[str, Root]:
    """Return torch's own roots; `matrix_sqrth` exists since 2.15 and has no inverse variant."""
    found: dict[str, Root] = {"torch eigh": partial(plain_eigh, power=-0.5 if inverse else 0.5)}
    sqrth = getattr(torch.linalg, "matrix_sqrth", None)
    if sqrth is not None:
        found["torch sqrth"] = (lambda a: torch.linalg.inv(sqrth(a))) if inverse else sqrth
    return found


def plain_eigh(a: Tensor, *, power: float = 0.5) -> Tensor:
    """Return a^power in the usual two lines, with torch's gradient."""
    values, vectors = torch.linalg.eigh(a)
    return (vectors * (values**power)[..., None, :]) @ vectors.mH
