"""How a result is encoded: its container, codec, pixel format, colors and times."""

import os
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av

from styler.errors import StylerError
from styler.video.color import PLANAR, SRGB, ColorTags
from styler.video.encoders import VideoCodec, encoder_for, encoder_options, pixel_format
from styler.video.scheduling import ordinary_scheduling
from styler.video.video_info import VideoInfo

CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
ANIMATED = {".gif": "gif", ".webp": "webp", ".apng": "apng"}
"""Formats whose frames are held as PNG until all are there."""

VIDEO_SUFFIXES = (
    *CONTAINERS,
    *ANIMATED,
    ".avi",
    ".ts",
    ".mts",
    ".m2ts",
    ".mpg",
    ".mpeg",
    ".ogv",
    ".flv",
    ".wmv",
    ".3gp",
)
"""Files that are taken for videos in a folder."""

ROWS_PER_THREAD = 128
"""Of an encoder. A run that is gone on with gives the same bytes, but x264 has other ones now and then for small frames
with threads of few rows, and with its macroblock tree: in 5 of 8 runs at 330×186, in none of 24 without it."""

GLOBAL_HEADER = 1 << 22
"""AV_CODEC_FLAG_GLOBAL_HEADER: parameters go into the container, as MP4 and Matroska have them."""

BITEXACT = 1 << 23
"""AV_CODEC_FLAG_BITEXACT: no version of the encoder in its output."""


@dataclass(frozen=True)
class Encoding:
    """How frames are encoded.

    Attributes:
        encoder: FFmpeg's name.
        format: Pixel format.
        width: Of a frame, in pixels.
        height: The same.
        tags: Colors.
        time_base: Seconds per tick.
        rate: Average frames per second, which rate control goes by.
        aspect: Width of a pixel over its height.
        options: Of the encoder.
    """

    encoder: str
    format: str
    width: int
    height: int
    tags: ColorTags
    time_base: Fraction
    rate: Fraction
    aspect: Fraction
    options: dict[str, str] = field(default_factory=dict)

    def context(self) -> av.VideoCodecContext:
        """Return a new encoder.

        Raises:
            StylerError: If it refuses the settings.
        """
        context = av.CodecContext.create(self.encoder, "w")
        if not isinstance(context, av.VideoCodecContext):
            raise TypeError(f"expected an encoder of video, got {self.encoder}")
        self.configure(context)
        context.thread_count = max(1, min(os.cpu_count() or 1, self.height // ROWS_PER_THREAD))
        try:
            with ordinary_scheduling():
                context.open()
        except (av.error.FFmpegError, ValueError) as error:
            what = f"the encoder {self.encoder} refuses {self.width}×{self.height} {self.format} {self.options or ''}"
            raise StylerError(what.strip(), "choose another --codec, --preset, --crf or --size") from error
        return context

    def configure(self, context: av.VideoCodecContext) -> None:
        """Set all that the encoder and the header of the container need."""
        context.width, context.height, context.pix_fmt = self.width, self.height, self.format
        context.time_base, context.framerate = self.time_base, self.rate
        context.sample_aspect_ratio = self.aspect
        context.color_primaries, context.color_trc = self.tags.primaries, self.tags.transfer
        if PLANAR.match(self.format):
            context.colorspace, context.color_range = self.tags.matrix, 2 if self.tags.full_range else 1
        context.flags |= GLOBAL_HEADER | BITEXACT
        context.options = self.options


def encoding_for(
    info: VideoInfo,
    out: Path,
    *,
    size: tuple[int, int],
    time_base: Fraction,
    rate: Fraction,
    codec: VideoCodec | None = None,
    crf: float | None = None,
    preset: str | None = None,
) -> Encoding:
    """Return how the result of a video is encoded: as its source where the codec can.

    Args:
        info: The source.
        out: The result, whose extension gives the container.
        size: Height and width of the result.
        time_base: Seconds per tick of the result.
        rate: Average frames per second.
        codec: By default H.264, HEVC for more than 8 bits, VP9 in WebM.
        crf: Quality, lower is better; on the codec's own scale.
        preset: Speed, on the codec's own scale.

    Raises:
        StylerError: If this machine has no such encoder, or the container does not hold it.
    """
    if holds_pictures(out):
        deep = info.depth > 8 and out.suffix.lower() not in ANIMATED
        encoder, format, tags = "png", "rgb48be" if deep else "rgb24", SRGB
    else:
        suffix = out.suffix.lower()
        codec = codec or ("vp9" if suffix == ".webm" else "hevc" if info.depth > 8 else "h264")
        encoder = encoder_for(codec)
        check_container(codec, suffix)
        format, tags = pixel_format(encoder, info, odd=bool(size[0] % 2 or size[1] % 2)), info.tags
    options = encoder_options(encoder, crf, preset)
    return Encoding(encoder, format, size[1], size[0], tags, time_base, rate, info.aspect, options)


def holds_pictures(out: Path) -> bool:
    """Return whether a result is a folder of pictures or an animated picture."""
    return out.suffix.lower() in ANIMATED or is_frame_folder(out)


def is_frame_folder(out: Path) -> bool:
    """Return whether a result is a folder of pictures: a name without extension, or a pattern."""
    return "%" in out.name or (not out.suffix and str(out) != "-")


def check_container(codec: str, suffix: str) -> None:
    """Raise a StylerError unless a container holds the codec."""
    if suffix not in CONTAINERS:
        known = " ".join((*CONTAINERS, *ANIMATED))
        raise StylerError(f"{suffix or 'no extension'} is not a video format that is written", f"choose from {known}")
    allowed = {
        ".webm": ("vp9", "av1"),
        ".mp4": ("h264", "hevc", "av1", "vp9"),
        ".m4v": ("h264", "hevc", "av1", "vp9"),
        ".mov": ("h264", "hevc", "av1", "prores"),
    }.get(suffix)
    if allowed and codec not in allowed:
        raise StylerError(f"{suffix} does not hold {codec}", f"choose --codec from {', '.join(allowed)}, or write .mkv")
