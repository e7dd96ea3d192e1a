"""What every layer of styler.covariance must do, whichever it is."""

import copy
import inspect
from collections.abc import Callable
from functools import partial
from typing import get_args

import pytest
import torch
from covariance_layers import CASES, Case
from torch import Tensor, nn
from torch.testing import assert_close
from torch.utils import checkpoint

from styler.covariance import (
    CovariancePool2d,
)
from styler.covariance.root_layer import DEFAULTS
from styler.matrix_sqrt import Method
from styler.matrix_sqrt.differentiation import Backward

STATEFUL = {name: case for name, case in CASES.items() if case.layer is not CovariancePool2d}
"""Those with weights or buffers, which a device and a dtype are for."""
every_layer = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
# Derivatives of eigenvectors divide by λi − λj, which is zero between null directions: the others cure that.
SINGULAR = {"svd", "svd_topn", "autograd"}
ROOTS = [
    *({"method": method} for method in get_args(Method)),
    *({"method": "svd", "backward": backward} for backward in sorted(set(get_args(Backward)) - SINGULAR)),
    {"method": "mpa", "max_iterations": 1, "backward": "lyapunov"},
    {"method": "mtp", "max_iterations": 1, "backward": "lyapunov"},
    {"method": "newton_schulz", "max_iterations": 5, "backward": "autograd", "normalize": "trace"},
]


def built(case: Case, *, dtype: torch.dtype = torch.float64, **options) -> nn.Module:
    """Return the layer with no parameter or statistic at a value that hides what it does."""
    torch.manual_seed(0)
    layer = case.layer(**options).to(dtype)
    for parameter in layer.parameters():
        nn.init.normal_(parameter, mean=0.5, std=0.3)
    for _ in range(2):
        layer(*inputs(case.shapes, dtype))
    return layer


def inputs(shapes, dtype: torch.dtype = torch.float64) -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype) + 0.3 for shape in shapes]


def results(layer: Callable[..., Tensor], arguments: list[Tensor], parameters=(), *, autocast=False) -> list[Tensor]:
    """Return the output, and the gradients of its weighted sum."""
    leaves = [x.clone().requires_grad_() for x in arguments]
    with torch.autocast("cpu", enabled=autocast):
        output = layer(*leaves)
    weight = torch.linspace(-1, 1, output.numel()).view_as(output).to(output)
    return [output.detach(), *torch.autograd.grad((output * weight).sum(), [*leaves, *parameters])]


@every_layer
def test_gradients_agree_with_differences(case):
    layer = built(case)
    parameters = dict(layer.named_parameters())

    def output(*values):
        named = dict(zip(parameters, values, strict=False))
        return torch.func.functional_call(layer, named, values[len(parameters) :])

    leaves = [x.requires_grad_() for x in inputs(case.shapes)]
    assert torch.autograd.gradcheck(output, (*parameters.values(), *leaves), fast_mode=True)


@every_layer
def test_second_derivatives_agree_with_differences(case):
    leaves = [x.requires_grad_() for x in inputs(case.shapes)]
    assert torch.autograd.gradgradcheck(built(case), leaves, fast_mode=True, atol=1e-4)


@every_layer
def test_activation_checkpointing_changes_nothing(case):
    layer = built(case).eval()
    checkpointed = partial(checkpoint.checkpoint, layer, use_reentrant=False)
    for found, wanted in zip(
        results(checkpointed, inputs(case.shapes)), results(layer, inputs(case.shapes)), strict=True
    ):
        assert_close(found, wanted, rtol=0, atol=0)


@every_layer
def test_an_empty_batch_comes_back_empty(case):
    layer = built(case)
    wanted = layer(*inputs(case.shapes)).shape[1:]
    assert layer.eval()(*(x[:0] for x in inputs(case.shapes))).shape == (0, *wanted)


@every_layer
def test_options_are_in_the_signature(case):
    signature = inspect.signature(getattr(case.layer, "func", case.layer))
    assert set(DEFAULTS) <= set(signature.parameters)
    assert not any(p.kind is inspect.Parameter.VAR_KEYWORD for p in signature.parameters.values())
    with pytest.raises(TypeError, match="unexpected keyword argument 'methd'"):
        case.layer(methd="eigh")


@every_layer
@pytest.mark.parametrize("root", ROOTS, ids=lambda root: "-".join(map(str, root.values())))
def test_deficient_covariances_give_finite_outputs_and_gradients(case, root):
    layer = built(case, dtype=torch.float32, **root)
    for found in results(layer, inputs(case.deficient, torch.float32), layer.parameters()):
        assert found.isfinite().all()


@every_layer
def test_constant_channels_give_finite_outputs_and_gradients(case):
    layer = built(case, dtype=torch.float32)
    for found in results(layer, [torch.ones(shape) for shape in case.shapes], layer.parameters()):
        assert found.isfinite().all()


@every_layer
def test_every_method_gives_the_same(case):
    arguments = inputs(case.shapes)
    expected = results(built(case), arguments)
    for method in get_args(Method):
        for found, wanted in zip(results(built(case, method=method), arguments), expected, strict=True):
            assert_close(found, wanted, rtol=1e-6, atol=1e-8)


@every_layer
def test_a_batch_equals_its_items_one_by_one_in_evaluation(case):
    layer = built(case).eval()
    arguments = inputs(case.shapes)
    alone = [layer(*(x[i : i + 1] for x in arguments)) for i in range(2)]
    assert_close(layer(*arguments), torch.cat(alone))


@every_layer
def test_a_batch_of_one_trains(case):
    layer = built(case, dtype=torch.float32)
    for found in results(layer, [x[:1] for x in inputs(case.shapes, torch.float32)], layer.parameters()):
        assert found.isfinite().all()


@every_layer
def test_one_item_with_nan_leaves_the_others_alone(case):
    layer = built(case).eval()
    arguments = inputs(case.shapes)
    expected = layer(*arguments)
    arguments[0][0].fill_(torch.nan)
    found = layer(*arguments)
    assert found[0].isnan().any()
    assert_close(found[1], expected[1])


@every_layer
def test_a_copy_and_a_loaded_state_give_the_same(case):
    layer, other = built(case).eval(), case.layer().double().eval()
    other.load_state_dict(layer.state_dict())
    arguments = inputs(case.shapes)
    for same in (other, copy.deepcopy(layer)):
        assert torch.equal(same(*arguments), layer(*arguments))


@every_layer
def test_reset_layers_forget(case):
    layer = built(case)
    for module in reversed(list(layer.modules())):
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
    fresh = case.layer().double().state_dict()
    for name, value in layer.state_dict().items():
        if not value.is_floating_point() or fresh[name].unique().numel() == 1:
            assert_close(value, fresh[name], msg=name)


@every_layer
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_comes_back_and_keeps_the_roots_precise(case, dtype):
    layer = built(case, dtype=torch.float32).eval()
    arguments = inputs(case.shapes, dtype)
    expected = layer(*(x.float() for x in arguments))
    found = layer.to(dtype)(*arguments)
    assert found.dtype == dtype
    assert_close(found.float(), expected, rtol=0.05, atol=0.05 * float(expected.detach().abs().max()))


@every_layer
def test_autocast_leaves_covariances_and_roots_in_single_precision(case):
    layer = built(case, dtype=torch.float32)
    learnt = any(isinstance(module, nn.Linear) for module in layer.modules())  # those run in bfloat16
    tol = 0.05 if learnt else 1e-5
    arguments = inputs(case.shapes, torch.float32)
    expected, found = results(layer, arguments), results(layer, arguments, autocast=True)
    for x, y in zip(found, expected, strict=True):
        assert_close(x.float(), y, rtol=tol, atol=tol * float(y.abs().max()))


@pytest.mark.parametrize("name", sorted(set(CASES) - {"pool", "head"}))  # parts of the others, and slow
@pytest.mark.slow
def test_compiled_in_one_graph_forward_and_backward(name):
    torch._dynamo.reset()
    case = CASES[name]
    layer = built(case)
    expected = results(layer, inputs(case.shapes), layer.parameters())
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    for found, wanted in zip(results(compiled, inputs(case.shapes), layer.parameters()), expected, strict=True):
        assert_close(found, wanted, rtol=1e-8, atol=1e-8)


@every_layer
def test_repr_shows_the_root_and_unknown_roots_are_named(case):
    assert "method='mpa'" in repr(case.layer(method="mpa", max_iterations=1))
    for options, name in (({"method": "qr"}, "method"), ({"backward": "qr"}, "backward"), ({"eps": -1.0}, "eps")):
        with pytest.raises(ValueError, match=f"expected {name}"):
            case.layer(**options)


@every_layer
def test_wrong_shapes_and_no_positions_are_refused(case):
    layer = case.layer()
    for shapes in ([(3, 4)] * len(case.shapes), [(*shape[:-1], 0) for shape in case.shapes]):
        with pytest.raises(ValueError, match="expected"):
            layer(*(torch.rand(shape) for shape in shapes))


@pytest.mark.parametrize("case", STATEFUL.values(), ids=STATEFUL)
def test_layers_are_made_on_the_device_and_in_the_dtype_asked_for(case):
    layer = case.layer(device="meta", dtype=torch.bfloat16)
    assert {tensor.device.type for tensor in layer.state_dict().values()} == {"meta"}
    assert {parameter.dtype for parameter in layer.parameters()} <= {torch.bfloat16}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@every_layer
def test_a_gpu_gives_the_same(case):
    layer = built(case)
    expected = results(layer, inputs(case.shapes))
    found = results(layer.cuda(), [x.cuda() for x in inputs(case.shapes)])
    for x, y in zip(found, expected, strict=True):
        assert_close(x.cpu(), y, rtol=1e-6, atol=1e-8)
