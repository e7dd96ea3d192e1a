"""Roots by a fixed number of steps, and code that is compiled or recomputed."""

import inspect
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
import torch
from root_gradients import daleckii_krein, gradient, symmetric_noise
from spectra import METHODS, log_spaced, relative_error, spectra, with_spectrum
from torch.testing import assert_close
from torch.utils.checkpoint import checkpoint

from styler import covariance, matrix_sqrt
from styler.matrix_sqrt import bures_wasserstein, inv_sqrtm, inv_sqrtm_apply, lyapunov, sqrtm, sqrtm_pair, transport

every_method = pytest.mark.parametrize("method", METHODS)
strict_methods = pytest.mark.parametrize("method", ["auto", "minimax", "newton_schulz"])


@strict_methods
@pytest.mark.parametrize("kind", ["log", "clustered", "spike"])
@pytest.mark.parametrize(("dtype", "kappa"), [(torch.float32, 1e4), (torch.float64, 1e10)])
def test_strict_roots_and_gradients_are_exact(method, kind, dtype, kappa):
    a = with_spectrum(spectra(32, kappa)[kind]).to(dtype)
    root, inverse = sqrtm_pair(a, method=method, strict=True)
    eps = torch.finfo(dtype).eps
    assert relative_error(root @ root, a) <= 2 * (32 + 8) * eps
    assert (inverse @ a @ inverse - torch.eye(32)).norm() <= 8 * 32 * eps * kappa
    grad = symmetric_noise(32, dtype)
    for function, inverse in ((sqrtm, False), (inv_sqrtm, True)):
        found = gradient(function, a, grad, method=method, strict=True)
        assert relative_error(found.double(), daleckii_krein(a, grad, inverse=inverse)) <= 10 * eps * kappa


@strict_methods
def test_strict_roots_are_nan_where_they_cannot_be_had(method):
    good, singular = torch.eye(4), torch.diag(torch.tensor([1.0, 1.0, 0.0, 0.0]))
    a = torch.stack([good, singular, -good, good * torch.nan, 2 * good])
    for x in sqrtm_pair(a, method=method, strict=True):
        assert x.isfinite().all(-1).all(-1).tolist() == [True, False, False, False, True]
    # A ridge makes the second regular.
    assert inv_sqrtm(singular, method=method, strict=True, eps=1e-3).isfinite().all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strict": True, "method": "eigh"}, "expected method from auto, minimax, newton_schulz with strict, got eigh"),
        ({"strict": True, "deficient": "floor"}, "neither rank_tol nor deficient with strict"),
        ({"strict": True, "backward": "eigh"}, "expected backward auto or lyapunov with strict, got eigh"),
        ({"normalize": "norm"}, "expected normalize from frobenius, trace, got 'norm'"),
        ({"normalize": "trace"}, "expected an iterated method with normalize='trace', got auto"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        sqrtm(torch.eye(2), **options)


@pytest.mark.parametrize("method", ["mpa", "mtp", "newton_schulz", "minimax"])
def test_dividing_by_the_trace_changes_nothing_once_converged(method):
    a = with_spectrum(log_spaced(8, 1e3))
    assert_close(sqrtm_pair(a, method=method, normalize="trace"), sqrtm_pair(a), rtol=1e-9, atol=1e-9)


@pytest.mark.slow
def test_compiled_code_serves_sizes_it_has_not_seen():
    torch._dynamo.reset()
    compiled = torch.compile(partial(sqrtm, method="minimax"), fullgraph=True, backend="eager")
    for n in (5, 6, 7):
        a = with_spectrum(log_spaced(n, 1e2)).float()
        assert_close(compiled(a), sqrtm(a), rtol=0, atol=1e-6)


@every_method
def test_activation_checkpointing_changes_no_gradient(method):
    a = with_spectrum(log_spaced(4, 1e2))
    for function in (sqrtm, inv_sqrtm):
        recomputed = partial(checkpoint, function, use_reentrant=False)
        grads = [gradient(call, a, symmetric_noise(4), method=method) for call in (function, recomputed)]
        assert torch.equal(*grads)


@pytest.mark.parametrize("function", [lyapunov, bures_wasserstein, transport, inv_sqrtm_apply])
def test_activation_checkpointing_of_other_functions_changes_no_gradient(function):
    grads = []
    for call in (function, lambda a, b: checkpoint(function, a, b, use_reentrant=False)):
        a = with_spectrum(log_spaced(4, 1e2)).requires_grad_()
        grads.append(torch.autograd.grad(call(a, 2 * torch.eye(4, dtype=a.dtype)).sum(), a)[0])
    assert torch.equal(*grads)


FUNCTIONS = [sqrtm, inv_sqrtm, sqrtm_pair]


@pytest.mark.filterwarnings("ignore:ComplexHalf support is experimental")
@pytest.mark.parametrize("function", [*FUNCTIONS, lambda x: inv_sqrtm_apply(x, torch.eye(2))])
def test_what_has_no_root_is_refused_by_name(function):
    for dtype in (torch.complex32, torch.float8_e5m2, torch.bool):
        with pytest.raises(ValueError, match=f"expected a of a floating dtype, got {dtype}: those with roots are"):
            function(torch.empty(2, 2, dtype=dtype))
    for a in (np.eye(2), [[1.0]]):
        with pytest.raises(ValueError, match=f"expected a as a torch.Tensor, got {type(a).__name__}"):
            function(a)


@pytest.mark.parametrize("a", [np.eye(2), [[1.0]]], ids=["array", "list"])
@pytest.mark.parametrize("name", [*matrix_sqrt.__all__[2:], *(n for n in covariance.__all__ if n.islower())])
def test_arrays_and_lists_are_refused_by_every_function(name, a):
    function = getattr(matrix_sqrt, name, None) or getattr(covariance, name)
    others = {"inv_sqrtm_apply": (a,), "lyapunov": (a,), "bures_wasserstein": (a,), "transport": (a,)}
    others |= {"geometric_mean": (a,), "cross_covariance": (a,), "rootm": (4,), "inv_rootm": (4,)}
    calls = [partial(function, a, *others.get(name, ()))]
    if name == "transport":
        calls.append(partial(transport, a, a, method="products"))
    for call in calls:
        with pytest.raises(ValueError, match=f"expected [asx] as a torch.Tensor, got {type(a).__name__}"):
            call()


@pytest.mark.parametrize("function", [*FUNCTIONS, inv_sqrtm_apply])
def test_options_are_in_the_signature(function):
    parameters = inspect.signature(function).parameters.values()
    assert all(p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) for p in parameters)
    assert {"method", "strict", "normalize", "round_off"} <= {p.name for p in parameters}
    with pytest.raises(TypeError, match=rf"{function.__name__}\(\) got an unexpected keyword argument 'methd'"):
        function(torch.eye(2), methd="eigh")


def test_the_zero_matrix_is_told_from_others_of_deficient_rank():
    with pytest.raises(ValueError, match="expected a of full rank, got a least eigenvalue of 0 relative"):
        inv_sqrtm(torch.zeros(2, 2), deficient="raise")


def test_a_covariance_of_lower_precision_names_the_option_that_takes_it():
    a = torch.diag(torch.tensor([1.0, -1e-7], dtype=torch.float64))
    with pytest.raises(ValueError, match=r"computed in a lower precision, pass its eps\*\*0.5 as round_off="):
        sqrtm(a)
    assert_close(
        sqrtm(a, round_off=torch.finfo(torch.float32).eps ** 0.5, rank_tol=1e-6), torch.diag(a.new_tensor([1, 0]))
    )


@pytest.mark.parametrize("shape", [(0, 0), (3, 0, 0), (0, 4, 4)])
@every_method
def test_empty_matrices_have_information(method, shape):
    _, _, info = sqrtm_pair(torch.empty(shape), method=method, return_info=True)
    for value in (info.residual, info.iterations, info.rank, info.condition, info.fell_back):
        assert value.shape == shape[:-2]


@every_method
@pytest.mark.parametrize("grad", [True, False])
def test_autocast_does_not_round_the_applied_inverse_root(method, grad):
    a, b = with_spectrum(log_spaced(8, 1e2)).float(), symmetric_noise(8, torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = inv_sqrtm_apply(a.requires_grad_(grad), b[:, :3], method=method)
    assert found.dtype == torch.float32
    assert relative_error(found.detach().double(), inv_sqrtm(a.detach().double()) @ b[:, :3].double()) < 1e-5


def test_both_packages_import_nothing_that_torch_does_not():
    code = """
import sys, torch
before = set(sys.modules)
import styler.covariance, styler.matrix_sqrt
own = {"torch", *sys.stdlib_module_names}
print(*sorted(name for name in set(sys.modules) - before if name.split(".")[0] not in own))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = run.stdout.split()
    assert "styler.matrix_sqrt.root_pair" in names
    packages = ("styler.matrix_sqrt", "styler.covariance")
    assert [n for n in names if n not in {"styler", "styler.choices"} and not n.startswith(packages)] == []
