"""How fast a video is made, beside the network alone on the same frames."""

import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import torch

from styler.images import Picture
from styler.transfer.stylizer import Stylizer
from styler.video.clip import stylize_clip
from styler.video.clip_output import Output
from styler.video.frame_images import frame_image
from styler.video.frame_stylizing import FrameStylizer, Sample
from styler.video.reading import open_video
from styler.video.settings import VideoSettings

SIZES = {(360, 640): 48, (720, 1280): 24, (1080, 1920): 12}
"""Frames of a clip, by height and width."""

STEP = 3
"""Pixels that the picture moves by in each frame, to the right, and a third of it down."""

ROUNDS = 2
"""The whole and the network alone are measured in turns."""


@dataclass(frozen=True)
class VideoSpeed:
    """Milliseconds of a frame.

    Attributes:
        model: Name of the model.
        dtype: Its precision.
        height: Of the frames.
        width: The same.
        frames: How many were measured, in all rounds.
        analysis: The first pass, with the maps of the clip's only shot.
        whole: The second pass: decoding, network, flow, blending, encoding, joining.
        network: The network alone.
    """

    model: str
    dtype: str
    height: int
    width: int
    frames: int
    analysis: float
    whole: float
    network: float

    @property
    def around(self) -> float:
        """Share of the second pass that is not the network's."""
        return max(0.0, 1 - self.network / self.whole)


def video_speed(
    stylizer: Stylizer, picture: Picture, style: Path, size: tuple[int, int], *, count: int, rounds: int = ROUNDS
) -> VideoSpeed:
    """Return the speed at a size.

    Args:
        stylizer: A loaded model.
        picture: What moves through the frames.
        style: A style picture.
        size: Height and width of the frames.
        count: Frames of the clip.
        rounds: How often it is made.
    """
    seconds = {"analyze": 0.0, "stylize": 0.0, "network": 0.0}
    with tempfile.TemporaryDirectory() as folder:
        clip, out = Path(folder) / "clip.mp4", Path(folder) / "result.mp4"
        write_moving_picture(clip, picture, size, count)
        settings = VideoSettings((style,))
        network = network_of(stylizer, settings, clip, size)
        network()  # the first run allocates its memory
        for _ in range(rounds):
            for stage, taken in seconds_of_stages(clip, out, stylizer, settings).items():
                seconds[stage] += taken
            begin = time.perf_counter()
            network()
            seconds["network"] += time.perf_counter() - begin
    frames = count * rounds
    dtype = str(stylizer.dtype).removeprefix("torch.")
    parts = (1000 * taken / frames for taken in seconds.values())
    return VideoSpeed(stylizer.model.name, dtype, *size, frames, *parts)


def seconds_of_stages(clip: Path, out: Path, stylizer: Stylizer, settings: VideoSettings) -> dict[str, float]:
    """Return the seconds of both passes over a clip."""
    begin, times = time.perf_counter(), []

    def progress(stage: str, done: int, total: int) -> None:
        if stage == "stylize":
            times.append(time.perf_counter())

    stylize_clip(clip, stylizer, settings, Output(out, overwrite=True), progress=progress)
    others = time.perf_counter() - times[0]
    second = others * len(times) / (len(times) - 1)  # the first frame ends when the first pass and it are over
    return {"analyze": max(0.0, times[0] - begin - (second - others)), "stylize": second}


def network_of(stylizer: Stylizer, settings: VideoSettings, clip: Path, size: tuple[int, int]) -> Callable[[], None]:
    """Return a function that stylizes all frames of a clip, which are in memory, with the maps of the first."""
    video = open_video(clip)
    images = [frame_image(timed, video.info, size) for timed in video.frames()]
    frames = FrameStylizer(stylizer, settings, size)
    maps = frames.maps_of([Sample(images[0])], 0.0)

    def run() -> None:
        for image in images:
            frames.stylized(image, 0.0, maps)

    return run


def write_moving_picture(path: Path, picture: Picture, size: tuple[int, int], count: int) -> None:
    """Write a clip in which a picture, mirrored and repeated where it ends, moves by whole pixels."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(25), options={"preset": "veryfast"})
        if not isinstance(stream, av.VideoStream):
            raise TypeError("expected a stream of video")
        stream.height, stream.width, stream.pix_fmt = *size, "yuv420p"
        for array in moving_picture(picture, size, count):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(array, format="rgb24")))
        container.mux(stream.encode(None))


def moving_picture(picture: Picture, size: tuple[int, int], count: int) -> Sequence[np.ndarray]:
    """Return the frames `(H, W, 3)`, bytes."""
    height, width = (side + STEP * count for side in size)
    scaled = picture.resized(max(width, height)).tensor(torch.uint8)[0].movedim(0, -1).numpy()
    lack = [(0, max(0, wanted - have)) for wanted, have in zip((height, width), scaled.shape, strict=False)]
    filled = np.pad(scaled, [*lack, (0, 0)], mode="symmetric")
    places = [(STEP * k // 3, STEP * k) for k in range(count)]
    return [np.ascontiguousarray(filled[top : top + size[0], left : left + size[1]]) for top, left in places]
