"""The graph that takes masks: the picture of the cascade with exact roots, for masks of any shape and number."""

import pytest
import torch
from samples import picture

from styler.export.graphs import MaskedTransferGraph, StyleGraph, TransferGraph
from styler.model.weights import Model, load_model
from styler.transfer.cascade import cascade
from styler.transfer.style import style_of

STEPS = 255
SIDES = 181, 243  # each half has more cells than channels
CONTENT = picture(*SIDES)
STYLES = [picture(150, 170, seed=seed) for seed in (3, 4, 5)]
WHOLE, EMPTY = torch.ones(1, 1, *SIDES), torch.zeros(1, 1, *SIDES)
HALF = (torch.arange(SIDES[1]) < 120).expand(1, 1, *SIDES).float()
SOFT = torch.linspace(0, 1, SIDES[0])[:, None].expand(1, 1, *SIDES).contiguous()
PIXEL, COLUMN = EMPTY.clone(), EMPTY.clone()
PIXEL[..., 17, 30] = 1
COLUMN[..., 8:9] = 1


@pytest.fixture(scope="module")
def small() -> Model:
    return load_model("small")


def styles_of(model: Model, pictures) -> list[torch.Tensor]:
    """Return the roughness and the moments of styles, each with a row for each style."""
    with torch.no_grad():
        found = [StyleGraph(model.encoder, TransferGraph(model).levels)(one) for one in pictures]
    *moments, roughness = (torch.cat(parts) for parts in zip(*found, strict=True))
    return [roughness, *moments]


def graph_result(model: Model, masks, strength=None, content=CONTENT) -> torch.Tensor:
    strength = torch.tensor([1.0 if strength is None else strength.get(level, -1.0) for level in model.levels])
    with torch.no_grad():
        return MaskedTransferGraph(model)(content, masks, strength, *styles_of(model, STYLES[: len(masks) + 1]))


def library_result(model: Model, masks, content=CONTENT, **how) -> torch.Tensor:
    with torch.no_grad():
        styles = [style_of(model.encoder, one) for one in STYLES[: len(masks) + 1]]
        return cascade(model, content, styles, masks=masks, method="eigh", **how)


def difference(model: Model, masks, content=CONTENT) -> torch.Tensor:
    """Return the difference to the library's picture, in steps of 8 bits."""
    found = graph_result(model, torch.cat(masks), content=content)
    assert found.shape == content.shape
    assert found.isfinite().all()
    return (found - library_result(model, torch.cat(masks), content)).abs() * STEPS


@pytest.mark.parametrize("masks", [(HALF,), (SOFT,), (WHOLE,), (HALF, SOFT), (WHOLE, WHOLE)])
def test_masks_agree_with_exact_roots(small, masks):
    off = difference(small, masks)
    assert off.max() < 0.1, off.max()
    assert off.mean() < 0.001, off.mean()


@pytest.mark.parametrize("masks", [(EMPTY,), (PIXEL,), (COLUMN,), (PIXEL, EMPTY), (WHOLE, PIXEL), (EMPTY, HALF)])
@pytest.mark.parametrize("content", [CONTENT, torch.full_like(CONTENT, 0.6)], ids=["natural", "flat"])
def test_degenerate_masks_agree_with_exact_roots(small, masks, content):
    off = difference(small, masks, content=content)
    assert off.max() < 2, off.max()
    assert off.mean() < 0.2, off.mean()


def test_without_white_pixels_the_picture_is_that_of_the_graph_without_masks(small):
    roughness, *moments = styles_of(small, STYLES[:1])
    with torch.no_grad():
        expected = TransferGraph(small)(CONTENT, torch.ones(len(small.levels)), roughness, *moments)
    assert (graph_result(small, EMPTY) - expected).abs().max() * STEPS < 0.1


def test_strength_by_level_and_levels_left_out_are_those_of_the_library(small):
    strength = {"relu4_1": 0.8, "relu2_1": 0.4}
    found = graph_result(small, HALF, strength)
    expected = library_result(small, HALF, alpha=strength, levels=["relu4_1", "relu2_1"])
    assert (found - expected).abs().max() * STEPS < 0.1


def test_strength_zero_is_the_content(small):
    assert torch.equal(graph_result(small, HALF, dict.fromkeys(small.levels, 0.0)), CONTENT)
