"""Choice of the method for a batch."""

import math
from typing import TYPE_CHECKING, Literal

from torch import Tensor

from styler.choices import Method
from styler.matrix_sqrt.tracing import traced

if TYPE_CHECKING:
    from styler.matrix_sqrt.options import Options

Deficient = Literal["pinv", "floor", "raise"]

# What `auto` takes: the first row whose device and dtype fit ("any" does) and whose batch and size are reached. It is
# empty: on processors `eigh` was the fastest at 1x64, 64x48, 32x256 and 1x512, forward and backward (`styler bench
# sqrt`, AVX-512, torch 2.15), and on a GPU nothing has been measured yet.
CHOICES: tuple[tuple[str, str, int, int, Method], ...] = ()
OTHERWISE: Method = "eigh"


def choose_method(a: Tensor, options: "Options") -> Method:
    """Return the method of the options, with "auto" resolved."""
    if options.method != "auto":
        return options.method
    if options.strict:
        return "minimax"
    method = fastest_method(a) if CHOICES else OTHERWISE
    # Compiled code cannot check the outcome, so it needs a method that never misses its tolerance; and options on
    # the spectrum need a decomposition.
    if method != OTHERWISE and (traced(a) or options.rank_tol is not None or options.deficient != "pinv"):
        return OTHERWISE
    return method


def fastest_method(a: Tensor) -> Method:
    """Return the method of the first row of `CHOICES` that fits."""
    dtype, batch = str(a.dtype).removeprefix("torch."), math.prod(a.shape[:-2])
    for device, precision, least_batch, least_size, method in CHOICES:
        fits = device == a.device.type and precision in ("any", dtype)
        if fits and batch >= least_batch and a.shape[-1] >= least_size:
            return method
    return OTHERWISE
