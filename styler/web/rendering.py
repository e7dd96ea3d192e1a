"""Orders rendered as picture files: the same bytes as `styler transfer` writes with the same files and options."""

import io
import json
from collections.abc import Callable, Sequence
from typing import Any

import torch

from styler.choices import Level
from styler.images import Picture
from styler.images.format_limits import check_size
from styler.model.style_catalog import builtin_style_file
from styler.transfer.input_record import FileFacts
from styler.transfer.record import record_of
from styler.transfer.strokes import reduction_of
from styler.transfer.style import Style
from styler.transfer.style_file import check_fits, style_of_bytes
from styler.transfer.stylizer import Stylizer
from styler.transfer.trace import Trace
from styler.web.jobs import AnyStyle, Order
from styler.web.uploads import Upload


class Cancelled(Exception):  # noqa: N818
    """Raised inside a transfer that nobody waits for any more."""


class Renderer:
    """Renders orders with a `Stylizer`; may be used by several threads."""

    def __init__(self, stylizer: Stylizer, *, max_pixels: int) -> None:
        self.stylizer, self.max_pixels = stylizer, max_pixels

    def render(self, orders: Sequence[Order], report: Callable[[float], None]) -> list[bytes]:
        """Return the files of orders with the same `batch_key`.

        Args:
            orders: One or several.
            report: Called with the progress, 0 to 1; it may raise `Cancelled`.

        Raises:
            StylerError: If a file can't be read, or the picture does not fit into memory or its format.
        """
        first = orders[0]
        pictures = [self.opened(order.content) for order in orders]
        trace = Trace(announce=progress_of(first, self.stylizer.model.levels, report))
        styles = [self.style(one, first) for one in first.styles] or None
        options: dict[str, Any] = dict(first.options)
        options["regions"] = [(self.opened(mask), self.style(one, first)) for mask, one in first.regions]
        options["keep"] = None if first.keep is None else self.opened(first.keep)
        if len({batch_form(picture) for picture in pictures}) == 1 and len(pictures) > 1:
            results = self._together(pictures, styles, options, trace)
        else:
            results = [self.stylizer.stylize(one, styles, **options, trace=trace) for one in pictures]
        report(0.97)
        return [self.file(order, one, trace) for order, one in zip(orders, results, strict=True)]

    def _together(self, pictures: list[Picture], styles: Any, options: dict[str, Any], trace: Trace) -> list[Picture]:
        size = options.get("size")
        sized = pictures if size is None else [picture.resized(size) for picture in pictures]
        samples = torch.cat([picture.samples for picture in sized])
        found = self.stylizer.stylize(samples, styles, **options, trace=trace).split(1)
        return [picture.with_samples(one) for picture, one in zip(sized, found, strict=True)]

    def opened(self, upload: Upload) -> Picture:
        """Return an uploaded picture."""
        return Picture.open(upload.stream, max_pixels=self.max_pixels)

    def style(self, style: AnyStyle, order: Order) -> Any:
        """Return a style as `Stylizer.stylize` takes it."""
        if isinstance(style, str):
            return self.builtin(style)
        return self.saved_style(style) if style.is_style else self.opened(style)

    def builtin(self, name: str) -> Any:
        """Return the file of a built-in style."""
        return builtin_style_file(name, self.stylizer.fingerprint, model=self.stylizer.model.name)

    def saved_style(self, upload: Upload) -> Style:
        """Return the style in an uploaded .style file.

        Raises:
            StylerError: If it is damaged, or was made with another model.
        """
        style = style_of_bytes(upload.data, name=upload.name)
        check_fits(style, self.stylizer.model, self.stylizer.fingerprint, path=upload.name)
        return style

    def file(self, order: Order, result: Picture, trace: Trace) -> bytes:
        """Return the file of a result, with the record of how it was made unless metadata are stripped."""
        record = json.dumps(self.record(order, trace)) if order.metadata == "keep" else None
        made, data = result.with_samples(result.samples, settings=record), io.BytesIO()
        bytes_per_pixel = (3 + (made.alpha is not None)) * (made.depth // 8)
        check_size(f".{order.format}", *made.size, bytes_per_pixel=bytes_per_pixel)
        made.save(data, format=order.format, metadata=order.metadata)
        return data.getvalue()

    def record(self, order: Order, trace: Trace) -> dict[str, Any]:
        """Return the record of how a picture was made, as `Stylizer.stylize` writes it for files."""
        regions = [[mask.facts, self.facts(one)] for mask, one in order.regions]
        keep = None if order.keep is None else order.keep.facts
        settings = trace.settings | {"regions": [[one.name for one in pair] for pair in regions]}
        settings |= {"keep": None if keep is None else keep.name}
        others = [one for pair in regions for one in pair] + ([keep] if keep else [])
        styles = [self.facts(one) for one in order.styles]
        return record_of(order.content.facts, styles, self.stylizer.model, settings, others=others)

    def facts(self, style: AnyStyle) -> FileFacts:
        """Return name and hash of a style's file."""
        if isinstance(style, Upload):
            return style.facts
        path = self.builtin(style)
        return Upload(path.name, path.read_bytes()).facts


def batch_form(picture: Picture) -> object:
    """Return what pictures must share to be processed together; unique for one with transparency."""
    return id(picture) if picture.alpha is not None else (picture.size, picture.samples.dtype)


def progress_of(order: Order, levels: Sequence[Level], report: Callable[[float], None]) -> Callable[[str], None]:
    """Return a function that turns the stages of a transfer into progress: each of the model's levels has its share."""
    passes = 1 if reduction_of(order.options.get("strokes", "fine")) == 1 else 2
    total, done = passes * len(order.options.get("levels") or levels), 0

    def announce(stage: str) -> None:
        nonlocal done
        done += stage == "root"
        report(min(0.95, done / total * 0.9 + 0.02))

    return announce
