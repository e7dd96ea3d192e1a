"""Requests with files: multipart forms as orders."""

from collections.abc import Sequence
from typing import Any

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from styler.choices import STYLE_SUFFIX
from styler.model.style_catalog import builtin_style
from styler.web.jobs import AnyStyle, Order
from styler.web.limits import Limits
from styler.web.options import FILES, PARSERS, file_options, stylize_options
from styler.web.problems import Problem
from styler.web.rendering import Renderer
from styler.web.uploads import Upload, safe_name

MAX_FILES, MAX_FIELDS, MAX_FIELD_BYTES = 20, 40, 4096
FILE_FIELDS = ("content", "style", "mask", "mask_style", "keep")


async def read_form(request: Request) -> FormData:
    """Return the form of a request.

    Raises:
        Problem: If it is none, or has too many parts.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Problem(415, "the request is no form with files", "send multipart/form-data")
    try:
        parser = {"max_files": MAX_FILES, "max_fields": MAX_FIELDS, "max_part_size": MAX_FIELD_BYTES}
        return await request.form(**parser)
    except (MultiPartException, ValueError, KeyError, UnicodeError) as error:
        raise Problem(400, "the form can't be read", "send multipart/form-data with at most 20 files") from error


async def order_of(form: FormData, renderer: Renderer, limits: Limits, *, may_batch: bool) -> Order:
    """Return the order in a form, after everything that can be checked without decoding.

    Raises:
        Problem: If a field is unknown, missing or has a wrong value, or a picture is too large.
        StylerError: If a file is no picture or style that can be read.
    """
    fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
    if unknown := [name for name in form if name not in (*FILE_FIELDS, *PARSERS, *FILES)]:
        known = ", ".join((*FILE_FIELDS, *PARSERS, *FILES))
        raise Problem(422, f"unknown field {unknown[0][:40]!r}", f"choose from {known}")
    contents, keeps = await uploads(form, "content"), await uploads(form, "keep")
    if len(contents) != 1 or len(keeps) > 1:
        raise Problem(422, f"{len(contents)} content and {len(keeps)} keep", "send one file content, at most one keep")
    styles, options = await named_or_uploaded(form, "style"), stylize_options(fields)
    masks, mask_styles = await uploads(form, "mask"), await named_or_uploaded(form, "mask_style")
    if len(masks) != len(mask_styles):
        raise Problem(422, f"{len(masks)} mask and {len(mask_styles)} mask_style", "each mask needs its style")
    check_styles([*styles, *mask_styles], options, has_styles=bool(styles), num_weights=len(styles))
    files = file_options(fields)
    size = check_pictures([*contents, *masks, *keeps, *styles, *mask_styles], renderer, limits)
    order = Order(
        contents[0],
        size,
        styles,
        list(zip(masks, mask_styles, strict=True)),
        keeps[0] if keeps else None,
        options,
        format=files["format"],
        metadata="keep" if files["metadata"] == "keep" else "strip",
        may_batch=may_batch,
    )
    if order.num_pixels > limits.max_pixels:
        raise Problem(413, "the result would have too many pixels", "choose a smaller size")
    return order


def check_styles(styles: Sequence[AnyStyle], options: dict[str, Any], *, has_styles: bool, num_weights: int) -> None:
    """Raise a Problem unless there are styles, one weight for each, and none that can't be analysed anew."""
    if not styles:
        raise Problem(422, "no style", "send a file or a name as style; GET /api/styles lists the names")
    weights = options.get("weights")
    if weights is not None and (not has_styles or len(weights) != num_weights):
        raise Problem(422, f"{len(weights)} weights for {num_weights} styles", "send one weight for each style")
    saved = [one for one in styles if isinstance(one, str) or one.is_style]
    anew = [name for name in ("style_size", "style_scale") if options.get(name, 1.0) not in (None, 1.0)]
    if saved and anew:
        todo = f"leave out {anew[0]}, or send the style as a picture"
        raise Problem(422, f"{anew[0]} does nothing with a built-in or saved style", todo)


def check_pictures(uploaded: Sequence[AnyStyle], renderer: Renderer, limits: Limits) -> tuple[int, int]:
    """Return the size of the first upload; check the headers of all pictures, and read all .style files."""
    sizes: list[tuple[int, int]] = []
    for one in uploaded:
        if isinstance(one, str):
            builtin_style(one)  # raises for an unknown name
        elif one.is_style and sizes:
            if len(one.data) > limits.max_style_bytes:
                raise Problem(413, f"{one.name} is too large for a style", f"send a {STYLE_SUFFIX} file of styler")
            renderer.saved_style(one)
        else:
            sizes.append(one.checked_size(limits.max_pixels))
    return sizes[0]


async def uploads(form: FormData, name: str) -> list[Upload]:
    """Return the files of a field.

    Raises:
        Problem: If there is text instead.
    """
    found = form.getlist(name)
    if any(not isinstance(one, UploadFile) for one in found):
        raise Problem(422, f"{name} is no file", f"send {name} as a file; addresses are not fetched")
    return [await in_memory(one, name) for one in found if isinstance(one, UploadFile)]


async def named_or_uploaded(form: FormData, name: str) -> list[AnyStyle]:
    """Return the files and names of a field, in their order."""
    return [await in_memory(one, name) if isinstance(one, UploadFile) else one for one in form.getlist(name)]


async def in_memory(file: UploadFile, name: str) -> Upload:
    """Return a file of a form; the parser's temporary file has no name and is gone when the request ends."""
    return Upload(safe_name(file.filename, name), await file.read())
