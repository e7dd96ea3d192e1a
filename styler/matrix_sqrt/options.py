"""The options shared by all roots, and their valid combinations."""

from typing import NamedTuple, get_args

from styler.choices import Method
from styler.matrix_sqrt.differentiation import Backward
from styler.matrix_sqrt.iteration import Normalize
from styler.matrix_sqrt.selection import Deficient

CHOICES = {
    "method": get_args(Method),
    "deficient": get_args(Deficient),
    "backward": get_args(Backward),
    "normalize": get_args(Normalize),
}
STRICT = ("auto", "minimax", "newton_schulz")


class Options(NamedTuple):
    """Options of every root; `sqrtm_pair` says what they mean."""

    method: Method
    degree: int | None
    tol: float | None
    max_iterations: int | None
    normalize: Normalize
    eps: float
    rank_tol: float | None
    deficient: Deficient
    backward: Backward
    strict: bool
    check: bool
    round_off: float | None
    least: float | None = None
    """Share of the norm at which eigenvalues begin, where a warm start tells it."""


PLAIN = Options("auto", None, None, None, "frobenius", 0.0, None, "pinv", "auto", False, True, None)
"""The options of a call without any."""


def check_options(options: Options) -> None:
    """Raise unless the options have valid values and a valid combination."""
    for name, values in CHOICES.items():
        value = getattr(options, name)
        if value not in values:
            raise ValueError(f"expected {name} from {', '.join(values)}, got {value!r}")
    if not options.eps >= 0:
        raise ValueError(f"expected eps of at least 0, got {options.eps}")
    if options.max_iterations is not None and options.max_iterations < 1:
        raise ValueError(f"expected max_iterations of at least 1, got {options.max_iterations}")
    method = options.method
    decomposed = method in ("auto", "eigh", "svd")
    if not decomposed and (options.rank_tol is not None or options.deficient != "pinv"):
        raise ValueError(f"expected method auto, eigh or svd with rank_tol or deficient, got {method}")
    if decomposed and options.normalize != "frobenius":
        raise ValueError(f"expected an iterated method with normalize={options.normalize!r}, got {method}")
    if options.strict:
        check_strict(options)


def check_strict(options: Options) -> None:
    """Raise if an option contradicts a fixed number of steps."""
    if options.method not in STRICT:
        raise ValueError(f"expected method from {', '.join(STRICT)} with strict, got {options.method}")
    if options.rank_tol is not None or options.deficient != "pinv":
        raise ValueError("expected neither rank_tol nor deficient with strict, which knows no spectrum")
    if options.backward not in ("auto", "lyapunov"):
        raise ValueError(f"expected backward auto or lyapunov with strict, got {options.backward}")
