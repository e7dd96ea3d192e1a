import pytest
import torch
from samples import picture

from styler.choices import LEVELS
from styler.model.weights import load_model
from styler.transfer.cascade import cascade
from styler.transfer.style import style_of
from styler.transfer.trace import Trace


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
    assert list(trace.seconds) == ["encode", "moments", "root", "transform", "decode", "clean"]
    assert [*dict.fromkeys(heard)] == list(trace.seconds)
    assert 0 < trace.root_residual < 1e-3


@pytest.mark.parametrize("kept_bytes", [0, 2**30])
@pytest.mark.parametrize("size", [(200, 120), (37, 301), (90, 90)])
def test_tiles_give_what_the_whole_gives(size, kept_bytes):
    model = load_model("small")
    style = style_of(model.encoder, picture(seed=1))
    whole = cascade(model, picture(*size), style)
    tiles = cascade(model, picture(*size), style, tile=64, kept_bytes=kept_bytes)
    assert tiles.dtype == torch.uint16
    assert (tiles.float() / 65535 - whole).abs().max() <= 1e-3


def test_tiles_give_what_the_whole_gives_by_regions_too():
    model = load_model("small")
    styles = [style_of(model.encoder, picture(seed=seed)) for seed in (1, 2)]
    mask = torch.linspace(0, 1, 120).expand(1, 1, 200, 120)
    whole, tiles = (cascade(model, picture(200, 120), styles, masks=mask, tile=tile) for tile in (None, 64))
    assert (tiles.float() / 65535 - whole).abs().max() <= 1e-3


def test_the_content_is_left_alone_by_tiles(tiny_model):
    image = (picture(96, 128) * 255).to(torch.uint8)
    before = image.clone()
    cascade(tiny_model, image, style_of(tiny_model.encoder, picture(seed=1)), tile=64)
    assert image.equal(before)


def test_strength_by_level_is_that_of_each_level(tiny_model):
    style = style_of(tiny_model.encoder, picture(seed=1))
    alone = cascade(tiny_model, picture(), style, alpha={"relu1_1": 0.0, "relu3_1": 0.5})
    uniform = cascade(tiny_model, picture(), style, alpha=dict.fromkeys(LEVELS, 0.3))
    torch.testing.assert_close(uniform, cascade(tiny_model, picture(), style, alpha=0.3))
    assert not torch.allclose(alone, cascade(tiny_model, picture(), style), atol=1e-3)


def test_a_style_by_tiles_is_the_style(tiny_model):
    image = picture(120, 200)
    for level, moments in style_of(tiny_model.encoder, image, tile=64).moments.items():
        torch.testing.assert_close(moments, style_of(tiny_model.encoder, image)[level], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("tile", [None, 64])
def test_the_share_of_work_done_rises_to_one(tiny_model, tile):
    shares = []
    cascade(
        tiny_model,
        picture(96, 80),
        style_of(tiny_model.encoder, picture(seed=1)),
        tile=tile,
        trace=Trace(advance=shares.append),
    )
    assert shares == sorted(shares)
    assert shares[0] > 0
    assert shares[-1] == pytest.approx(1)


def test_maps_that_are_given_are_applied_as_they_are(tiny_model):
    style, maps, image = style_of(tiny_model.encoder, picture(seed=1)), {}, picture(48, 64)
    first = cascade(tiny_model, image, style, maps=maps, seed_flats=False)
    assert list(maps) == list(LEVELS)
    other = style_of(tiny_model.encoder, picture(seed=2))
    torch.testing.assert_close(cascade(tiny_model, image, other, maps=maps, seed_flats=False), first)
    assert not torch.allclose(cascade(tiny_model, image, other, seed_flats=False), first)
