"""Literals, limits and file suffixes that the command line needs before torch is imported."""

from typing import Literal, get_args

Level = Literal["relu4_1", "relu3_1", "relu2_1", "relu1_1"]
LEVELS: tuple[Level, ...] = get_args(Level)
"""Coarse to fine, the order of the cascade."""

Method = Literal["auto", "eigh", "svd", "mpa", "mtp", "newton_schulz", "minimax"]
"""How matrix square roots are computed, see `styler.matrix_sqrt`."""

Transform = Literal["transport", "wct", "adain"]
"""How the style's moments are transferred to the features, see `styler.transfer.whitening`."""

PreserveColor = Literal["none", "luma", "match"]
"""How the content's colors are kept, see `styler.transfer.color`."""

Strokes = Literal["fine", "bold"]
"""How large the marks are that a style leaves, see `styler.transfer.strokes`."""

MAX_REDUCTION = 8
"""Largest number for strokes, by which a content is reduced first."""

DType = Literal["auto", "float32", "bfloat16", "float16"]
ExportFormat = Literal["onnx", "pt2"]
ExportDType = Literal["float32", "float16"]
TransferEngine = Literal["auto", "torch", "onnx"]
"""What computes a transfer, see `styler.export.light_limits`."""

ModelSize = Literal["small", "base"]
Pairs = Literal["all", "zip"]
Depth = Literal[8, 16]
"""Bits per channel of a picture file."""

Format = Literal["PNG", "JPEG", "WEBP", "TIFF", "AVIF"]
FORMATS: dict[str, Format] = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".avif": "AVIF",
}
"""Output formats by file extension."""

OutputFormat = Literal["png", "jpg", "webp", "tiff", "avif"]

READABLE_SUFFIXES = (*FORMATS, ".mpo", ".gif", ".bmp", ".ppm", ".pgm", ".jp2", ".heic", ".heif", ".jxl")
STYLE_SUFFIX = ".style"

CROP_MULTIPLE = 8
"""The side of training crops is a multiple of it, since three poolings halve it."""

MAX_PIXELS = 110_000_000
"""Pixels of an 8-bit PNG or JPEG. Every picture below this loads in less than 2 GiB, beside torch's half GiB."""

MAX_SIZE = 1_000_000
"""Upper limit of --size, in pixels."""

MAX_MEMORY = 2 << 30
"""Default memory limit of the process, in bytes."""
