"""Lines of a table in Markdown, which benchmarks print."""

from collections.abc import Sequence


def header(names: Sequence[str]) -> list[str]:
    """Return the first two lines of a Markdown table."""
    return [line(names), line(["---"] * len(names))]


def line(cells: Sequence[str]) -> str:
    """Return a line of a Markdown table."""
    return f"| {' | '.join(cells)} |"
