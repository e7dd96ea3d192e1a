"""Videos of all kinds: files that FFmpeg reads, animated pictures, and folders of numbered pictures."""

from fractions import Fraction
from pathlib import Path

from styler.errors import StylerError
from styler.files import check_regular
from styler.video.animated_picture import AnimatedPicture
from styler.video.frame_folder import FrameFolder
from styler.video.video_file import VideoFile
from styler.video.video_info import FOLDER_RATE, Video


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
