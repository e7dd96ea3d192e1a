import pytest
import torch
from samples import TINY, picture
from torch import nn

from styler.model.decoder import Decoder
from styler.model.encoder import Encoder, convolutions
from styler.training.layerwise import fitted, informative_channels, narrow_layers, patches


def wide_encoder(widths: tuple[int, ...]) -> Encoder:
    encoder = Encoder(widths).requires_grad_(False)
    for conv in convolutions(encoder):
        nn.init.kaiming_normal_(conv.weight)
    return encoder


@pytest.fixture
def images():
    return torch.cat([picture(48, 48, seed=k) for k in range(6)])


def test_patches_are_what_the_convolution_reads(images):
    conv = convolutions(wide_encoder(TINY))[0]
    rows, columns = torch.tensor([0, 5, 47]), torch.tensor([0, 47, 9])
    found = patches(images, rows, columns) @ conv.weight.flatten(1).T + conv.bias
    torch.testing.assert_close(found, conv(images)[..., rows, columns].transpose(1, 2).flatten(0, 1))


def test_a_fit_through_the_relu_ignores_how_far_below_zero_the_target_is():
    inputs = torch.rand(4000, 3) * 2 - 1
    clipped = (inputs @ torch.tensor([[1.0], [2.0], [-1.0]])).clamp(-0.1)
    errors = []
    for has_relu in (False, True):
        weight, bias = fitted(inputs, clipped, has_relu=has_relu)
        errors.append((inputs @ weight.T + bias).relu().sub(clipped.relu()).square().mean())
    assert errors[1] < 0.5 * errors[0]


def test_channels_that_others_can_be_computed_from_are_chosen():
    source = torch.randn(500, 2, dtype=torch.float64)
    mixed = source @ torch.tensor([[1.0, 0.5, 0.3], [0.2, 1.0, -0.4]], dtype=torch.float64)
    activations = torch.cat([mixed, 0.01 * torch.randn(500, 1, dtype=torch.float64)], 1)
    chosen = informative_channels(activations, 2)
    assert 3 not in chosen
    assert informative_channels(activations, 4).sort().values.tolist() == [0, 1, 2, 3]


def test_redundant_channels_are_dropped_without_loss(images):
    wide, shares = wide_encoder(tuple(2 * x for x in TINY)), {}
    for conv in convolutions(wide):  # the second half of every layer repeats the first
        half = conv.out_channels // 2
        conv.weight[half:], conv.bias[half:] = 0.5 * conv.weight[:half], 0.5 * conv.bias[:half]
    narrow = Encoder(TINY).requires_grad_(False)
    narrow_layers(narrow, wide, images, images, report=shares.__setitem__)
    assert list(shares) == list(narrow.convs)
    assert max(shares.values()) < 0.03  # the ridge
    found, wanted = narrow(images, "relu4_1"), wide(images, "relu4_1")
    kept = [min(range(wanted.shape[1]), key=lambda k: (wanted[:, k] - x).square().mean()) for x in found.unbind(1)]
    torch.testing.assert_close(found, wanted[:, kept], atol=0.1 * float(wanted.std()), rtol=0)


def test_layers_before_the_first_one_stay(images):
    narrow, before = wide_encoder(TINY), {}
    for name, conv in narrow.convs.items():
        before[name] = conv.weight.clone()
    narrow_layers(narrow, wide_encoder(tuple(2 * x for x in TINY)), images, images, first="conv2_1")
    changed = {name for name, conv in narrow.convs.items() if not torch.equal(conv.weight, before[name])}
    assert changed == set(narrow.convs) - {"conv1_1", "conv1_2"}


def test_an_antialiased_decoder_learns_a_plain_ones_pictures(images):
    wide, narrow = (Decoder("relu2_1", TINY, antialiased=x).requires_grad_(False) for x in (False, True))
    for conv in convolutions(wide):
        nn.init.kaiming_normal_(conv.weight)
    features = torch.nn.functional.avg_pool2d(torch.randn(6, TINY[1], 24, 24), 5, 1, padding=2)
    narrow_layers(narrow, wide, features, features)
    found, wanted = narrow(features), wide(features)
    assert (found - wanted).square().mean() < 0.5 * wanted.var()
