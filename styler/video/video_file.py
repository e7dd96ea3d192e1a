"""Videos in files that FFmpeg reads."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from styler.errors import StylerError
from styler.video.color import depth_of, is_yuv, tags_of
from styler.video.containers import display_matrix, frame_rate, opened, video_stream
from styler.video.decoding import decoded
from styler.video.video_info import MAX_PIXELS, TimedFrame, VideoInfo, size_error


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
