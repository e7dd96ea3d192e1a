"""The roots under torch.func, torch.compile, torch.export, autocast and rounded products."""

import pytest
import torch
from spectra import METHODS, log_spaced, with_spectrum
from torch.func import grad, hessian, jacfwd, jacrev, jvp, vmap
from torch.testing import assert_close

from styler.matrix_sqrt import bures_wasserstein, lyapunov, sqrtm, sqrtm_pair, transport

# torch scripts its own decompositions on the first use of forward mode.
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit.script")
every_method = pytest.mark.parametrize("method", METHODS)
# Inductor itself is tried once below: it takes a C++ compiler, and seconds a graph.
TRACED = "aot_eager"


def batch(dtype: torch.dtype = torch.float64) -> torch.Tensor:
    items = [with_spectrum(log_spaced(4, 10.0**k), seed=k) for k in range(3)]
    return torch.stack(items).to(dtype)


@every_method
@pytest.mark.parametrize("axis", [0, 2])
def test_vmap_equals_the_batch(method, axis):
    a = batch()
    result = vmap(lambda x: sqrtm_pair(x, method=method), in_dims=axis, out_dims=axis)(a.movedim(0, axis))
    for x, y in zip(result, sqrtm_pair(a, method=method), strict=True):
        assert_close(x.movedim(axis, 0), y, rtol=0, atol=1e-13)


@every_method
@pytest.mark.parametrize("backward", ["auto", "eigh", "lyapunov"])
def test_forward_and_reverse_jacobians_agree(method, backward):
    def pair(x):
        return sqrtm_pair(x, method=method, backward=backward)

    a = batch()[1]
    for x, y in zip(jacrev(pair)(a), jacfwd(pair)(a), strict=True):
        assert_close(x, y, rtol=1e-8, atol=1e-10)
    for x, y in zip(vmap(jacrev(pair))(batch()), jacrev(pair)(a), strict=True):
        assert_close(x[1], y, rtol=1e-8, atol=1e-10)


def test_second_derivatives_agree_in_every_mode():
    def value(x):
        return sqrtm(x).pow(3).sum()

    a = batch()[2]
    expected = jacrev(grad(value))(a)
    assert_close(hessian(value)(a), expected)
    assert_close(jacfwd(jacfwd(value))(a), expected)
    assert_close(vmap(hessian(value))(batch())[2], expected)


def test_directional_derivative_solves_the_lyapunov_equation():
    a = batch()[1]
    direction = torch.diag(a.new_tensor([1.0, 2.0, 3.0, 4.0]))
    root, root_dot = jvp(sqrtm, (a,), (direction,))
    assert_close(root @ root_dot + root_dot @ root, direction, rtol=0, atol=1e-13)


def test_checks_see_through_vmap():
    with pytest.raises(ValueError, match="positive semidefinite"):
        vmap(sqrtm)(-batch())


# "minimax" ends in the loop that the other iterations are.
@pytest.mark.parametrize("method", ["auto", "minimax"])
@pytest.mark.slow
def test_compiled_in_one_graph_forward_and_backward(method):
    def pair(x):
        return sqrtm_pair(x, method=method)

    torch._dynamo.reset()
    compiled = torch.compile(pair, fullgraph=True, backend=TRACED)
    results = []
    for function in (compiled, pair):
        a = batch().requires_grad_()
        root, inverse = function(a)
        (root.pow(2).sum() + inverse.pow(3).sum()).backward()
        results.append((root, inverse, a.grad))
    for x, y in zip(*results, strict=True):
        assert_close(x, y, rtol=1e-9, atol=1e-9)


def test_compiled_code_gives_nan_where_eager_code_raises():
    torch._dynamo.reset()
    a = torch.stack(
        [torch.eye(3), -torch.eye(3), torch.eye(3).index_put((torch.tensor(0), torch.tensor(1)), torch.tensor(1.0))]
    )
    root = torch.compile(sqrtm, fullgraph=True, backend=TRACED)(a)
    assert root.isnan().all(-1).all(-1).tolist() == [False, True, True]


@pytest.mark.filterwarnings("ignore:.*torch._prims_common.check:FutureWarning")
@pytest.mark.slow
def test_inductor_compiles_both_precisions():
    torch._dynamo.reset()
    compiled = torch.compile(sqrtm, fullgraph=True)
    for dtype in (torch.float32, torch.float64):
        assert_close(compiled(batch(dtype)), sqrtm(batch(dtype)))


@pytest.mark.filterwarnings("ignore:Guards may run slower:RuntimeWarning")
@pytest.mark.parametrize(("method", "strict"), [("auto", True), ("auto", False), ("minimax", False)])
def test_export(method, strict):
    class Root(torch.nn.Module):
        def forward(self, x):
            return sqrtm_pair(x, method=method)

    a = batch()
    program = torch.export.export(Root(), (a,), strict=strict)
    for x, y in zip(program.module()(a), sqrtm_pair(a, method=method), strict=True):
        assert_close(x, y, rtol=1e-10, atol=1e-10)


@every_method
def test_autocast_changes_nothing(method):
    a = batch(torch.float32).requires_grad_()
    expected = sqrtm(a, method=method)
    (expected_grad,) = torch.autograd.grad(expected.sum(), a)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        root = sqrtm(a, method=method)
        (result_grad,) = torch.autograd.grad(root.sum(), a)
    assert root.dtype == torch.float32
    assert torch.equal(root, expected)
    assert torch.equal(result_grad, expected_grad)


@every_method
def test_rounded_products_change_nothing(method):
    a = with_spectrum(log_spaced(64, 1e3)).float()
    expected = sqrtm(a.double())
    torch.set_float32_matmul_precision("medium")
    try:
        root = sqrtm(a, method=method)
    finally:
        torch.set_float32_matmul_precision("highest")
    assert_close(root.double(), expected, rtol=0, atol=1e-6)


@pytest.mark.slow
def test_other_doors_vmap_and_compile():
    a, b = batch(), batch().flip(0) + torch.eye(4, dtype=torch.float64)
    for function in (lyapunov, transport, bures_wasserstein):
        torch._dynamo.reset()
        expected = function(a, b)
        assert_close(vmap(function)(a, b), expected, rtol=1e-10, atol=1e-12)
        assert_close(vmap(function, in_dims=(0, None))(a, b[0])[0], expected[0], rtol=1e-10, atol=1e-12)
        compiled = torch.compile(function, fullgraph=True, backend=TRACED)
        assert_close(compiled(a, b), expected, rtol=1e-10, atol=1e-12)
        reverse = jacrev(lambda x, f=function: f(x, b[0]))(a[0])
        assert reverse.isfinite().all()
