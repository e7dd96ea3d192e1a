"""Colors of video: tags of a stream, and frames as RGB and back. Images are RGB floats in [0, 1], `(1, 3, H, W)`.

Planes are converted here rather than by FFmpeg's scaler, which assumes BT.601, drops the range of some formats and
rounds to 8 or 15 bits: a frame that is not changed between both directions comes out bit for bit, out-of-gamut
samples excepted. Chroma is repeated on the way in and averaged on the way out.
"""

import re
from dataclasses import dataclass, replace

import av
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from styler.errors import StylerError

UNSPECIFIED = 2
HDR = {16: "PQ", 18: "HLG"}
"""Transfer characteristics (ITU-T H.273) of high dynamic range."""

WEIGHTS = {
    **{1: (0.2126, 0.0722), 4: (0.30, 0.11), 5: (0.299, 0.114), 6: (0.299, 0.114)},
    **{7: (0.212, 0.087), 9: (0.2627, 0.0593), 10: (0.2627, 0.0593)},
}
"""Share of red and blue in luma, by matrix coefficients (ITU-T H.273, table 4)."""

SD_HEIGHT, SD_WIDTH = 576, 1024
"""Largest size, in pixels, whose untagged colors are BT.601."""

PLANAR = re.compile(r"yuv(a?)(j?)(420|422|440|444)p(\d*)(le)?$")
SHRINK = {"420": (2, 2), "422": (1, 2), "440": (2, 1), "444": (1, 1)}
"""By how much chroma is reduced, vertically and horizontally."""

REPACKED = {
    **{"nv12": "yuv420p", "nv21": "yuv420p", "nv16": "yuv422p", "nv24": "yuv444p", "yuv411p": "yuv422p"},
    **{"yuyv422": "yuv422p", "uyvy422": "yuv422p", "p010le": "yuv420p10le", "p210le": "yuv422p10le", "ya8": "gray"},
    **{"gray10le": "yuv444p10le", "gray12le": "yuv444p12le", "gray16le": "yuv444p16le", "yuv410p": "yuv420p"},
}
"""Formats that FFmpeg turns into planes without changing colors."""


@dataclass(frozen=True)
class ColorTags:
    """Primaries, transfer and matrix as in ITU-T H.273, 2 if unspecified, and whether samples use the full range."""

    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    matrix: int = UNSPECIFIED
    full_range: bool = False


SRGB = ColorTags(primaries=1, transfer=13, matrix=1)
"""Of frames that were RGB."""


def tags_of(frame: av.VideoFrame, *, name: str) -> ColorTags:
    """Return the tags of a frame, with the matrix that is meant where it is unspecified: BT.709 for HD, else BT.601.

    Raises:
        StylerError: If the colors are HDR, or of a kind that is not read.
    """
    if frame.color_trc in HDR:
        what = f"{name} is HDR video ({HDR[frame.color_trc]}), and styler reads SDR"
        todo = (
            "convert it first, e.g. ffmpeg -i IN -vf zscale=t=linear,tonemap=hable,zscale=t=bt709:m=bt709:p=bt709 OUT"
        )
        raise StylerError(what, todo)
    if not is_yuv(frame):
        return SRGB
    full = frame.color_range == 2 or frame.format.name.startswith("yuvj")
    found = ColorTags(frame.color_primaries, frame.color_trc, frame.colorspace, full)
    if found.matrix in WEIGHTS:
        return found
    if found.matrix not in (UNSPECIFIED, 0, 3):
        raise StylerError(
            f"{name} has colors of matrix {found.matrix}, which styler does not read", "convert it to BT.709"
        )
    is_sd = frame.height <= SD_HEIGHT and frame.width <= SD_WIDTH
    return replace(found, matrix=6 if is_sd else 1)


def is_yuv(frame: av.VideoFrame) -> bool:
    """Return whether the samples of a frame are luma, with or without chroma."""
    name = frame.format.name
    return bool(PLANAR.match(name)) or name in REPACKED or name.startswith("gray")


def depth_of(frame: av.VideoFrame) -> int:
    """Return the bits per sample."""
    return max(component.bits for component in frame.format.components)


def rgb_of(frame: av.VideoFrame, tags: ColorTags) -> Tensor:
    """Return the colors of a frame; what is transparent is blended with white."""
    if not is_yuv(frame):
        return _unpacked(frame)
    if frame.format.name in REPACKED:
        same = {"src_colorspace": 1, "dst_colorspace": 1, "src_color_range": 1, "dst_color_range": 1}
        frame = frame.reformat(format=REPACKED[frame.format.name], **same)
    luma, *chroma = planes(frame)
    height, width = luma.shape
    y, low, high = _unit_scale(luma, depth_of(frame), tags.full_range)
    if not chroma:
        return ((y - low) / high).clamp_(0, 1).expand(1, 3, -1, -1).contiguous()
    blue, red = (_chroma(plane, depth_of(frame), tags.full_range) for plane in chroma[:2])
    shrink = SHRINK[_match(frame.format.name)[3]]
    blue, red = (_repeated(plane, shrink)[:height, :width] for plane in (blue, red))
    kr, kb = WEIGHTS[tags.matrix]
    y = (y - low) / high
    r, b = y + 2 * (1 - kr) * red, y + 2 * (1 - kb) * blue
    g = (y - kr * r - kb * b) / (1 - kr - kb)
    return torch.stack([r, g, b])[None].clamp_(0, 1)


def frame_of(image: Tensor, format: str, tags: ColorTags) -> av.VideoFrame:
    """Return a frame with the colors of an image `(1, 3, H, W)`, in planes of Y, Cb and Cr or in packed RGB."""
    height, width = image.shape[-2:]
    if not PLANAR.match(format):
        return _packed(image, format)
    frame = av.VideoFrame(width, height, format)
    depth, shrink = depth_of(frame), SHRINK[_match(format)[3]]
    kr, kb = WEIGHTS[tags.matrix]
    r, g, b = image[0].float()
    y = kr * r + (1 - kr - kb) * g + kb * b
    blue, red = (b - y) / (2 * (1 - kb)), (r - y) / (2 * (1 - kr))
    full = 2**depth - 1
    unit = 2 ** (depth - 8)
    scale, offset, width_of_chroma = (full, 0, full) if tags.full_range else (219 * unit, 16 * unit, 224 * unit)
    _fill(frame, 0, y * scale + offset)
    for index, plane in ((1, blue), (2, red)):
        _fill(frame, index, _averaged(plane, shrink) * width_of_chroma + 128 * unit)
    frame.colorspace, frame.color_range = tags.matrix, 2 if tags.full_range else 1
    frame.color_primaries, frame.color_trc = tags.primaries, tags.transfer
    return frame


def planes(frame: av.VideoFrame) -> list[np.ndarray]:
    """Return the planes of a frame as arrays, without padding."""
    dtype = np.dtype(np.uint8) if depth_of(frame) == 8 else np.dtype("<u2")
    found = []
    for plane in frame.planes:
        rows = np.frombuffer(memoryview(plane), dtype).reshape(plane.height, plane.line_size // dtype.itemsize)
        found.append(rows[:, : plane.width])
    return found


def _match(name: str) -> re.Match[str]:
    match = PLANAR.match(name)
    if match is None:
        raise ValueError(f"expected a planar format, got {name}")
    return match


def _unit_scale(plane: np.ndarray, depth: int, full_range: bool) -> tuple[Tensor, float, float]:
    unit = 2 ** (depth - 8)
    low, high = (0, 2**depth - 1) if full_range else (16 * unit, 219 * unit)
    return _floats(plane), low, high


def _chroma(plane: np.ndarray, depth: int, full_range: bool) -> Tensor:
    unit = 2 ** (depth - 8)
    return (_floats(plane) - 128 * unit) / (2**depth - 1 if full_range else 224 * unit)


def _floats(plane: np.ndarray) -> Tensor:
    return torch.from_numpy(plane.astype(np.float32))


def _repeated(plane: Tensor, shrink: tuple[int, int]) -> Tensor:
    return plane.repeat_interleave(shrink[0], 0).repeat_interleave(shrink[1], 1)


def _averaged(plane: Tensor, shrink: tuple[int, int]) -> Tensor:
    return F.avg_pool2d(plane[None], shrink, ceil_mode=True)[0]


def _fill(frame: av.VideoFrame, index: int, values: Tensor) -> None:
    plane, depth = frame.planes[index], depth_of(frame)
    dtype = np.dtype(np.uint8) if depth == 8 else np.dtype("<u2")
    rows = np.zeros((plane.height, plane.line_size // dtype.itemsize), dtype)
    rows[:, : plane.width] = values.add(0.5).clamp_(0, 2**depth - 1).to(torch.int32).numpy()
    plane.update(rows.tobytes())


def _unpacked(frame: av.VideoFrame) -> Tensor:
    is_deep = depth_of(frame) > 8
    has_alpha = any(component.is_alpha for component in frame.format.components) or frame.format.name == "pal8"
    if is_deep:
        array = frame.to_ndarray(format="rgba64le" if has_alpha else "rgb48le").astype(np.float32) / 65535
    else:
        array = frame.to_ndarray(format="rgba" if has_alpha else "rgb24").astype(np.float32) / 255
    image = torch.from_numpy(array).movedim(-1, 0)[None]
    if has_alpha:
        image = torch.lerp(torch.ones_like(image[:, :3]), image[:, :3], image[:, 3:])
    return image.contiguous()


def _packed(image: Tensor, format: str) -> av.VideoFrame:
    deep = "48" in format or "16" in format
    full, dtype, plain = (65535, np.uint16, "rgb48le") if deep else (255, np.uint8, "rgb24")
    array = image[0].float().mul(full).add(0.5).clamp_(0, full).movedim(0, -1).numpy().astype(dtype)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(array), format=plain)
    return frame if format == plain else frame.reformat(format=format)
