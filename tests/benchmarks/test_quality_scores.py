import pytest
import torch
from samples import picture

from styler.benchmarks.quality.judges import Judge
from styler.benchmarks.quality.scores import content_left, judge_features, ssim, style_distances, style_left
from styler.choices import LEVELS
from styler.model.encoder import Encoder


@pytest.fixture
def judge() -> Judge:
    encoder = Encoder((4, 6, 8, 10)).requires_grad_(False)
    return Judge("random", lambda image: [encoder.pyramid(image)[level] for level in reversed(LEVELS)])


@pytest.fixture
def pictures() -> tuple[torch.Tensor, torch.Tensor]:
    return picture(48, 48, seed=1), picture(48, 48, seed=2)


def test_the_content_itself_keeps_all_content_and_takes_no_style(judge, pictures):
    content, style = (judge_features(judge, image) for image in pictures)
    assert content_left(content, content, style) == 0
    assert style_left(content, style, style_distances(content.moments, style)) == 1


def test_the_style_itself_keeps_no_content_and_has_all_style(judge, pictures):
    content, style = (judge_features(judge, image) for image in pictures)
    assert content_left(style, content, style) == 1
    assert style_left(style, style, style_distances(content.moments, style)) == pytest.approx(0, abs=1e-5)


def test_a_blend_scores_between_content_and_style(judge, pictures):
    content, style = (judge_features(judge, image) for image in pictures)
    near, far = (judge_features(judge, torch.lerp(*pictures, share)) for share in (0.2, 0.8))
    assert 0 < content_left(near, content, style) < content_left(far, content, style)
    assert style_left(far, style, style_distances(content.moments, style)) < style_left(
        near, style, style_distances(content.moments, style)
    )


def test_style_does_not_depend_on_positions(judge, pictures):
    content, style = (judge_features(judge, image) for image in pictures)
    shifted = judge_features(judge, pictures[1].roll(16, -1))
    assert (
        style_left(shifted, style, style_distances(content.moments, style))
        < 0.3
        < content_left(shifted, content, style)
    )


def test_ssim_is_one_for_the_same_picture_and_less_for_a_noisy_or_brighter_one(pictures):
    image, _ = pictures
    assert ssim(image, image) == pytest.approx(1, abs=1e-6)
    assert ssim((image + 0.1 * torch.randn_like(image)).clamp(0, 1), image) < 0.95
    assert ssim(1 - image, image) < 0.5


def test_ssim_of_flat_pictures_is_the_luminance_term_alone():
    dark, light = torch.full((1, 3, 16, 16), 0.2), torch.full((1, 3, 16, 16), 0.6)
    expected = (2 * 0.2 * 0.6 + 1e-4) / (0.2**2 + 0.6**2 + 1e-4)
    assert ssim(dark, light) == pytest.approx(expected, rel=1e-3)
