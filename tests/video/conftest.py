"""Fixtures: a tiny model, a style, and a function that stylizes a clip."""

import pytest
from samples import picture

from styler.images import Picture
from styler.transfer.stylizer import Stylizer
from styler.video.clip import stylize_clip
from styler.video.clip_output import Output
from styler.video.settings import VideoSettings


@pytest.fixture
def stylizer(tiny_file):
    return Stylizer(tiny_file, device="cpu", dtype="float32")


@pytest.fixture
def style(tmp_path):
    path = tmp_path / "style.png"
    Picture.of(picture(40, 40, seed=9)).save(path)
    return path


@pytest.fixture
def stylized(stylizer, style):
    """Return a function that stylizes a clip: source, result, settings, then options of `Output`."""

    def run(source, out, *, settings=None, timing=None, folder_rate=None, progress=None, workers=None, **options):
        chosen = VideoSettings(**({"styles": (style,)} | (settings or {})))
        more = {} if progress is None else {"progress": progress}
        output = Output(out, **options)
        return stylize_clip(
            source, stylizer, chosen, output, timing=timing, folder_rate=folder_rate, workers=workers, **more
        )

    return run
