from collections import defaultdict

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from styler.benchmarks.workload import cascade_layers
from styler.model.weights import load_model
from styler.transfer.moments import moments_of
from styler.transfer.whitening import apply_affine, wct_affine

SIDE = 64


@pytest.fixture(scope="module")
def counted():
    """Return the operations by stage that torch counts while the shipped networks run."""
    model, flops = load_model("small"), defaultdict(int)

    def count(stage, call, *arguments):
        with FlopCounterMode(display=False) as counter:
            result = call(*arguments)
        flops[stage] += counter.get_total_flops()
        return result

    image = torch.rand(1, 3, SIDE, SIDE)
    for level in model.levels:
        features = count("encode", model.encoder, image, level)
        moments = count("moments", moments_of, features)
        mapped = count("transform", apply_affine, features, wct_affine(moments, moments))
        count("decode", model.decoders[level], mapped)
    return flops


def stage_sum(stage: str, field: str, *, side: int = SIDE, itemsize: int = 4) -> int:
    model = load_model("small")
    how = {"levels": model.levels, "antialiased": model.antialiased}
    layers = cascade_layers(model.encoder.widths, side, side, itemsize=itemsize, **how)
    return sum(getattr(layer, field) for layer in layers if layer.stage == stage)


@pytest.mark.parametrize("stage", ["encode", "moments", "transform", "decode"])
def test_operations_are_those_that_torch_counts(counted, stage):
    assert stage_sum(stage, "flops") == counted[stage]


@pytest.mark.parametrize("stage", ["encode", "moments", "transform", "decode"])
def test_operations_grow_with_the_area_and_odd_sizes_are_padded(stage):
    assert stage_sum(stage, "flops", side=2 * SIDE) == 4 * stage_sum(stage, "flops")
    assert stage_sum(stage, "flops", side=SIDE - 7) == stage_sum(stage, "flops")


def test_half_precision_moves_half_the_bytes_but_for_the_pictures():
    pictures = len(load_model("small").levels) * 12 * SIDE**2
    for stage in ("encode", "decode"):
        whole, half = (stage_sum(stage, "num_bytes", itemsize=size) for size in (4, 2))
        assert whole - pictures == 2 * (half - pictures)


def test_bytes_of_the_finest_level_are_a_picture_its_features_and_the_weights():
    layers = cascade_layers((16, 32, 64, 128), 16, 16, itemsize=2, levels=["relu1_1"])
    moved = 256 * (12 + 16 * 2) + 9 * 3 * 16 * 2
    assert [(layer.stage, layer.num_bytes) for layer in layers] == [
        ("encode", moved),
        ("moments", 256 * 16 * 2),
        ("transform", 0),
        ("decode", moved),
    ]
