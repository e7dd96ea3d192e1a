"""The graphs before they are exported: the picture of the cascade with exact roots, for any picture of any size."""

import pytest
import torch
from samples import picture

from styler.export.graphs import StyleGraph, TransferGraph, moment_names
from styler.export.padding import cropped, padded
from styler.model.weights import Model, load_model
from styler.transfer import tiling
from styler.transfer.cascade import cascade
from styler.transfer.style import style_of
from styler.transfer.stylizer import Stylizer

NATURAL = picture(61, 83)
STEPS = 255


def plain(height: int, width: int, *color: float) -> torch.Tensor:
    return torch.tensor(color).view(1, 3, 1, 1).expand(1, 3, height, width).contiguous()


RAMP = torch.linspace(0, 1, 64).expand(1, 3, 48, 64).contiguous()
DEGENERATE = {
    "flat": plain(48, 64, 0.6, 0.6, 0.6),
    "black": plain(40, 40, 0.0, 0.0, 0.0),
    "red": plain(33, 47, 1.0, 0.0, 0.0),
    "ramp": RAMP,
    "two-tone": (RAMP > 0.5).float(),
    "grey": NATURAL.mean(1, keepdim=True).expand(-1, 3, -1, -1).contiguous(),
    "pixel": NATURAL[..., :1, :1],
    "row": NATURAL[..., :1, :40],
    "column": NATURAL[..., :40, :1],
    "thin": NATURAL[..., :3, :40],
    "tiny": NATURAL[..., :17, :9],
}


@pytest.fixture(scope="module")
def small() -> Model:
    return load_model("small")


def graph_result(model: Model, content: torch.Tensor, style: torch.Tensor, strength: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        *moments, roughness = StyleGraph(model.encoder, model.levels)(style)
        return TransferGraph(model)(content, strength, roughness, *moments)


def strengths(model: Model, **named: float) -> torch.Tensor:
    """Return strengths by level, as graphs take them; a level that is not named is left out."""
    return torch.tensor([named.get(level, -1.0) for level in model.levels])


def difference(model: Model, content: torch.Tensor, style: torch.Tensor) -> torch.Tensor:
    """Return the difference to the cascade, in steps of 8 bits."""
    found = graph_result(model, content, style, torch.ones(len(model.levels)))
    with torch.no_grad():
        expected = cascade(model, content, style_of(model.encoder, style), method="eigh")
    assert found.shape == content.shape
    assert found.isfinite().all()
    return (found - expected).abs() * STEPS


@pytest.mark.parametrize(("height", "width"), [(125, 163), (197, 117), (256, 88)])
def test_natural_pictures_agree_with_exact_roots(small, height, width):
    off = difference(small, picture(height, width, seed=2), picture(150, 170, seed=3))
    assert off.max() < 0.1, off.max()
    assert off.mean() < 0.001, off.mean()


@pytest.mark.parametrize(("height", "width"), [(61, 83), (97, 53), (128, 40)])
def test_pictures_with_fewer_cells_than_channels_agree_nearly(small, height, width):
    off = difference(small, picture(height, width, seed=2), picture(70, 90, seed=3))
    assert off.max() < 0.5, off.max()
    assert off.mean() < 0.02, off.mean()


@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_styles_and_contents_agree_with_exact_roots(small, name):
    for content, style in ((NATURAL, DEGENERATE[name]), (DEGENERATE[name], NATURAL)):
        off = difference(small, content, style)
        assert off.max() < 4, off.max()
        assert off.mean() < 0.3, off.mean()


def test_strength_by_level_and_levels_left_out_are_those_of_the_library(small):
    content, style = picture(150, 170), picture(125, 163, seed=1)
    found = graph_result(small, content, style, strengths(small, relu4_1=0.8, relu2_1=0.4))
    alpha, levels = {"relu4_1": 0.8, "relu2_1": 0.4}, ["relu4_1", "relu2_1"]
    expected = Stylizer("small", dtype="float32").stylize(content, style, alpha=alpha, levels=levels, method="eigh")
    assert (found - expected).abs().max() * STEPS < 0.1


def test_strength_zero_is_the_content(small):
    assert torch.equal(graph_result(small, NATURAL, RAMP, torch.zeros(len(small.levels))), NATURAL)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 30), (7, 16), (17, 9), (24, 33)])
def test_padding_is_that_of_the_library(height, width):
    images = torch.rand(1, 3, height, width)
    assert torch.equal(padded(images), tiling.padded(images))
    assert torch.equal(cropped(padded(images), images), images)


def test_moments_are_named_as_in_style_files():
    assert moment_names(["relu2_1"]) == ["relu2_1.mean", "relu2_1.covariance"]


def test_networks_in_half_precision_give_nearly_the_same_picture(small):
    half = small.copy().to(torch.device("cpu"), torch.float16)
    style = picture(70, 90, seed=3)
    found, expected = (graph_result(model, NATURAL, style, torch.ones(len(model.levels))) for model in (half, small))
    assert found.dtype == torch.float32
    off = (found - expected).abs() * STEPS
    assert off.mean() < 1, off.mean()
    assert off.max() < 20, off.max()
