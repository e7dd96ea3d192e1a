import pytest
import torch
from samples import picture

from styler.benchmarks.photo.methods import METHODS, lab, rgb
from styler.benchmarks.photo.scores import FAINT, color_distance, gradient_ratio, photo_scores
from styler.transfer.moments import moments_of


@pytest.mark.parametrize("name", METHODS)
def test_each_method_keeps_a_picture_in_its_own_colors(name):
    image = picture(32, 32)
    torch.testing.assert_close(METHODS[name](image, image), image, atol=0.01, rtol=0)


@pytest.mark.parametrize("name", METHODS)
def test_each_method_comes_nearer_to_the_style(name):
    content, style = picture(32, 32), picture(32, 40, seed=1)
    scores = photo_scores(METHODS[name](content, style), content, style)
    assert scores.color_left < 0.75
    assert 0.3 < scores.edge_ssim < 1
    assert scores.gradient_ratio > 1


def test_transport_takes_the_moments_and_histogram_matching_the_histogram():
    content, style = picture(32, 32), 0.3 + 0.3 * picture(32, 40, seed=1)
    found = moments_of(METHODS["RGB transport"](content, style))
    torch.testing.assert_close(found.covariance, moments_of(style).covariance, atol=2e-3, rtol=0)
    matched = METHODS["histogram matching"](content, style)
    for share in (0.1, 0.5, 0.9):
        assert float(matched[0, 0].quantile(share)) == pytest.approx(float(style[0, 0].quantile(share)), abs=0.02)


def test_lab_and_back_is_the_picture():
    image = picture(16, 16)
    torch.testing.assert_close(rgb(lab(image)), image, atol=1e-3, rtol=0)


def test_the_content_has_all_edges_and_the_style_all_colors():
    content, style = picture(32, 32), picture(32, 32, seed=1)
    assert photo_scores(content, content, style) == pytest.approx((1, 1, 1))
    assert photo_scores(style, content, style).color_left == 0
    assert color_distance(content, content + 0.1) == pytest.approx(0.1, abs=0.02)


def test_the_gradient_ratio_is_that_of_the_contrast():
    step = torch.zeros(1, 3, 16, 16)
    step[..., 8:] = 0.4
    assert gradient_ratio(2 * step, step) == pytest.approx((0.8 + FAINT) / (0.4 + FAINT), rel=0.01)
    assert gradient_ratio(step, torch.zeros_like(step)) > 40
