import numpy as np
import pytest
import torch
from PIL import ImageFont

from styler.choices import LEVELS
from styler.images import Picture
from styler.images.contact_sheet import ALPHAS, LINE, MARGIN, contact_sheet, label


def flat(height: int, width: int, seen: list):
    """Return what stands for a stylizer: flat pictures that tell strength and levels by their colour."""

    def stylized(alpha, levels):
        seen.append((alpha, tuple(levels)))
        return Picture.of(torch.tensor([alpha, len(levels) / 4, 0.0]).view(3, 1, 1).expand(3, height, width))

    return stylized


def test_strengths_go_across_and_levels_down():
    seen = []
    sheet = contact_sheet(flat(50, 300, seen), LEVELS).samples
    assert seen == [(alpha, LEVELS[first:]) for first in range(4) for alpha in ALPHAS]
    assert sheet.shape == (1, 3, MARGIN + 4 * (50 + LINE + MARGIN), MARGIN + 4 * (300 + MARGIN))
    for row in range(4):
        for column, alpha in enumerate(ALPHAS):
            y = MARGIN + row * (50 + LINE + MARGIN) + LINE
            x = MARGIN + column * (300 + MARGIN)
            picture = sheet[0, :, y : y + 50, x : x + 300]
            expected = torch.tensor([alpha, (4 - row) / 4, 0]).mul(255).add(0.5).to(torch.uint8)
            assert (picture == expected.view(3, 1, 1)).all()


def test_every_picture_has_a_label_above_it_and_the_rest_is_white():
    sheet = contact_sheet(flat(20, 300, []), LEVELS[2:]).samples
    above = sheet[0, :, MARGIN : MARGIN + LINE]
    for column in range(4):
        x = MARGIN + column * (300 + MARGIN)
        assert (above[..., x : x + 300] < 128).sum() > 50
    assert (sheet[0, :, :MARGIN] == 255).all()
    assert (sheet[..., -MARGIN:] == 255).all()


@pytest.mark.parametrize(
    ("levels", "words"), [(LEVELS, "all levels"), (LEVELS[1:2], "relu3_1"), (LEVELS[2:], "relu2_1,relu1_1")]
)
def test_labels_are_options_that_can_be_typed(levels, words):
    assert label(0.25, levels) == f"--alpha 0.25  {words}"
    assert label(0.25, LEVELS[2:], known=LEVELS[2:]) == "--alpha 0.25  all levels"


def test_labels_of_narrow_pictures_do_not_run_into_each_other():
    sheet = contact_sheet(flat(40, 10, []), LEVELS).samples
    widest = ImageFont.load_default().getlength(label(0.25, LEVELS[1:]))
    assert sheet.shape[-1] >= 4 * widest
    dark = (sheet[0] < 128).all(0).numpy()
    second = dark[MARGIN + 40 + LINE + MARGIN : MARGIN + 40 + 2 * LINE + MARGIN]
    inked = np.flatnonzero(second.any(0))
    gaps = np.diff(inked)
    assert (gaps >= MARGIN // 2).sum() >= 3
