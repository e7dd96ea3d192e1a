import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from styler.covariance import CovariancePool2d, TemporalAttentiveCovariancePool
from styler.covariance.temporal_attention import TemporalAttention


def stirred(module: nn.Module) -> nn.Module:
    """Return the module as training may leave it."""
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.5)
    return module.double().eval()


def reference(module: TemporalAttention, frames: Tensor) -> Tensor:
    """Return calibrated frames `(T, N, C)` of one video, frame by frame."""
    changes = []
    for t, frame in enumerate(frames):
        before, long_before = frames[max(t - 1, 0)], frames[max(t - 2, 0)]
        affinity = module.query(before) @ module.key(long_before).T / frame.shape[1] ** 0.5
        attended = frame + module.norm(affinity.softmax(1) @ module.value(frame))
        near, far = frame.mean(0) - before.mean(0), (frame.mean(0) - long_before.mean(0)) / 2
        changes.append(attended * (module.gate(near) + module.gate(far)) / 2)
    kernel = module.over_time.weight
    total = []
    for t in range(len(frames)):
        around = [changes[(t + k - 1) % len(frames)] @ kernel[:, :, k].T for k in range(3)]
        total.append(frames[t] + sum(around) + module.over_time.bias)
    return torch.stack(total)


@pytest.mark.parametrize("num_frames", [1, 2, 5])
def test_attention_equals_a_plain_reference(num_frames):
    module = stirred(TemporalAttention(4))
    frames = torch.randn(2, num_frames, 6, 4, dtype=torch.float64)
    assert_close(module(frames), torch.stack([reference(module, video) for video in frames]))


def test_untrained_it_pools_all_frames_side_by_side():
    x = torch.randn(2, 5, 4, 3, 2)
    pooled = TemporalAttentiveCovariancePool(4)(x)
    assert_close(pooled, CovariancePool2d()(x.transpose(1, 2).flatten(2, 3)))


def test_trained_it_tells_a_video_from_its_reverse():
    layer = stirred(TemporalAttentiveCovariancePool(4))
    x = torch.randn(1, 5, 4, 3, 2, dtype=torch.float64)
    assert float((layer(x) - layer(x.flip(1))).detach().abs().max()) > 0.1


def test_every_weight_learns_after_the_first_steps():
    layer = TemporalAttentiveCovariancePool(4)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        layer(torch.randn(2, 4, 4, 3, 3)).pow(2).sum().backward()
        optimizer.step()
    for name, parameter in layer.named_parameters():
        assert parameter.grad is not None
        if name != "attention.key.bias":  # softmax takes no notice of what all keys share
            assert float(parameter.grad.abs().max()) > 0, name


@pytest.mark.parametrize("kernel_size", [0, 2])
def test_even_kernels_are_refused(kernel_size):
    with pytest.raises(ValueError, match="expected kernel_size odd"):
        TemporalAttentiveCovariancePool(4, kernel_size=kernel_size)


def test_too_few_frames_for_the_kernel_are_refused():
    with pytest.raises(ValueError, match="expected x with 2 frames or more for kernel_size=5, got 1"):
        TemporalAttentiveCovariancePool(4, kernel_size=5)(torch.rand(2, 1, 4, 3, 3))


def test_training_on_one_position_is_refused():
    with pytest.raises(ValueError, match="expected x with more than one position"):
        TemporalAttentiveCovariancePool(4)(torch.rand(1, 1, 4, 1, 1))
