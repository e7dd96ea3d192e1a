"""Encoders: which codec, pixel format and options a result gets."""

import os
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av

from styler.errors import StylerError
from styler.video.color import PLANAR, SRGB, ColorTags
from styler.video.video_info import VideoInfo

VideoCodec = Literal["h264", "hevc", "av1", "vp9", "prores", "ffv1"]
"""Codecs of results."""

ENCODERS = {
    "h264": ("libx264", "h264_videotoolbox", "h264_mf"),
    "hevc": ("libx265", "hevc_videotoolbox", "hevc_mf"),
    "av1": ("libsvtav1", "libaom-av1", "librav1e"),
    "vp9": ("libvpx-vp9",),
    "prores": ("prores_ks", "prores_aw"),
    "ffv1": ("ffv1",),
    "png": ("png",),
}
"""Encoders of each codec, the best first."""

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

CRF = {"libx264": 18, "libx265": 20, "libsvtav1": 28, "libaom-av1": 24, "libvpx-vp9": 24}
"""Default quality: hard to tell from the frames themselves. Paint has more detail than film, so files are large."""

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


def encoder_for(codec: str) -> str:
    """Return the encoder of a codec on this machine.

    Raises:
        StylerError: If there is none.
    """
    found = next((name for name in ENCODERS[codec] if name in av.codecs_available), None)
    if found is None:
        have = ", ".join(one for one, names in ENCODERS.items() if one != "png" and set(names) & av.codecs_available)
        raise StylerError(f"FFmpeg has no encoder for {codec} on this machine", f"choose --codec from {have}")
    return found


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


def pixel_format(encoder: str, info: VideoInfo, *, odd: bool) -> str:
    """Return the pixel format of the result: chroma and depth of the source, or the next that the encoder has.

    H.264 and HEVC cut frames only by whole chroma samples: odd sizes need chroma at full resolution.
    """
    known = [format.name for format in av.Codec(encoder, "w").video_formats or []]
    match = PLANAR.match(info.format)
    chroma = match[3] if match else "444" if encoder == "ffv1" else "420"
    if odd and encoder in ("libx264", "libx265"):
        chroma = "444"
    depths = [depth for depth in (8, 10, 12, 14, 16) if depth >= info.depth]
    others = {"420": ("420", "422", "444"), "422": ("422", "444", "420"), "440": ("444", "422", "420")}
    for depth in (*depths, 10, 8):
        for one in others.get(chroma, ("444", "422", "420")):
            name = f"yuv{one}p" if depth == 8 else f"yuv{one}p{depth}le"
            if name in known:
                return name
    return known[0] if known else "yuv420p"


def encoder_options(encoder: str, crf: float | None, preset: str | None) -> dict[str, str]:
    """Return the options of an encoder.

    Raises:
        StylerError: If it has no such option.
    """
    if crf is not None and encoder not in CRF:
        raise StylerError(f"{encoder} has no --crf: it is lossless, or has a fixed quality", "leave --crf out")
    options: dict[str, str] = {}
    if encoder in CRF:
        options["crf"] = f"{CRF[encoder] if crf is None else crf:g}"
    match encoder:
        case "libx264":
            options |= {"preset": preset or "medium", "x264-params": "mbtree=0"}  # as ROWS_PER_THREAD
        case "libx265":
            options |= {"preset": preset or "medium", "x265-params": "log-level=none"}
        case "libsvtav1":
            options |= {"preset": preset or "8"}
        case "libvpx-vp9":
            options |= {"b": "0", "row-mt": "1", "cpu-used": preset or "4", "deadline": "good"}
        case "prores_ks":
            options |= {"profile": preset or "hq", "vendor": "apl0"}
        case "ffv1":
            options |= {"level": "3", "slicecrc": "1"}
        case _ if preset is not None:
            raise StylerError(f"{encoder} has no --preset", "leave --preset out")
    return options
