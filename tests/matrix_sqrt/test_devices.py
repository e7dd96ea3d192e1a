"""What an accelerator asks of the roots: no device mixed with another, no value looked at, no tensor made on the host.

FakeTensorMode computes shapes, dtypes and devices without a GPU, and refuses whatever looks at a value. Its autograd
engine wants a real device, so backward passes are called by hand.
"""

from functools import partial
from types import SimpleNamespace

import pytest
import torch
from covariance_layers import CASES, Case
from spectra import METHODS
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from styler.covariance import (
    CovariancePool2d,
    DecorrelatedBatchNorm1d,
    DecorrelatedBatchNorm3d,
    SyncDecorrelatedBatchNorm,
    coloring_matrix,
    coloring_penalty,
    covariance,
    cross_covariance,
    upper_triangle,
    whitening_penalty,
)
from styler.matrix_sqrt import (
    bures_wasserstein,
    geometric_mean,
    inv_rootm,
    inv_sqrtm,
    inv_sqrtm_apply,
    lyapunov,
    rootm,
    sqrtm,
    sqrtm_pair,
    tracing,
    transport,
)
from styler.matrix_sqrt.differentiation import FoundRootPair
from styler.matrix_sqrt.lyapunov_equation import ForwardLyapunovSolution
from styler.matrix_sqrt.optimal_transport import SquaredDistance
from styler.matrix_sqrt.pth_root_differentiation import ForwardPthRootPair

every_method = pytest.mark.parametrize("method", METHODS)
STRICT = [{"method": method, "strict": True} for method in ("minimax", "newton_schulz")]
strict_roots = pytest.mark.parametrize("options", STRICT, ids=["minimax", "newton_schulz"])


class OnTheDevice(TorchDispatchMode):
    """Refuses every operation that returns a tensor elsewhere than on the GPU."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            assert not isinstance(tensor, Tensor) or tensor.device.type == "cuda", f"{func} on {tensor.device}"
        return result


@pytest.fixture
def gpu(monkeypatch):
    """A GPU without values, on which every derivative is taken at once."""
    for function in (FoundRootPair, ForwardLyapunovSolution, ForwardPthRootPair, SquaredDistance):
        monkeypatch.setattr(function, "apply", partial(differentiated_at_once, function, monkeypatch))
    with FakeTensorMode():
        yield


@pytest.fixture
def looking(monkeypatch):
    """Code that takes the GPU's tensors for such as have values, as it does where there is one."""
    # Each module has its own name for it.
    for module in ("solving", "iteration", "fallback", "eigh", "mpa", "selection"):
        monkeypatch.setattr(f"styler.matrix_sqrt.{module}.traced", lambda a: False)


def differentiated_at_once(function, monkeypatch, *inputs):
    """Return what the Function does, after a backward pass of first order with a gradient of ones."""
    context = SimpleNamespace(saved_tensors=(), needs_input_grad=())
    context.save_for_backward = lambda *tensors: setattr(context, "saved_tensors", tensors)
    for name in ("save_for_forward", "set_materialize_grads", "mark_non_differentiable"):
        setattr(context, name, lambda *_: None)
    with torch.no_grad(), monkeypatch.context() as nested:
        nested.setattr(ForwardLyapunovSolution, "apply", ForwardLyapunovSolution.forward)
        if function is FoundRootPair:
            outputs = function.forward(context, *inputs)
        else:
            outputs = function.forward(*inputs)
            function.setup_context(context, inputs, outputs)
        several = outputs if isinstance(outputs, tuple) else (outputs,)
        grads = [torch.ones_like(x) if isinstance(x, Tensor) and x.is_floating_point() else None for x in several]
        for grad, given in zip(function.backward(context, *grads), inputs, strict=True):
            assert grad is None or (grad.device, grad.shape) == (given.device, given.shape)
    return outputs


def square(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.empty(*shape, 5, 5, dtype=dtype, device="cuda", requires_grad=True)


FUNCTIONS = {
    "sqrtm": sqrtm,
    "inv_sqrtm": inv_sqrtm,
    "sqrtm_pair": sqrtm_pair,
    "inv_sqrtm_apply": lambda a, **options: inv_sqrtm_apply(a, a[..., :2].detach(), **options),
}
OTHERS = {
    "bures_wasserstein": bures_wasserstein,
    "transport": transport,
    "lyapunov": lyapunov,
    "lyapunov by the sign": partial(lyapunov, method="sign"),
    "rootm": lambda a, _: rootm(a, 3),
    "rootm by products": lambda a, _: rootm(a, 3, method="newton"),
    "inv_rootm": lambda a, _: inv_rootm(a, 4),
    "covariance": lambda a, _: covariance(a),
    "cross_covariance": cross_covariance,
    "upper_triangle": lambda a, _: upper_triangle(a),
    "whitening_penalty": lambda a, _: whitening_penalty(a[None]),
    "coloring_penalty": lambda a, _: coloring_penalty(a),
    "coloring_matrix": lambda a, _: coloring_matrix(a),
}
LAYERS = CASES | {
    "batch norm 1d": Case(partial(DecorrelatedBatchNorm1d, 6, groups=2), ((2, 6, 5),), ()),
    "batch norm 3d": Case(partial(DecorrelatedBatchNorm3d, 6, groups=2), ((2, 6, 2, 3, 4),), ()),
    "synchronised batch norm": Case(partial(SyncDecorrelatedBatchNorm, 6, groups=2), ((2, 6, 3, 4),), ()),
}


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize(
    ("name", "method"), [*((name, "auto") for name in FUNCTIONS), *(("sqrtm_pair", method) for method in METHODS[1:])]
)
def test_roots_stay_on_their_device(name, method):
    dtype = {"sqrtm": torch.complex64, "inv_sqrtm": torch.bfloat16}.get(name, torch.float32)
    for tensor in tree_leaves(FUNCTIONS[name](square(2, dtype=dtype), method=method)):
        assert tensor.dtype == dtype
        assert tensor.device.type == "cuda"


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("method", ["eigh", "minimax"])
def test_information_stays_on_its_device(method):
    _, info = sqrtm(square(2), method=method, return_info=True)
    assert {x.device.type for x in (info.residual, info.iterations, info.rank, info.condition)} == {"cuda"}


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("function", OTHERS.values(), ids=OTHERS)
def test_other_functions_stay_on_their_device(function):
    assert function(square(2), square()).device.type == "cuda"


@pytest.mark.usefixtures("gpu", "looking")
@strict_roots
@pytest.mark.parametrize(
    ("name", "shape", "dtype"),
    [
        ("sqrtm", (), torch.float32),
        ("inv_sqrtm", (2,), torch.bfloat16),
        ("sqrtm_pair", (3, 2), torch.float64),
        ("inv_sqrtm_apply", (2,), torch.float32),
    ],
)
def test_strict_roots_look_at_no_value_and_make_none_on_the_host(name, options, shape, dtype):
    a = square(*shape, dtype=dtype)
    with OnTheDevice():
        for tensor in tree_leaves(FUNCTIONS[name](a, eps=1e-3, **options)):
            assert (tensor.device.type, tensor.dtype) == ("cuda", dtype)


@pytest.mark.usefixtures("gpu", "looking")
@pytest.mark.parametrize("function", [geometric_mean, partial(transport, method="products")], ids=["mean", "map"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_means_and_maps_by_products_look_at_no_value_and_make_none_on_the_host(function, dtype):
    a, b = square(2, dtype=dtype).detach(), square(dtype=dtype).detach()
    with OnTheDevice():
        t = function(a, b)
    assert (t.device.type, t.dtype, t.shape) == ("cuda", dtype, a.shape)


@pytest.mark.usefixtures("gpu", "looking")
def test_other_roots_would_be_caught_looking():
    with pytest.raises(torch._subclasses.fake_tensor.DataDependentOutputException):
        sqrtm(square(2), method="minimax")


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("case", LAYERS.values(), ids=LAYERS)
def test_layers_stay_on_their_device(case, training):
    layer = case.layer() if case.layer is CovariancePool2d else case.layer(device="cuda")
    inputs = [torch.empty(shape, device="cuda", requires_grad=True) for shape in case.shapes]
    assert layer.train(training)(*inputs).device.type == "cuda"


@pytest.mark.usefixtures("gpu", "looking")
@pytest.mark.parametrize("case", LAYERS.values(), ids=LAYERS)
def test_strict_layers_look_at_no_value(case):
    layer = case.layer(strict=True) if case.layer is CovariancePool2d else case.layer(device="cuda", strict=True)
    inputs = [torch.empty(shape, device="cuda", requires_grad=True) for shape in case.shapes]
    assert layer(*inputs).device.type == "cuda"


@every_method
def test_meta_tensors_have_roots_of_their_shape(method):
    a = torch.empty(2, 5, 5, device="meta", requires_grad=True)
    root, inverse = sqrtm_pair(a, method=method)
    (root.sum() + inverse.sum()).backward()
    assert root.shape == inverse.shape == a.grad.shape
    assert root.device == inverse.device == a.grad.device == a.device
    assert not tracing.traced(torch.ones(1))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@strict_roots
def test_a_gpu_waits_for_nothing(options):
    a = torch.eye(8, device="cuda").expand(4, 8, 8).clone().requires_grad_()
    torch.cuda.set_sync_debug_mode("error")
    try:
        root, inverse = sqrtm_pair(a, **options)
        (root.sum() + inverse.sum()).backward()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    torch.testing.assert_close(root, torch.eye(8, device="cuda").expand(4, 8, 8))
