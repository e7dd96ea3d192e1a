import os
from fractions import Fraction

import av
import numpy as np
import pytest
from clips import COUNT, HEIGHT, WIDTH, frames_of, moving_frames, packets_of, times_of, write_clip
from PIL import Image

from styler.errors import StylerError
from styler.files import sha256
from styler.images import Picture
from styler.video import plan
from styler.video.clip_output import work_folder
from styler.video.color import rgb_of
from styler.video.plan import Timing
from styler.video.reading import open_video

NOTHING = {"alpha": 0.0}


def colors(path):
    video = open_video(path)
    return np.stack([rgb_of(timed.frame, video.info.tags)[0].numpy() * 255 for timed in video.frames()])


@pytest.mark.parametrize("tags", [(1, 1, 1, 1), (1, 1, 1, 2), (6, 6, 6, 1), (9, 1, 9, 1)], ids=str)
@pytest.mark.parametrize("format", ["yuv420p", "yuv422p10le", "yuv444p"])
def test_colors_and_tags_of_a_lossless_copy_are_those_of_the_source(format, tags, stylized, tmp_path):
    source = write_clip(tmp_path / "a.mkv", moving_frames(4), codec="ffv1", format=format, tags=tags)
    stylized(source, tmp_path / "b.mkv", settings=NOTHING, codec="ffv1")
    assert np.abs(colors(tmp_path / "b.mkv") - colors(source)).max() < 1
    before, after = (open_video(path).info for path in (source, tmp_path / "b.mkv"))
    assert (after.format, after.tags) == (before.format, before.tags)


def test_untagged_colors_get_the_matrix_that_they_were_read_with(stylized, tmp_path):
    source = write_clip(tmp_path / "a.mkv", moving_frames(2), codec="ffv1")
    stylized(source, tmp_path / "b.mkv", settings=NOTHING, codec="ffv1")
    frame = frames_of(tmp_path / "b.mkv")[0]
    assert (frame.colorspace, frame.color_range) == (6, 1)
    assert np.abs(colors(tmp_path / "b.mkv") - colors(source)).max() < 1


def test_what_is_white_in_the_mask_is_kept(stylized, tmp_path):
    source = write_clip(tmp_path / "a.mkv", moving_frames(4), codec="ffv1")
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[:, : WIDTH // 2] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    stylized(source, tmp_path / "b.mkv", settings={"keep": tmp_path / "mask.png"}, codec="ffv1")
    away = np.abs(colors(tmp_path / "b.mkv") - colors(source))
    assert away[..., : WIDTH // 2].max() < 1
    assert away[..., WIDTH // 2 :].mean() > 10


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_sound_and_times_are_those_of_the_source(suffix, stylized, tmp_path):
    times = [0, 2, 3, 7, 8, 9, 15, 16, 18, 20, 21, 25]
    options = {"time_base": Fraction(1, 1000), "times": [40 * one for one in times]}
    source = write_clip(tmp_path / f"a{suffix}", sound=True, **options)
    result = stylized(source, tmp_path / f"b{suffix}")
    assert packets_of(tmp_path / f"b{suffix}", "audio") == packets_of(source, "audio")
    assert times_of(tmp_path / f"b{suffix}") == times_of(source)
    assert result.num_frames == COUNT
    with av.open(str(source)) as a, av.open(str(tmp_path / f"b{suffix}")) as b:
        assert a.streams.video[0].time_base == b.streams.video[0].time_base
        if suffix != ".mkv":
            assert a.streams.video[0].duration == b.streams.video[0].duration


def test_rotation_and_aspect_are_kept_and_masks_are_upright(stylized, tmp_path):
    source = write_clip(tmp_path / "a.mp4", rotation=90, aspect=Fraction(4, 3))
    upright = np.zeros((WIDTH, HEIGHT), np.uint8)  # turned by a quarter, the picture is as high as it was wide
    upright[: WIDTH // 2] = 255
    Image.fromarray(upright).save(tmp_path / "mask.png")
    stylized(source, tmp_path / "b.mp4", settings={"keep": tmp_path / "mask.png"})
    before, after = (open_video(path).info for path in (source, tmp_path / "b.mp4"))
    assert (after.turn, after.aspect) == (before.turn, Fraction(4, 3))
    a, b = (np.rot90(colors(path), before.quarter_turns, (-2, -1)) for path in (source, tmp_path / "b.mp4"))
    away = np.abs(a - b)
    assert away[..., : WIDTH // 2 - 4, :].mean() < 3
    assert away[..., WIDTH // 2 :, :].mean() > 10


@pytest.mark.parametrize(
    ("codec", "suffix", "format"),
    [
        ("h264", ".mp4", "yuv420p"),
        ("hevc", ".mp4", "yuv420p10le"),
        ("av1", ".mkv", "yuv420p10le"),
        ("vp9", ".webm", "yuv420p"),
        ("prores", ".mov", "yuv422p10le"),
        ("ffv1", ".mkv", "yuv420p10le"),
    ],
)
def test_every_codec_is_written_with_depth_and_times(codec, suffix, format, stylized, tmp_path):
    depth = 10 if "10" in format else 8
    source = write_clip(
        tmp_path / "a.mkv",
        codec="ffv1",
        format="yuv420p" if depth == 8 else "yuv420p10le",
        tags=(1, 1, 1, 1),
    )
    out = tmp_path / f"b{suffix}"
    stylized(source, out, codec=codec, settings=NOTHING)
    info = open_video(out).info
    assert (info.format, info.tags.matrix, info.depth) == (format, 1, depth)
    np.testing.assert_allclose(times_of(out), times_of(source), atol=6e-4)
    assert np.abs(colors(out) - colors(source)).mean() < 4


@pytest.mark.parametrize(("codec", "suffix"), [("h264", ".mp4"), ("hevc", ".mp4"), ("vp9", ".webm"), ("ffv1", ".mkv")])
def test_odd_sizes_stay_odd(codec, suffix, stylized, tmp_path):
    source = write_clip(tmp_path / "a.mkv", moving_frames(3, 47, 63), codec="ffv1")
    stylized(source, tmp_path / f"b{suffix}", codec=codec)
    info = open_video(tmp_path / f"b{suffix}").info
    assert (info.width, info.height) == (63, 47)


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".apng"])
def test_animated_pictures_are_written_with_their_durations(suffix, stylized, tmp_path):
    durations = [40, 80, 120, 50]
    first, *others = map(Image.fromarray, moving_frames(4))
    first.save(tmp_path / "a.gif", save_all=True, append_images=others, duration=durations)
    stylized(tmp_path / "a.gif", tmp_path / f"b{suffix}")
    assert [
        timed.pts * open_video(tmp_path / f"b{suffix}").info.time_base * 1000
        for timed in open_video(tmp_path / f"b{suffix}").frames()
    ] == [0, 40, 120, 240]


def test_folders_of_frames_are_read_and_written(stylized, tmp_path):
    (tmp_path / "in").mkdir()
    frames = moving_frames(4)
    for index, frame in enumerate(frames):
        Picture.of(frame).save(tmp_path / "in" / f"{index}.png")
    stylized(tmp_path / "in", tmp_path / "out", settings=NOTHING)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [f"{k:05}.png" for k in range(1, 5)]
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "out" / "00003.png")), frames[2])
    stylized(tmp_path / "out", tmp_path / "c.mp4", folder_rate=Fraction(10))
    assert times_of(tmp_path / "c.mp4") == pytest.approx([0, 0.1, 0.2, 0.3])


def test_a_part_is_cut_out_with_its_sound(stylized, tmp_path):
    source = write_clip(tmp_path / "a.mkv", moving_frames(25), sound=True)
    timing = Timing(Fraction("0.2"), Fraction("0.6"))
    stylized(source, tmp_path / "b.mkv", timing=timing)
    assert times_of(tmp_path / "b.mkv") == pytest.approx([k / 25 for k in range(10)])
    sound = packets_of(tmp_path / "b.mkv", "audio")
    assert 0 <= sound[0][0] < 0.03
    assert 0.3 < sound[-1][0] < 0.4


@pytest.mark.parametrize("fps", [10, 50])
def test_another_rate_drops_or_repeats_frames_and_keeps_the_length(fps, stylized, tmp_path):
    source = write_clip(tmp_path / "a.mkv", moving_frames(10))
    result = stylized(source, tmp_path / "b.mkv", timing=Timing(fps=Fraction(fps)), settings=NOTHING, codec="ffv1")
    assert result.num_frames == fps * 10 / 25
    assert times_of(tmp_path / "b.mkv") == pytest.approx([k / fps for k in range(result.num_frames)], abs=1e-3)


def test_another_size_is_even(stylized, tmp_path):
    result = stylized(write_clip(tmp_path / "a.mp4"), tmp_path / "b.mp4", size=50)
    assert result.size == (38, 50)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_many_segments_become_one_file_with_rising_times(suffix, stylized, tmp_path, monkeypatch):
    monkeypatch.setattr(plan, "SEGMENT_FRAMES", 5)
    source = write_clip(tmp_path / f"a{suffix}", moving_frames(23), sound=True)
    stylized(source, tmp_path / f"b{suffix}")
    assert times_of(tmp_path / f"b{suffix}") == times_of(source)
    with av.open(str(tmp_path / f"b{suffix}")) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    assert [packet.is_keyframe for packet in packets].count(True) == 5
    decoding = [packet.dts for packet in packets if packet.dts is not None]
    assert decoding == sorted(set(decoding))
    assert all(packet.dts <= packet.pts for packet in packets if packet.dts is not None)


@pytest.mark.parametrize("moments", ["shot", "frame"])
def test_a_run_that_was_stopped_is_gone_on_with_and_gives_the_same_bytes(moments, stylized, tmp_path, monkeypatch):
    monkeypatch.setattr(plan, "SEGMENT_FRAMES", 4)
    source, settings = write_clip(tmp_path / "a.mp4", moving_frames(18), sound=True), {"moments": moments}
    stylized(source, tmp_path / "whole.mp4", settings=settings)
    for stop in (1, 6, 9, 17):

        def interrupt(stage, done, total, stop=stop):
            if stage == "stylize" and done == stop:
                raise KeyboardInterrupt

        out = tmp_path / f"{stop}.mp4"
        with pytest.raises(KeyboardInterrupt):
            stylized(source, out, settings=settings, progress=interrupt)
        assert not out.exists()
        assert not list(work_folder(out).glob(".*tmp"))
        result = stylized(source, out, settings=settings)
        assert result.num_new == 18 - (stop - 1) // 4 * 4
        assert sha256(out) == sha256(tmp_path / "whole.mp4")
        assert not work_folder(out).exists()


def test_other_settings_make_all_segments_again(stylized, tmp_path):
    source, out = write_clip(tmp_path / "a.mp4"), tmp_path / "b.mp4"

    def interrupt(stage, done, total):
        if stage == "stylize" and done == COUNT:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stylized(source, out, progress=interrupt)
    assert stylized(source, out, settings={"alpha": 0.5}).num_new == COUNT


def test_an_existing_result_is_replaced_only_when_asked(stylized, tmp_path):
    source, out = write_clip(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    out.write_bytes(b"mine")
    with pytest.raises(StylerError, match=r"b\.mp4 exists already"):
        stylized(source, out)
    assert out.read_bytes() == b"mine"
    stylized(source, out, overwrite=True)
    assert len(frames_of(out)) == COUNT


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("b.avi", {}, r"\.avi is not a video format"),
        ("b.webm", {"codec": "h264"}, r"\.webm does not hold h264"),
        ("b.mkv", {"codec": "ffv1", "crf": 20}, "no --crf"),
        ("b.mp4", {"preset": "nonsense"}, "libx264 refuses"),
        ("b.webm", {}, r"\.webm does not hold the audio of .*a\.mp4 \(aac\)"),
        ("none/b.mp4", {}, "cannot write .*b.mp4"),
    ],
)
def test_a_result_that_cannot_be_written_is_refused_before_work_begins(name, options, words, stylized, tmp_path):
    source = write_clip(tmp_path / "a.mp4", sound=True)
    with pytest.raises(StylerError, match=words):
        stylized(source, tmp_path / name, **options)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name[0] in ".b") == []


def test_a_missing_encoder_is_named_with_those_that_are_there(stylized, tmp_path, monkeypatch):
    monkeypatch.setattr(av, "codecs_available", av.codecs_available - {"libx265", "hevc_videotoolbox", "hevc_mf"})
    with pytest.raises(StylerError, match="no encoder for hevc") as caught:
        stylized(write_clip(tmp_path / "a.mp4"), tmp_path / "b.mp4", codec="hevc")
    assert "h264" in caught.value.todo


@pytest.mark.skipif(os.name != "posix", reason="needs file size limits")
def test_a_full_disk_is_one_error_and_leaves_no_half_file(stylized, tmp_path, monkeypatch):
    source, out = write_clip(tmp_path / "a.mp4"), tmp_path / "b.mp4"

    def full(file, packet):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("styler.video.segment_encoding.write_packet", full)
    with pytest.raises(StylerError, match="No space left") as caught:
        stylized(source, out)
    assert "free some space" in caught.value.todo
    assert not out.exists()


def test_the_container_of_the_result_is_whole_or_not_there(stylized, tmp_path, monkeypatch):
    source, out = write_clip(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    monkeypatch.setattr("styler.video.joining.read_segment", lambda path: iter(()) if False else (_ for _ in [1 / 0]))
    with pytest.raises(ZeroDivisionError):
        stylized(source, out)
    assert not out.exists()
    assert not list(tmp_path.glob(".*tmp"))


def test_a_part_without_frames_is_refused(stylized, tmp_path):
    with pytest.raises(StylerError, match="no frames in this part"):
        stylized(write_clip(tmp_path / "a.mp4"), tmp_path / "b.mp4", timing=Timing(Fraction(9)))
