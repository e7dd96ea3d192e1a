"""The folder in which a user's programs keep what they can make again. Does not import torch."""

import os
import sys
from pathlib import Path


def user_cache() -> Path:
    """Return styler's folder in the user's cache, which need not exist; the variable STYLER_CACHE overrides it."""
    if given := os.environ.get("STYLER_CACHE"):
        return Path(given)
    if sys.platform == "win32":
        place = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        place = Path.home() / "Library" / "Caches"
    else:
        place = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(place) / "styler"
