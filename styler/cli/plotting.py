"""The optional dependency of plots."""

from importlib import util

from styler.errors import StylerError


def require_matplotlib() -> None:
    """Raise a StylerError if matplotlib is missing; call it before measuring."""
    if util.find_spec("matplotlib") is None:
        raise StylerError("--plot needs matplotlib, which is not installed", "pip install matplotlib")
