"""styler gives any photograph the style of any picture: `stylize` once, `Stylizer` many times."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from styler.errors import StylerError, StylerWarning
    from styler.images.picture import Picture
    from styler.transfer.single_call import stylize
    from styler.transfer.style import Style
    from styler.transfer.stylizer import Stylizer

__version__ = "0.1.0"
__all__ = ["Picture", "Style", "StylerError", "StylerWarning", "Stylizer", "__version__", "stylize"]

_HOMES = {
    "Picture": "styler.images.picture",
    "Style": "styler.transfer.style",
    "Stylizer": "styler.transfer.stylizer",
    "stylize": "styler.transfer.single_call",
    "StylerError": "styler.errors",
    "StylerWarning": "styler.errors",
}


def __getattr__(name: str) -> object:
    """Import what is asked for when it is asked for: torch takes a second, and `styler --help` needs none of it."""
    if name not in _HOMES:
        raise AttributeError(f"module 'styler' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
