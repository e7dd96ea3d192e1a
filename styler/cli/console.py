"""Consoles: messages go to standard error, so that standard output contains only results."""

from rich.console import Console

stderr = Console(stderr=True, soft_wrap=True, markup=False, emoji=False)
stdout = Console(soft_wrap=True, markup=False, emoji=False)


def message_console(*, quiet: bool) -> Console:
    """Return a console for messages on standard error, or for none."""
    return Console(stderr=True, soft_wrap=True, markup=False, emoji=False, quiet=quiet)
