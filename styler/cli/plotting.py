"""What drawing needs that a plain installation does not have."""

from importlib import util

from styler.errors import StylerError


def require_matplotlib() -> None:
    """Raise before anything is measured if a plot can't be drawn."""
    if util.find_spec("matplotlib") is None:
        raise StylerError("--plot needs matplotlib, which is not installed", "pip install matplotlib")
