"""Properties of a tensor: whether it has values, and whether a derivative may be taken."""

import sys

import torch
from torch import Tensor
from torch.autograd import forward_ad

# Private to torch; where it is missing the functions that torch.func needs serve every call.
transforms_are_active = getattr(torch._C, "_are_functorch_transforms_active", lambda: True)


def traced(a: Tensor) -> bool:
    """Return whether `a` has no values that can be read: it is compiled, on the meta device, or fake."""
    if torch.compiler.is_compiling() or a.is_meta:
        return True
    fake = sys.modules.get("torch._subclasses.fake_tensor")
    return fake is not None and isinstance(a, fake.FakeTensor)


def differentiated(a: Tensor) -> bool:
    """Return whether a derivative with respect to `a`, of any mode, or a vmap may follow."""
    if torch.compiler.is_compiling() or transforms_are_active() or (a.requires_grad and torch.is_grad_enabled()):
        return True
    return has_tangent(a)


def has_tangent(a: Tensor) -> bool:
    """Return whether forward mode differentiates `a` now."""
    return forward_ad.unpack_dual(a).tangent is not None
