"""Small clips, made by PyAV: moving pictures, sound, and what was put into them."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import torch
from samples import picture

HEIGHT, WIDTH, COUNT = 48, 64, 12


def moving_frames(
    count: int = COUNT, height: int = HEIGHT, width: int = WIDTH, *, seed: int = 0, step: int = 2
) -> list[np.ndarray]:
    """Return frames `(H, W, 3)`, bytes, of a window that moves over a smooth picture."""
    wide = torch.nn.functional.avg_pool2d(picture(height + 8, width + count * step + 8, seed=seed), 5, 1, 2)
    array = (wide[0].movedim(0, -1) * 255).byte().numpy()
    return [np.ascontiguousarray(array[:height, k * step : k * step + width]) for k in range(count)]


def write_clip(
    path: Path,
    frames: list[np.ndarray] | None = None,
    *,
    codec: str = "libx264",
    format: str = "yuv420p",
    times: list[int] | None = None,
    time_base: Fraction = Fraction(1, 25),
    tags: tuple[int, int, int, int] | None = None,
    aspect: Fraction | None = None,
    rotation: int = 0,
    sound: bool = False,
    options: dict[str, str] | None = None,
) -> Path:
    """Write a clip; `tags` are primaries, transfer, matrix and range."""
    frames = moving_frames() if frames is None else frames
    quality = {"libx264": {"qp": "4", "preset": "ultrafast"}}.get(codec, {})
    with av.open(str(path), "w") as out:
        video = out.add_stream(codec, rate=25, options=quality | (options or {}))
        video.height, video.width = frames[0].shape[:2]
        video.pix_fmt, video.time_base, video.codec_context.time_base = format, time_base, time_base
        if tags is not None:
            context = video.codec_context
            context.color_primaries, context.color_trc, context.colorspace, context.color_range = tags
        if aspect is not None:
            video.codec_context.sample_aspect_ratio = aspect
            video.sample_aspect_ratio = aspect
        if rotation:
            video.set_display_rotation(rotation)
        audio = out.add_stream("aac", rate=44100) if sound else None
        matrix, full = (tags[2], tags[3]) if tags is not None else (6, 1)
        scale = {1: 1, 6: 5, 9: 9}[matrix]
        for index, array in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(array, format="rgb24")
            if format != "rgb24":
                same = {"src_colorspace": scale, "dst_colorspace": scale, "src_color_range": 2}
                frame = frame.reformat(format=format, dst_color_range=full, **same)
            frame.pts, frame.time_base = index if times is None else times[index], time_base
            if tags is not None:
                frame.color_primaries, frame.color_trc, frame.colorspace, frame.color_range = tags
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        if audio is not None:
            write_sound(out, audio, len(frames) / 25)
    return path


def write_sound(out: av.container.OutputContainer, stream: av.AudioStream, seconds: float) -> None:
    samples = np.sin(np.arange(int(44100 * seconds)) * 440 * 2 * np.pi / 44100).astype(np.float32) * 0.3
    frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = 44100, 0, Fraction(1, 44100)
    out.mux(stream.encode(frame))
    out.mux(stream.encode(None))


def packets_of(path: Path, kind: str) -> list[tuple[float, int, bytes]]:
    """Return the packets of the streams of a kind: time, duration, bytes."""
    with av.open(str(path)) as container:
        streams = [stream for stream in container.streams if stream.type == kind]
        return [
            (float(p.pts * p.time_base), p.duration, bytes(p))
            for p in container.demux(*streams)
            if p.size and p.pts is not None
        ]


def frames_of(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def times_of(path: Path) -> list[float]:
    return [float(frame.pts * frame.time_base) for frame in frames_of(path)]
