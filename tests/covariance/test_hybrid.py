import sys

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from styler.covariance import CovariancePool2d, HybridMethod, WhiteningColoring2d
from styler.covariance.hybrid import NEWTON_SCHULZ, SVD_PADE


def model() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 4, 1), CovariancePool2d(method="mpa"), nn.Linear(10, 2))


def test_layers_switch_at_the_epoch():
    net = model()
    hybrid = HybridMethod(net, switch_epoch=2)
    roots = []
    for _ in range(4):
        roots.append(net[1].root)
        hybrid.step()
    assert roots == [NEWTON_SCHULZ, NEWTON_SCHULZ, SVD_PADE, SVD_PADE]


def test_outputs_are_those_of_the_method_of_the_epoch():
    net, x = model(), torch.randn(2, 3, 5, 5)
    hybrid = HybridMethod(net, switch_epoch=1)
    for root in (NEWTON_SCHULZ, SVD_PADE):
        layer = CovariancePool2d(**root)
        assert_close(net[1](x), layer(x), rtol=0, atol=0)
        hybrid.step()


def test_a_checkpoint_goes_on_in_the_same_epoch(tmp_path):
    first = HybridMethod(model(), switch_epoch=2)
    for _ in range(3):
        first.step()
    torch.save({"hybrid": first.state_dict()}, tmp_path / "checkpoint.pt")
    net = model()
    second = HybridMethod(net, switch_epoch=2)
    second.load_state_dict(torch.load(tmp_path / "checkpoint.pt")["hybrid"])
    assert second.epoch == 3
    assert net[1].root == SVD_PADE


def test_a_checkpoint_of_an_early_epoch_switches_back():
    net = model()
    hybrid = HybridMethod(net, switch_epoch=0)
    assert net[1].root == SVD_PADE
    hybrid.switch_epoch = 5
    hybrid.load_state_dict({"epoch": 4})
    assert net[1].root == NEWTON_SCHULZ


def test_layers_of_every_kind_are_found_inside_others():
    net = nn.ModuleDict({"a": nn.Sequential(CovariancePool2d()), "b": WhiteningColoring2d()})
    assert len(HybridMethod(net, switch_epoch=1).layers) == 2


@pytest.mark.skipif(sys.version_info[:3] == (3, 13, 0), reason="python/cpython#125608 hides changes from the compiler")
@pytest.mark.slow
def test_compiled_models_switch_too():
    torch._dynamo.reset()
    net, x = model(), torch.randn(2, 3, 5, 5)
    hybrid = HybridMethod(net, switch_epoch=1, first={"method": "newton_schulz", "max_iterations": 1})
    compiled = torch.compile(net, fullgraph=True, backend="eager")
    first = compiled(x)
    hybrid.step()
    assert_close(compiled(x), net(x), rtol=1e-5, atol=1e-6)
    assert float((compiled(x) - first).detach().abs().max()) > 1e-3


def test_models_without_covariance_layers_and_negative_epochs_are_refused():
    with pytest.raises(ValueError, match="expected model with a covariance layer, got Linear"):
        HybridMethod(nn.Linear(2, 2), switch_epoch=1)
    with pytest.raises(ValueError, match="expected switch_epoch of at least 0, got -1"):
        HybridMethod(model(), switch_epoch=-1)
