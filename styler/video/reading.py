"""Videos as frames with their times: files that FFmpeg reads, animated pictures, and folders of numbered pictures."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple, Protocol

import av
import numpy as np
from av.stream import Disposition
from PIL import Image, ImageSequence

from styler.choices import READABLE_SUFFIXES
from styler.errors import StylerError
from styler.files import check_regular
from styler.images import Picture
from styler.video.color import ColorTags, depth_of, is_yuv, tags_of

MAX_PIXELS = 2**26
"""Pixels of a frame: twice 8K. A damaged header may ask for any number."""

FOLDER_RATE = Fraction(25)
"""Frames per second of a folder of pictures, unless another rate is given."""

MAX_BROKEN = 10_000
"""Packets in a row that cannot be decoded before a file is given up."""

NUMBERS = re.compile(r"(\d+)")


class TimedFrame(NamedTuple):
    """A frame with its time and duration in units of the time base."""

    pts: int
    duration: int
    frame: av.VideoFrame


@dataclass(frozen=True)
class VideoInfo:
    """What a video says about itself, from its header and its first frame.

    Attributes:
        path: The file or the folder.
        width: Of a frame, in pixels, before rotation.
        height: The same.
        format: FFmpeg's name of the pixel format.
        depth: Bits per sample.
        yuv: Whether samples are luma and chroma.
        tags: Colors.
        time_base: Seconds per tick.
        rate: Average frames per second.
        aspect: Width of a pixel over its height.
        turn: Display matrix, nine integers as FFmpeg has them; None for upright.
        num_frames: As the header says; 0 if unknown.
    """

    path: Path
    width: int
    height: int
    format: str
    depth: int
    yuv: bool
    tags: ColorTags
    time_base: Fraction
    rate: Fraction
    aspect: Fraction = Fraction(1)
    turn: tuple[int, ...] | None = None
    num_frames: int = 0

    @property
    def quarter_turns(self) -> int:
        """How many quarters of a turn, counterclockwise, a player turns the frames by."""
        if self.turn is None:
            return 0
        a, b = self.turn[0], self.turn[1]
        return (0 if a > 0 else 2) if abs(a) >= abs(b) else (3 if b > 0 else 1)


class Video(Protocol):
    """A video that can be read from its beginning any number of times; `broken` counts repeated frames."""

    info: VideoInfo
    broken: int

    def frames(self) -> Iterator[TimedFrame]:
        """Yield the frames in the order in which they are shown."""
        ...


def open_video(path: Path, *, rate: Fraction | None = None) -> Video:
    """Return a video; `rate` are the frames per second of a folder of pictures.

    Raises:
        StylerError: If it is missing, damaged, without frames, or of a kind that is not read.
    """
    check_regular(path)
    if path.is_dir() or "%" in path.name:
        return FrameFolder.open(path, rate or FOLDER_RATE)
    if not path.exists():
        raise StylerError(f"no such file or folder: {path}", "check the name of the video")
    if path.suffix.lower() == ".webp":
        return AnimatedPicture.open(path)
    return VideoFile.open(path)


def size_error(name: object, height: int, width: int) -> StylerError:
    """Return the error for frames that are too large."""
    return StylerError(f"{name} has frames of {width}×{height} pixels", f"reduce it to {MAX_PIXELS} pixels or fewer")


@dataclass
class VideoFile:
    """A file that FFmpeg reads."""

    info: VideoInfo
    broken: int = field(default=0, init=False)

    @classmethod
    def open(cls, path: Path) -> "VideoFile":
        """Read the header and the first frame."""
        with opened(path) as container:
            stream = video_stream(container, path)
            context = stream.codec_context
            if context.width * context.height > MAX_PIXELS:
                raise size_error(path, context.height, context.width)
            counter = [0]
            first = next(decoded(container, stream, path, counter), None)
            if first is None:
                raise StylerError(f"{path} has no frames that can be decoded", "check that the file is complete")
            frame = first.frame
            aspect = stream.sample_aspect_ratio or context.sample_aspect_ratio or Fraction(1)
            info = VideoInfo(
                path,
                frame.width,
                frame.height,
                frame.format.name,
                depth_of(frame),
                is_yuv(frame),
                tags_of(frame, name=str(path)),
                stream.time_base or Fraction(1, 1000),
                frame_rate(stream),
                aspect if aspect > 0 else Fraction(1),
                display_matrix(frame),
                stream.frames,
            )
        return cls(info)

    def frames(self) -> Iterator[TimedFrame]:
        """Yield the frames; those that are broken are replaced by the one before and counted in `broken`.

        Raises:
            StylerError: If the size of the frames changes.
        """
        counter = [0]
        with opened(self.info.path) as container:
            stream = video_stream(container, self.info.path)
            stream.thread_type = "AUTO"
            for timed in decoded(container, stream, self.info.path, counter):
                self.broken = counter[0]
                frame, info = timed.frame, self.info
                if (frame.width, frame.height) != (info.width, info.height):
                    what = f"{info.path}: frames change from {info.width}×{info.height} to {frame.width}×{frame.height}"
                    raise StylerError(
                        what, f"give it one size, e.g. ffmpeg -i IN -vf scale={info.width}:{info.height} OUT"
                    )
                yield timed
        self.broken = counter[0]


def opened(path: Path) -> av.container.InputContainer:
    """Return the open container.

    Raises:
        StylerError: If it can't be read.
    """
    try:
        return av.open(str(path), metadata_errors="replace")
    except (av.error.FFmpegError, ValueError, OverflowError, UnicodeError) as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> StylerError:
    """Return the error for a file that FFmpeg does not read."""
    reason = getattr(error, "strerror", None) or next(iter(str(error).splitlines()), type(error).__name__)
    return StylerError(f"can't read {path}: {reason}", "check that the file is complete, and plays in another program")


def video_stream(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    """Return the first stream with moving pictures; covers of music do not count.

    Raises:
        StylerError: If there is none, or FFmpeg has no decoder for it.
    """
    kinds = sorted({stream.type for stream in container.streams})
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            if stream.codec_context is None:
                todo = "convert it with another program, e.g. to H.264"
                raise StylerError(f"{path} has video of an unknown or encrypted codec", todo)
            return stream
    found = f"only {' and '.join(kinds)}" if kinds else "no streams"
    raise StylerError(f"{path} has no video, {found}", "give a file with moving pictures")


def frame_rate(stream: av.VideoStream) -> Fraction:
    """Return the average frames per second, or what comes next to it."""
    for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate):
        if rate and 0 < rate <= 1000:
            return Fraction(rate)
    return FOLDER_RATE


def display_matrix(frame: av.VideoFrame) -> tuple[int, ...] | None:
    """Return the display matrix of a frame, None if it is the identity."""
    data = frame.side_data.get("DISPLAYMATRIX")
    matrix = None if data is None else tuple(np.frombuffer(bytes(data), "=i4")[:9].tolist())
    return None if matrix == (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30) else matrix


def decoded(
    container: av.container.InputContainer, stream: av.VideoStream, path: Path, broken: list[int]
) -> Iterator[TimedFrame]:
    """Yield the frames with times that increase; `broken[0]` counts those that can't be decoded.

    In their place the frame before is repeated. Times that are missing, or not after the one before, are set from the
    frame rate.
    """
    usual = max(1, round(1 / (frame_rate(stream) * (stream.time_base or Fraction(1, 1000)))))
    last: TimedFrame | None = None
    missing = 0
    for frame in decoded_or_broken(container, stream, path, broken):
        if frame is None:
            missing += 1
            continue
        for _ in range(missing):
            if last is not None and (frame.pts is None or last.pts + 1.5 * usual < frame.pts):
                last = last._replace(pts=last.pts + usual)
                yield last
        missing = 0
        pts = frame.pts
        if pts is None or (last is not None and pts <= last.pts):
            pts = 0 if last is None else last.pts + (usual if pts is None else 1)
        last = TimedFrame(pts, int(frame.duration or 0) or usual, frame)
        yield last
    if last is not None:
        for number in range(1, missing + 1):
            yield TimedFrame(last.pts + number * usual, usual, last.frame)


def decoded_or_broken(
    container: av.container.InputContainer, stream: av.VideoStream, path: Path, broken: list[int]
) -> Iterator[av.VideoFrame | None]:
    """Yield each frame, None for one that can't be decoded."""
    in_a_row = 0
    packets = container.demux(stream)
    while True:
        packet = next_packet(packets, broken)
        try:
            frames = stream.codec_context.decode(packet if packet is not None and packet.size else None)
        except av.error.EOFError:
            return
        except (av.error.FFmpegError, ValueError) as error:
            broken[0], in_a_row = broken[0] + 1, in_a_row + 1
            if in_a_row > MAX_BROKEN or isinstance(error, av.error.PatchWelcomeError):
                raise unreadable(path, error) from error
            yield None
            if packet is None:
                return
            continue
        in_a_row = 0
        for frame in frames:
            broken[0] += frame.is_corrupt
            yield None if frame.is_corrupt else frame
        if packet is None or not packet.size:
            return


def next_packet(packets: Iterator[av.Packet], broken: list[int]) -> av.Packet | None:
    """Return the next packet; None at the end, which is counted as broken if it comes too early."""
    try:
        return next(packets, None)
    except (av.error.FFmpegError, ValueError, OverflowError):
        broken[0] += 1
        return None


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
