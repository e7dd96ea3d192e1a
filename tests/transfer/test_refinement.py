import pytest
import torch
from refining import tiny_network
from samples import picture

from styler.choices import LEVELS
from styler.images.pixels import quantized, resize_to, to_float
from styler.transfer import refinement
from styler.transfer.refinement import Views, add_change, halvings, refined
from styler.transfer.refinement_loss import RefinementLoss
from styler.transfer.refinement_progress import Watch
from styler.transfer.style import style_of

FULL = dict.fromkeys(LEVELS, 1.0)


@pytest.fixture
def network():
    return tiny_network()


@pytest.fixture
def refine(network):
    """Return a function that refines a picture toward a style."""

    def run(start, **options):
        seen = []

        def styles(share):
            seen.append(share)
            style = picture(48, 64, seed=1)
            return [style_of(network.encoder, resize_to(style, (round(48 * share), round(64 * share))))]

        options = {"num_steps": 4, "strengths": FULL, "max_memory": 2 << 30} | options
        with torch.no_grad():
            result, is_complete = refined(start, Views(picture(*start.shape[-2:])), network, styles, **options)
        return result, is_complete, seen

    return run


def test_the_loss_falls(refine, network):
    start, losses = picture(), []
    result, is_complete, _ = refine(start, num_steps=8, watch=Watch(lambda step: losses.append(step.loss)))
    loss = RefinementLoss(network, picture(), [style_of(network.encoder, picture(48, 64, seed=1))], alpha=FULL)
    assert is_complete
    assert result.shape == start.shape
    assert 0 <= result.min() <= result.max() <= 1
    assert loss(result)[0] < 0.9 * losses[0]


def test_tiles_give_the_same_picture(refine):
    start = picture(96, 160)
    whole, tiled = refine(start.clone(), tile=0)[0], refine(start, tile=128)[0]
    assert (whole.dtype, tiled.dtype) == (torch.float32, torch.uint16)
    apart = (to_float(tiled) - whole).abs()  # a step of Adam is as large for the least gradient, so that signs decide
    assert apart.median() < 5e-4
    assert apart.mean() < 2e-3


@pytest.mark.parametrize("size", [(41, 57), (1, 1), (9, 200)])
def test_a_picture_of_any_size_is_refined(refine, size):
    result, *_ = refine(picture(*size), num_steps=1)
    assert result.shape[-2:] == size
    assert result.isfinite().all()


def test_a_large_picture_is_refined_coarse_to_fine(refine, monkeypatch):
    monkeypatch.setattr(refinement, "COARSEST", 40)
    steps = []
    watch = Watch(lambda step: steps.append((step.number, step.num_steps, step.samples().shape[-1])))
    result, _, seen = refine(picture(96, 160), watch=watch)
    assert seen == [0.25, 0.5, 1]
    assert steps == [(1, 7, 40), (2, 7, 40), (3, 7, 40), (4, 7, 40), (5, 7, 80), (6, 7, 80), (7, 7, 160)]
    assert result.shape[-2:] == (96, 160)
    assert refine(picture(96, 160), has_sizes=False)[2] == [1]


def test_time_left_ends_at_zero(refine):
    left = []
    refine(picture(), watch=Watch(lambda step: left.append(step.seconds_left)))
    assert left[0] > left[-1] == 0


@pytest.mark.parametrize("coarsest", [512, 40])
def test_a_stop_gives_the_best_picture_so_far_at_full_size(refine, monkeypatch, coarsest):
    monkeypatch.setattr(refinement, "COARSEST", coarsest)
    steps = []
    watch = Watch(steps.append, stopped=lambda: len(steps) >= 2)
    result, is_complete, _ = refine(picture(96, 160), watch=watch)
    assert not is_complete
    assert len(steps) == 2
    assert result.shape[-2:] == (96, 160)
    assert not result.equal(picture(96, 160))


def test_a_stop_before_the_first_step_gives_the_start(refine):
    result, is_complete, _ = refine(picture(), watch=Watch(stopped=lambda: True))
    assert not is_complete
    assert result.equal(picture())


def test_halvings_end_with_the_picture_itself():
    assert halvings(300, 512) == [(300, 512)]
    assert halvings(301, 2000) == [(76, 500), (151, 1000), (301, 2000)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.uint16])
def test_a_change_is_enlarged_and_added(dtype):
    before = picture(96, 160) * 0.5
    pixels = before.clone() if dtype.is_floating_point else quantized(before, dtype)
    add_change(pixels, torch.full((1, 3, 48, 80), 0.1))
    torch.testing.assert_close(to_float(pixels), before + 0.1, rtol=0, atol=2e-5)  # rounded twice
