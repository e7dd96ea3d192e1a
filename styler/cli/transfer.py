"""`styler transfer`: one photograph, one style or a mixture of several, one picture."""

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, cast

import typer
from rich.console import Console

from styler.cli.options import (
    DeviceOption,
    DTypeOption,
    Method,
    ModelOption,
    default_out,
    parse_levels,
    parse_weights,
)

if TYPE_CHECKING:
    from torch import Tensor

    from styler.trace import Trace
    from styler.transfer import Stylizer


def transfer(
    content: Annotated[Path, typer.Argument(help="The photograph; - reads standard input.", show_default=False)],
    styles: Annotated[
        list[Path], typer.Argument(metavar="STYLE...", help="Pictures with the style you want.", show_default=False)
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="PNG, JPEG, WebP or TIFF by its ending; - writes a PNG to standard output.",
            show_default="CONTENT-STYLE.png",
        ),
    ] = None,
    alpha: Annotated[float, typer.Option(min=0, max=1, help="Strength of the style.")] = 1.0,
    weights: Annotated[
        str | None,
        typer.Option(help="Shares of several styles, such as 0.7,0.3.", show_default="equal"),
    ] = None,
    levels: Annotated[
        str | None,
        typer.Option(help="Levels to go through, such as relu3_1,relu2_1.", show_default="all"),
    ] = None,
    size: Annotated[
        int | None, typer.Option(min=1, help="Longer side to work at, in pixels.", show_default="the content's own")
    ] = None,
    style_size: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Longer side of the styles: smaller makes finer strokes.",
            show_default="their own, at most the content's",
        ),
    ] = None,
    model: ModelOption = "auto",
    device: DeviceOption = "auto",
    dtype: DTypeOption = "auto",
    method: Annotated[Method, typer.Option(help="How matrix square roots are computed.")] = "auto",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace OUT if it exists.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON on what was done.")] = False,
) -> None:
    """Give the photograph CONTENT the style of the picture STYLE."""
    shares, chosen = parse_weights(weights), parse_levels(levels)
    check_usage(content, styles, shares)
    from styler.allocator import keep_freed_memory
    from styler.images import load_image, save_image, writable_format
    from styler.pixels import resize_to
    from styler.trace import Trace
    from styler.transfer import Stylizer

    out = default_out(content, styles) if out is None else out
    piped = str(out) == "-"
    if not piped:
        writable_format(out, overwrite=overwrite)
    keep_freed_memory()
    start = time.perf_counter()
    words = Console(stderr=True, soft_wrap=True, quiet=quiet)
    with words.status("starting …", spinner_style="cyan") as status:
        trace = Trace(announce=lambda stage: status.update(f"{stage} …"))
        with trace.stage("load"):
            picture = load_image(opened(content))
            stylizer = Stylizer(model, device=device, dtype=dtype)
        trace.device = stylizer.device
        options = {"size": size, "style_size": style_size, "levels": chosen, "method": method, "trace": trace}
        image = cast(
            "Tensor",
            stylizer.stylize(picture.image, [opened(x) for x in styles], alpha=alpha, weights=shares, **options),
        )
        with trace.stage("save"):
            transparency = (
                None if picture.alpha is None else resize_to(picture.alpha, (image.shape[-2], image.shape[-1]))
            )
            target = sys.stdout.buffer if piped else out
            kept = save_image(image, target, alpha=transparency, format="png" if piped else None, overwrite=overwrite)
    seconds = time.perf_counter() - start
    if transparency is not None and not kept:
        words.print(f"{out}: JPEG holds no transparency, so the picture lies on white")
    if as_json:
        typer.echo(json.dumps(record(stylizer, picture.image, image, trace, out, seconds)), err=piped)
    else:
        height, width = image.shape[-2:]
        words.print(f"wrote {'the picture' if piped else out} ({width}×{height}, {seconds:.1f} s)", highlight=False)


def record(
    stylizer: "Stylizer", content: "Tensor", image: "Tensor", trace: "Trace", out: Path, seconds: float
) -> dict[str, object]:
    """Return what was done; sizes are [width, height]."""
    return {
        "out": str(out),
        "content_size": list(content.shape[:-3:-1]),
        "size": list(image.shape[:-3:-1]),
        "model": stylizer.model.name,
        "device": str(stylizer.device),
        "dtype": str(stylizer.dtype).removeprefix("torch."),
        "seconds": {name: round(value, 4) for name, value in trace.seconds.items()} | {"total": round(seconds, 4)},
        "root_residual": trace.root_residual,
    }


def check_usage(content: Path, styles: list[Path], weights: list[float] | None) -> None:
    """Refuse what would read standard input twice, and weights that don't match the styles."""
    if [str(path) for path in (content, *styles)].count("-") > 1:
        raise typer.BadParameter("standard input can be read only once")
    if weights is not None and len(weights) != len(styles):
        raise typer.BadParameter(f"{len(weights)} --weights for {len(styles)} styles")


def opened(path: Path) -> Path | BinaryIO:
    """Return the path, or standard input for -."""
    return sys.stdin.buffer if str(path) == "-" else path
