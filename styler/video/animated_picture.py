"""Animated WebP as videos."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image, ImageSequence

from styler.errors import StylerError
from styler.video.color import ColorTags
from styler.video.containers import unreadable
from styler.video.video_info import MAX_PIXELS, TimedFrame, VideoInfo, size_error


@dataclass
class AnimatedPicture:
    """An animated WebP, whose frames FFmpeg does not read."""

    info: VideoInfo
    broken: int = field(default=0, init=False)

    @classmethod
    def open(cls, path: Path) -> "AnimatedPicture":
        """Read the header."""
        try:
            with Image.open(path) as image:
                width, height = image.size
                count = getattr(image, "n_frames", 1)
        except (OSError, ValueError, SyntaxError) as error:
            raise unreadable(path, error) from error
        if width * height > MAX_PIXELS:
            raise size_error(path, height, width)
        rate = Fraction(10)
        tags = ColorTags(primaries=1, transfer=13, matrix=1)
        return cls(VideoInfo(path, width, height, "rgb24", 8, False, tags, Fraction(1, 1000), rate, num_frames=count))

    def frames(self) -> Iterator[TimedFrame]:
        """Yield the frames; what is transparent is blended with white."""
        pts = 0
        try:
            with Image.open(self.info.path) as image:
                for one in ImageSequence.Iterator(image):
                    shown = Image.new("RGBA", one.size, "white")
                    shown.alpha_composite(one.convert("RGBA"))
                    duration = max(1, round(one.info.get("duration") or 100))
                    yield TimedFrame(pts, duration, av.VideoFrame.from_image(shown.convert("RGB")))
                    pts += duration
        except (OSError, ValueError, SyntaxError, EOFError):
            self.broken += 1
            if not pts:
                raise StylerError(f"{self.info.path} is damaged", "check that the file is complete") from None
