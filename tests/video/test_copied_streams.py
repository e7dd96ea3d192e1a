"""Subtitles and attachments come out as they went in; saved styles and colors work as with pictures."""

import io

import av
import numpy as np
import pytest
from clips import frames_of, moving_frames, packets_of, write_clip

from styler.choices import STYLE_SUFFIX
from styler.errors import StylerError
from styler.transfer.style_file import style_bytes

SUBTITLES = b"1\n00:00:00,000 --> 00:00:00,200\nfirst\n\n2\n00:00:00,240 --> 00:00:00,400\nsecond\n"
FONT = bytes(range(256))


@pytest.fixture
def titled(tmp_path):
    """A clip with subtitles and an attached file."""
    clip = write_clip(tmp_path / "plain.mkv", sound=True)
    path = tmp_path / "titled.mkv"
    with (
        av.open(str(clip)) as pictures,
        av.open(io.BytesIO(SUBTITLES), format="srt") as words,
        av.open(str(path), "w") as out,
    ):
        out.add_attachment("font.ttf", "application/x-truetype-font", FONT)
        sources = [*pictures.streams, *words.streams]
        targets = {one: out.add_stream_from_template(one) for one in sources}  # all before the first packet
        for packet in (*pictures.demux(), *words.demux()):
            if packet.dts is not None:
                packet.stream = targets[packet.stream]
                out.mux(packet)
    return path


def attachments(path):
    with av.open(str(path)) as container:
        return [(one.name, bytes(one.data)) for one in container.streams.attachments]


def test_subtitles_and_attachments_are_those_of_the_source(titled, stylized, tmp_path):
    assert len(packets_of(titled, "subtitle")) == 2
    stylized(titled, tmp_path / "b.mkv")
    for kind in ("audio", "subtitle"):
        assert packets_of(tmp_path / "b.mkv", kind) == packets_of(titled, kind)
    assert attachments(tmp_path / "b.mkv") == attachments(titled) == [("font.ttf", FONT)]


def test_a_container_that_cannot_hold_a_stream_is_refused(titled, stylized, tmp_path):
    with pytest.raises(StylerError, match="does not hold the subtitle"):
        stylized(titled, tmp_path / "b.mp4")


def test_a_saved_style_gives_the_frames_of_its_picture(stylizer, style, stylized, tmp_path):
    source = write_clip(tmp_path / "a.mkv", moving_frames(3), codec="ffv1")
    saved = tmp_path / f"saved{STYLE_SUFFIX}"
    saved.write_bytes(style_bytes(stylizer.style(style)))
    stylized(source, tmp_path / "b.mkv", codec="ffv1")
    stylized(source, tmp_path / "c.mkv", settings={"styles": (saved,)}, codec="ffv1")
    plain, named = ([one.to_ndarray(format="rgb24") for one in frames_of(tmp_path / n)] for n in ("b.mkv", "c.mkv"))
    assert np.abs(np.stack(plain).astype(int) - np.stack(named)).max() <= 2


def test_colors_are_matched_to_those_of_the_frames(stylized, tmp_path):
    source = write_clip(tmp_path / "a.mkv", moving_frames(3), codec="ffv1")
    means = {}
    for choice in ("none", "match"):
        stylized(source, tmp_path / f"{choice}.mkv", settings={"preserve_color": choice}, codec="ffv1")
        means[choice] = np.mean(
            [one.to_ndarray(format="rgb24") for one in frames_of(tmp_path / f"{choice}.mkv")], (0, 1, 2)
        )
    wanted = np.mean([one.to_ndarray(format="rgb24") for one in frames_of(source)], (0, 1, 2))
    assert np.abs(means["match"] - wanted).max() < np.abs(means["none"] - wanted).max()
