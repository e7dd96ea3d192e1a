"""Joining of segments that hold pictures: into animated GIF, WebP and APNG, and folders of numbered PNG files."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import av
from PIL import Image

from styler.video.encoding import ANIMATED, Encoding
from styler.video.segments import read_segment


def write_animation(
    segments: Sequence[Path], file: BinaryIO, *, out: Path, encoding: Encoding, durations: Sequence[int]
) -> None:
    """Write frames that are held as PNG as an animated GIF, WebP or APNG."""
    milliseconds = [round(float(one * encoding.time_base * 1000)) for one in durations]
    if out.suffix.lower() == ".gif":  # FFmpeg's has one palette for all frames
        frames = PngFrames(segments)
        first = next(iter(frames))
        options: dict[str, Any] = {"append_images": frames.rest(), "duration": milliseconds, "loop": 0, "disposal": 1}
        first.save(file, "GIF", save_all=True, **options)
        return
    encoder, pixels = {".webp": ("libwebp_anim", "bgra"), ".apng": ("apng", "rgb24")}[out.suffix.lower()]
    format = ANIMATED[out.suffix.lower()]
    options = {"quality": "90"} if format == "webp" else {}
    loop = {"loop": "0"} if format == "webp" else {"plays": "0"}
    with av.open(file, "w", format=format, options=loop) as container:
        stream = container.add_stream(encoder, rate=encoding.rate, options=options)
        stream.width, stream.height, stream.pix_fmt = encoding.width, encoding.height, pixels
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        pts = 0
        for image, duration in zip(PngFrames(segments), milliseconds, strict=True):
            frame = av.VideoFrame.from_image(image).reformat(format=pixels)
            frame.pts, frame.duration, frame.time_base = pts, duration, Fraction(1, 1000)
            container.mux(stream.encode(frame))
            pts += duration
        container.mux(stream.encode(None))


@dataclass(frozen=True)
class PngFrames:
    """Frames that segments hold as PNG, decoded one by one each time they are gone through."""

    segments: Sequence[Path]
    skipped: int = 0

    def rest(self) -> "PngFrames":
        """Return all but the first."""
        return PngFrames(self.segments, 1)

    def __iter__(self) -> Iterator[Image.Image]:
        encoded = (one for path in self.segments for one in read_segment(path))
        for one in islice(encoded, self.skipped, None):
            with Image.open(io.BytesIO(one.data)) as image:
                yield image.convert("RGB")


def write_frames(segments: Sequence[Path], folder: Path, pattern: str) -> int:
    """Write the frames of segments as numbered PNG files, and return how many they are."""
    count = 0
    for path in segments:
        for encoded in read_segment(path):
            count += 1
            (folder / (pattern % count)).write_bytes(encoded.data)
    return count
