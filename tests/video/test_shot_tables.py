import numpy as np
import pytest
import torch
from clips import HEIGHT, WIDTH, moving_frames, write_clip
from PIL import Image
from samples import picture

from styler.photo.lookup import graded
from styler.transfer.style import Style
from styler.video.color import rgb_of
from styler.video.reading import open_video
from styler.video.shot_tables import load_tables, save_tables, shot_tables

PHOTO = {"photo": True, "steady": 0.0, "alpha": 0.8}


def colors(path):
    video = open_video(path)
    return torch.cat([rgb_of(timed.frame, video.info.tags) for timed in video.frames()])


@pytest.fixture
def look(stylizer, style) -> Style:
    return stylizer.style(style)


def test_tables_are_read_as_they_were_written(stylizer, look, tmp_path):
    mask = torch.zeros(1, 1, 48, 64, dtype=torch.uint8)
    mask[..., :20] = 255
    frames = [picture(seed=k) for k in range(2)]
    tables = shot_tables(stylizer, frames, [look, look], masks=[mask, mask], alpha=0.8)
    assert len(tables) == 2
    save_tables(tables, tmp_path / "x")
    for found, table in zip(load_tables(tmp_path / "x"), tables, strict=True):
        assert found.values.equal(table.values)


def test_strength_0_changes_nothing(stylizer, look):
    frame = picture()
    (table,) = shot_tables(stylizer, [frame], [look], masks=[None], alpha=0.0)
    torch.testing.assert_close(graded(frame, [table]), frame, atol=1e-5, rtol=0)


def test_a_color_is_the_same_in_all_frames_of_a_shot(stylized, tmp_path):
    frames = moving_frames(6, step=4)
    source = write_clip(tmp_path / "a.mkv", frames, codec="ffv1", format="yuv444p")
    stylized(source, tmp_path / "b.mkv", settings=PHOTO, codec="ffv1")
    before, after = colors(source), colors(tmp_path / "b.mkv")
    assert float((after - before).abs().mean()) > 0.02
    for k in range(1, 6):  # what moved by 4 pixels to the left
        moved = before[k, ..., :-4] - before[k - 1, ..., 4:]
        apart = after[k, ..., :-4] - after[k - 1, ..., 4:]
        assert float(apart[moved.abs() < 1e-6].abs().max()) < 0.02


def test_kept_areas_stay_and_a_stopped_run_goes_on(stylized, tmp_path):
    source = write_clip(tmp_path / "a.mkv", moving_frames(4), codec="ffv1")
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[:, : WIDTH // 2] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")

    def stop(stage, done, total):
        if stage == "stylize" and done == 3:
            raise KeyboardInterrupt

    settings = PHOTO | {"keep": tmp_path / "mask.png"}
    with pytest.raises(KeyboardInterrupt):
        stylized(source, tmp_path / "b.mkv", settings=settings, codec="ffv1", progress=stop)
    stylized(source, tmp_path / "b.mkv", settings=settings, codec="ffv1")
    stylized(source, tmp_path / "c.mkv", settings=settings, codec="ffv1")
    assert colors(tmp_path / "b.mkv").equal(colors(tmp_path / "c.mkv"))
    apart = (colors(tmp_path / "b.mkv") - colors(source)).abs()
    assert float(apart[..., : WIDTH // 2].max()) < 1 / 255
    assert float(apart[..., WIDTH // 2 :].mean()) > 0.02
