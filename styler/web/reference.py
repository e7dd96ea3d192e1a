"""The forms of the API as OpenAPI has them: FastAPI can't see fields that are read from the request itself."""

from typing import Any

from styler.choices import LEVELS
from styler.transfer.arguments import CHECKS
from styler.web.options import FILES, PARSERS

BINARY = {"type": "string", "format": "binary"}


def form(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    """Return a multipart form in OpenAPI's terms."""
    schema = {"type": "object", "properties": properties, "required": required}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}


def described(name: str) -> dict[str, str]:
    """Return an option of `Stylizer.stylize` in OpenAPI's terms."""
    return {"type": "string", "description": CHECKS[name][1].removesuffix(", or None")}


TRANSFER = {
    "content": BINARY | {"description": "The photograph."},
    "style": {"type": "array", "items": {"type": "string"}, "description": "Pictures, .style files or names. Mixed."},
    "mask": {"type": "array", "items": BINARY, "description": "Masks; white areas get the mask_style of their place."},
    "mask_style": {"type": "array", "items": {"type": "string"}, "description": "Styles for the masks."},
    "keep": BINARY | {"description": "A mask; white areas stay unchanged."},
    **{name: described(name) for name in PARSERS},
    "alpha": {"type": "string", "description": f"From 0 to 1, or by level, {LEVELS[0]}=0.8,{LEVELS[-1]}=0.5."},
    **{name: {"type": "string", "enum": list(values), "default": values[0]} for name, values in FILES.items()},
}
"""Fields of a transfer."""

REQUESTS = {
    "transfer": form(TRANSFER, ["content", "style"]),
    "style": form({"picture": BINARY | {"description": "A picture."}}, ["picture"]),
}
"""Forms, by what they are for."""
