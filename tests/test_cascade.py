import pytest
import torch
from conftest import picture

from styler.cascade import cascade
from styler.style import style_of
from styler.trace import Trace
from styler.vgg import LEVELS


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (2, 2), (9, 33), (16, 16), (37, 50)])
def test_any_size_comes_out_as_it_went_in(tiny_model, size):
    style = style_of(tiny_model.encoder, picture())
    result = cascade(tiny_model, picture(*size), style)
    assert result.shape == (1, 3, *size)
    assert result.isfinite().all()
    assert 0 <= result.min() <= result.max() <= 1


def test_alpha_0_is_the_plain_reconstruction(tiny_model):
    image = expected = picture(48, 64)
    for level in LEVELS:
        expected = tiny_model.decoders[level](tiny_model.encoder(expected, level)).clamp(0, 1)
    result = cascade(tiny_model, image, style_of(tiny_model.encoder, picture(seed=1)), alpha=0.0)
    torch.testing.assert_close(result, expected, rtol=1e-4, atol=1e-4)


def test_the_same_picture_as_content_and_style_gives_the_plain_reconstruction(tiny_model):
    image = picture(48, 64)
    style = style_of(tiny_model.encoder, image)
    for level in LEVELS:
        plain = tiny_model.decoders[level](tiny_model.encoder(image, level)).clamp(0, 1)
        result = cascade(tiny_model, image, style, levels=[level])
        torch.testing.assert_close(result, plain, rtol=0, atol=2e-2)


def test_a_batch_equals_its_items_one_by_one(tiny_model):
    images = torch.cat([picture(seed=0), picture(seed=1)])
    styles = style_of(tiny_model.encoder, torch.cat([picture(seed=2), picture(seed=3)]))
    alone = [
        cascade(tiny_model, images[i : i + 1], style_of(tiny_model.encoder, picture(seed=2 + i))) for i in range(2)
    ]
    torch.testing.assert_close(cascade(tiny_model, images, styles), torch.cat(alone), rtol=0, atol=1e-3)


def test_a_flat_picture_in_a_flat_style_stays_flat(tiny_model):
    style = style_of(tiny_model.encoder, torch.full((1, 3, 40, 40), 0.2))
    result = cascade(tiny_model, torch.full((1, 3, 33, 47), 0.6), style)
    assert result.flatten(2).std(-1).max() < 1e-3


def test_the_trace_has_every_stage_and_how_exact_the_roots_were(tiny_model):
    heard = []
    trace = Trace(announce=heard.append)
    cascade(tiny_model, picture(), style_of(tiny_model.encoder, picture(seed=1)), trace=trace)
    assert list(trace.seconds) == ["encode", "root", "transform", "decode"]
    assert heard == list(trace.seconds) * len(LEVELS)
    assert 0 < trace.root_residual < 1e-3
