import random
import warnings
from fractions import Fraction

import av
import numpy as np
import pytest
from clips import COUNT, HEIGHT, WIDTH, moving_frames, packets_of, write_clip, write_sound
from PIL import Image

from styler.errors import StylerError
from styler.video.color import rgb_of
from styler.video.reading import open_video


def pixels(video):
    return [(rgb_of(timed.frame, video.info.tags)[0].movedim(0, -1).numpy() * 255).round() for timed in video.frames()]


def test_a_video_has_size_rate_times_and_tags(tmp_path):
    path = write_clip(tmp_path / "a.mp4", tags=(1, 1, 1, 1), aspect=Fraction(4, 3), rotation=90)
    video = open_video(path)
    info = video.info
    assert (info.width, info.height, info.rate, info.aspect) == (WIDTH, HEIGHT, 25, Fraction(4, 3))
    assert (info.tags.primaries, info.tags.transfer, info.tags.matrix, info.tags.full_range) == (1, 1, 1, False)
    assert info.quarter_turns == 1
    times = [timed.pts * info.time_base for timed in video.frames()]
    assert times == [Fraction(k, 25) for k in range(COUNT)]
    assert np.abs(pixels(video)[3] - moving_frames()[3]).mean() < 2


@pytest.mark.parametrize(("rotation", "turns"), [(0, 0), (90, 1), (180, 2), (270, 3)])
def test_rotation_is_counted_counterclockwise(rotation, turns, tmp_path):
    assert open_video(write_clip(tmp_path / "a.mp4", rotation=rotation)).info.quarter_turns == turns


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".apng"])
def test_animated_pictures_are_videos_with_a_duration_for_each_frame(suffix, tmp_path):
    path, durations = tmp_path / f"a{suffix}", [40, 80, 120, 50]
    first, *others = [Image.fromarray(frame) for frame in moving_frames(4, 31, 47)]
    format = {".apng": "PNG"}.get(suffix)
    first.save(path, format, save_all=True, append_images=others, duration=durations, lossless=True)
    video = open_video(path)
    assert (video.info.width, video.info.height) == (47, 31)
    timed = list(video.frames())
    assert [one.pts * video.info.time_base * 1000 for one in timed] == [0, 40, 120, 240]
    if suffix != ".gif":
        np.testing.assert_array_equal(pixels(video)[2], moving_frames(4, 31, 47)[2])


def test_a_folder_of_pictures_is_a_video_in_the_order_of_its_numbers(tmp_path):
    frames = moving_frames(11)
    for index, frame in enumerate(frames):
        Image.fromarray(frame).save(tmp_path / f"shot{index}.png")
    video = open_video(tmp_path, rate=Fraction(10))
    assert [timed.pts * video.info.time_base for timed in video.frames()] == [Fraction(k, 10) for k in range(11)]
    np.testing.assert_array_equal(pixels(video)[10], frames[10])
    pattern = open_video(tmp_path / "shot%d.png")
    assert len(list(pattern.frames())) == 11


def test_missing_and_repeated_times_are_set_from_the_rate(tmp_path):
    frames = moving_frames(5)
    with av.open(str(tmp_path / "a.h264"), "w", format="h264") as out:  # a bare stream has no times
        stream = out.add_stream("libx264", rate=25, options={"bf": "0"})
        stream.height, stream.width, stream.pix_fmt = HEIGHT, WIDTH, "yuv420p"
        for frame in frames:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        out.mux(stream.encode(None))
    times = [timed.pts for timed in open_video(tmp_path / "a.h264").frames()]
    assert len(times) == 5
    assert times == sorted(set(times))


def test_a_file_without_moving_pictures_is_refused(tmp_path):
    with av.open(str(tmp_path / "a.m4a"), "w", format="mp4") as out:
        write_sound(out, out.add_stream("aac", rate=44100), 0.5)
    with pytest.raises(StylerError, match=r"a\.m4a has no video, only audio"):
        open_video(tmp_path / "a.m4a")


@pytest.mark.parametrize("content", [b"", b"no video", b"\0" * 4096], ids=["empty", "text", "zeros"])
def test_what_is_no_video_is_refused_by_name(content, tmp_path):
    (tmp_path / "a.mp4").write_bytes(content)
    with pytest.raises(StylerError, match=r"can't read .*a\.mp4"):
        open_video(tmp_path / "a.mp4")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(StylerError, match=r"no such file or folder: .*a\.mp4"):
        open_video(tmp_path / "a.mp4")


def test_a_file_whose_index_is_cut_off_is_refused(tmp_path):
    path = write_clip(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(StylerError, match=r"can't read .*a\.mp4"):
        open_video(path)


def test_a_file_that_ends_too_early_gives_the_frames_that_are_there(tmp_path):
    path = write_clip(tmp_path / "a.mkv", options={"g": "1"})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert 0 < len(list(open_video(path).frames())) < COUNT


@pytest.mark.parametrize(("codec", "format"), [("libx264", "yuv420p"), ("png", "rgb24"), ("mjpeg", "yuvj420p")])
def test_broken_packets_are_repeated_and_counted(codec, format, tmp_path):
    path = write_clip(tmp_path / "a.avi", moving_frames(8), codec=codec, format=format, options={"g": "1", "bf": "0"})
    data, body = bytearray(path.read_bytes()), packets_of(path, "video")[3][2]
    place, third = data.find(body), len(body) // 3
    data[place + third : place + 2 * third] = bytes(third)
    path.write_bytes(data)
    video = open_video(path)
    frames = list(video.frames())
    assert np.diff([timed.pts for timed in frames]).tolist() == [1] * 7
    assert video.broken == 1
    np.testing.assert_array_equal(frames[3].frame.to_ndarray(), frames[2].frame.to_ndarray())


def test_a_size_that_changes_is_refused(tmp_path):
    parts = [write_clip(tmp_path / f"{k}.h264", moving_frames(5, 48, 64 + 16 * k)) for k in range(2)]
    path = tmp_path / "a.h264"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    with pytest.raises(StylerError, match=r"a\.h264: frames change from 64×48 to 80×48"):
        list(open_video(path).frames())


def test_hdr_is_refused_by_name(tmp_path):
    path = write_clip(tmp_path / "a.mkv", codec="ffv1", format="yuv420p10le", tags=(9, 16, 9, 1))
    with pytest.raises(StylerError, match=r"a\.mkv is HDR video \(PQ\)"):
        open_video(path)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".gif", ".apng", ".webp"])
def test_damaged_headers_neither_crash_nor_hang(suffix, tmp_path):
    frames = moving_frames(3)
    path = tmp_path / f"a{suffix}"
    if suffix in (".mp4", ".mkv"):
        write_clip(path, frames, sound=True)
    else:
        first, *others = map(Image.fromarray, frames)
        first.save(path, {".apng": "PNG"}.get(suffix), save_all=True, append_images=others, duration=40)
    data, chance, refused = path.read_bytes(), random.Random(0), 0
    for _ in range(40):
        damaged = bytearray(data)
        for _ in range(chance.randint(1, 12)):
            damaged[chance.randrange(min(len(damaged), 1500))] = chance.randrange(256)
        path.write_bytes(damaged)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                for _, _ in zip(range(20), open_video(path).frames(), strict=False):
                    pass
        except StylerError:
            refused += 1
    assert refused > 0
