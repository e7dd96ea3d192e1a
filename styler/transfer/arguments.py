"""The options of `Stylizer.stylize`: their types, and what each may be."""

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any, Literal, TypedDict, TypeGuard, get_args

from styler.choices import LEVELS, MAX_REDUCTION, MAX_SIZE, MAX_STEPS, Level, Method, PreserveColor, Strokes, Transform
from styler.images.masks import AnyMask
from styler.images.picture import AnyPicture
from styler.transfer.style import Style
from styler.transfer.trace import Trace

AnyStyle = AnyPicture | Style

LARGEST = 2**62
"""Of what has no limit of its own: computing with it cannot overflow."""


class Options(TypedDict, total=False):
    """Keyword arguments of `Stylizer.stylize`, for type checkers; described there."""

    alpha: float | Mapping[Level, float]
    weights: Sequence[float] | None
    regions: Sequence[tuple[AnyMask, AnyStyle]]
    keep: AnyMask | None
    preserve_color: PreserveColor
    detail: float
    strokes: Strokes | int
    seed_flats: bool
    levels: Sequence[Level] | None
    size: int | None
    style_size: int | None
    style_scale: float
    transform: Transform
    method: Method
    tile: int | Literal["auto"]
    max_memory: int
    refine: int
    refine_with: str | PathLike[str] | None
    trace: Trace | None


def is_number(value: object, low: float, high: float) -> bool:
    """Return whether a value is a number in this range, and no boolean."""
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def is_whole(value: object, low: int, high: int) -> bool:
    """Return whether a value is a whole number in this range."""
    return isinstance(value, int) and is_number(value, low, high)


def is_strength(value: object) -> bool:
    """Return whether a value is a strength, or strengths by level."""
    strengths = value if isinstance(value, Mapping) else dict.fromkeys(LEVELS, value)
    return all(level in LEVELS and is_number(one, 0, 1) for level, one in strengths.items())


def is_strokes(value: object) -> bool:
    """Return whether a value is a name of strokes, or by how much the content is reduced first."""
    return value in get_args(Strokes) or is_whole(value, 1, MAX_REDUCTION)


def is_list(value: object, of: Callable[[Any], bool]) -> TypeGuard[Sequence[Any]]:
    """Return whether a value is a list or tuple, not empty, of such values."""
    return isinstance(value, list | tuple) and len(value) > 0 and all(map(of, value))


def are_weights(value: object) -> bool:
    """Return whether a value is a list of weights: none negative or infinite, not all zero."""
    return is_list(value, lambda one: is_number(one, 0, LARGEST)) and any(value)


def is_region(value: object) -> bool:
    """Return whether a value is a pair of a mask and its style."""
    return isinstance(value, list | tuple) and len(value) == 2


def choice(literal: Any) -> tuple[Callable[[Any], bool], str]:
    """Return the check of a literal, and its values in words."""
    values = get_args(literal)
    return lambda x: isinstance(x, str) and x in values, f"one of {', '.join(values)}"


SIZE = (lambda x: x is None or is_whole(x, 1, MAX_SIZE)), f"a whole number of pixels from 1 to {MAX_SIZE}, or None"

CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "alpha": (is_strength, f"from 0 to 1, or such strengths for levels of {', '.join(LEVELS)}"),
    "weights": (lambda x: x is None or are_weights(x), "a list of numbers from 0, not all 0, or None"),
    "regions": (lambda x: x in ([], ()) or is_list(x, is_region), "a list of pairs (mask, style)"),
    "preserve_color": choice(PreserveColor),
    "detail": (lambda x: is_number(x, 0, 1), "from 0 to 1"),
    "strokes": (
        lambda x: x in get_args(Strokes) or is_whole(x, 1, MAX_REDUCTION),
        f"'fine', 'bold', or a whole number from 1 to {MAX_REDUCTION}",
    ),
    "seed_flats": (lambda x: isinstance(x, bool), "True or False"),
    "levels": (lambda x: x is None or is_list(x, lambda one: one in LEVELS), f"a list of {', '.join(LEVELS)}, or None"),
    "size": SIZE,
    "style_size": SIZE,
    "style_scale": (lambda x: is_number(x, 0.01, 10), "from 0.01 to 10"),
    "transform": choice(Transform),
    "method": choice(Method),
    "tile": (lambda x: x == "auto" or is_whole(x, 0, LARGEST), "'auto', or a whole number of pixels from 0"),
    "max_memory": (lambda x: is_whole(x, 0, LARGEST), "a whole number of bytes from 0"),
    "refine": (lambda x: is_whole(x, 0, MAX_STEPS), f"a whole number of steps from 0 to {MAX_STEPS}"),
    "refine_with": (lambda x: x is None or isinstance(x, str | PathLike), "'vgg19', a file, or None"),
}
"""What each option may be, and that in words; pictures and styles are checked where they are opened."""


def check_options(**options: object) -> None:
    """Raise a ValueError that names the first option that is none of what it may be."""
    for name, value in options.items():
        is_right, words = CHECKS[name]
        if not is_right(value):
            raise ValueError(f"expected {name} {words}, got {value!r}")


def check_styles(
    style: AnyStyle | Sequence[AnyStyle] | None, regions: Sequence[tuple[AnyMask, AnyStyle]], weights: object
) -> list[AnyStyle]:
    """Return the styles as a list.

    Raises:
        ValueError: If there are none, nor regions with theirs, or not one weight for each.
    """
    styles: list[AnyStyle] = []
    if isinstance(style, list | tuple):
        styles += style
    elif style is not None:
        styles.append(style)  # ty: ignore[invalid-argument-type]  no Sequence but these two is a style
    if not styles and (style is not None or not len(regions)):
        raise ValueError("expected a style, or regions with theirs, got none")
    if isinstance(weights, list | tuple) and len(weights) != len(styles):
        raise ValueError(f"expected {len(styles)} weights, one for each style, got {list(weights)}")
    return styles
