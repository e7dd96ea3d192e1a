"""Folders of numbered pictures as videos."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from styler.choices import READABLE_SUFFIXES
from styler.errors import StylerError
from styler.images import Picture
from styler.video.color import ColorTags
from styler.video.video_info import MAX_PIXELS, TimedFrame, VideoInfo, size_error

NUMBERS = re.compile(r"(\d+)")


@dataclass
class FrameFolder:
    """A folder of pictures in the order of the numbers in their names."""

    info: VideoInfo
    files: list[Path]
    broken: int = field(default=0, init=False)

    @classmethod
    def open(cls, path: Path, rate: Fraction) -> "FrameFolder":
        """List the pictures, and read the first."""
        files = numbered_files(path)
        if not files:
            raise StylerError(f"no pictures in {path}", "give a video, or a folder of numbered pictures")
        first = Picture.open(files[0])
        height, width = first.size
        if width * height > MAX_PIXELS:
            raise size_error(path, height, width)
        tags = ColorTags(primaries=1, transfer=13, matrix=1)
        format = "rgb24" if first.depth == 8 else "rgb48le"
        info = VideoInfo(path, width, height, format, first.depth, False, tags, 1 / rate, rate, num_frames=len(files))
        return cls(info, files)

    def frames(self) -> Iterator[TimedFrame]:
        """Yield the pictures; one that can't be read is replaced by the one before and counted in `broken`."""
        last: av.VideoFrame | None = None
        for index, file in enumerate(self.files):
            try:
                picture = Picture.open(file)
            except StylerError:
                if last is None:
                    raise
                self.broken += 1
                yield TimedFrame(index, 1, last)
                continue
            if picture.size != (self.info.height, self.info.width):
                what = f"{file} has {picture.size[1]}×{picture.size[0]} pixels, the frames before it {self.info.width}×"
                raise StylerError(f"{what}{self.info.height}", "give all frames one size")
            last = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture.array()[..., :3]), format=self.info.format)
            yield TimedFrame(index, 1, last)


def numbered_files(path: Path) -> list[Path]:
    """Return the pictures in a folder, or those that a pattern such as frames/%05d.png names, by their numbers."""
    if path.is_dir():
        found = [file for file in path.iterdir() if file.suffix.lower() in READABLE_SUFFIXES and file.name[0] != "."]
    else:
        parts = re.split(r"%0?\d*d", path.name)
        wanted = re.compile(r"\d+".join(map(re.escape, parts)) + "$")
        found = [file for file in path.parent.glob("*") if wanted.match(file.name)] if path.parent.is_dir() else []
    return sorted(found, key=lambda file: [int(x) if x.isdigit() else x for x in NUMBERS.split(file.name)])
