"""The cascade on a GPU without values: FakeTensorMode computes shapes, dtypes and devices, and refuses to mix them."""

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode

from styler.choices import LEVELS
from styler.model.encoder import Conv3x3
from styler.model.vgg import block
from styler.model.weights import new_model
from styler.transfer import seeding
from styler.transfer.cascade import cascade
from styler.transfer.moments import Moments
from styler.transfer.style import Style

WIDTHS = (4, 6, 8, 10)


def converted(conv: Conv3x3, *place, **format) -> Conv3x3:
    """Convert the parameters of a convolution, as `Module.to` does, which torch refuses for fake tensors."""
    for name in ("weight", "bias"):
        parameter = getattr(conv, name).detach()
        if parameter.ndim == 4 or not format:
            setattr(conv, name, nn.Parameter(parameter.to(*place, **format), requires_grad=False))
    return conv


@pytest.fixture
def gpu(monkeypatch):
    """A GPU without values: wherever the code reads one it is 1."""
    monkeypatch.setattr(Conv3x3, "to", converted)
    monkeypatch.setattr(Tensor, "__float__", lambda self: 1.0)
    monkeypatch.setattr(Tensor, "__bool__", lambda self: True)
    monkeypatch.setattr(seeding, "_sheet", seeding._sheet.__wrapped__)  # fake noise must not stay in the cache
    with FakeTensorMode(), torch.no_grad():
        yield torch.device("cuda", 0)


def style(device: torch.device) -> Style:
    widths = {level: WIDTHS[block(level)] for level in LEVELS}
    moments = {
        x: Moments(torch.rand(1, n, device=device), torch.rand(1, n, n, device=device)) for x, n in widths.items()
    }
    return Style(moments, roughness=(0.06,))


PRECISIONS = [(torch.float32, False, "transport"), (torch.bfloat16, True, "transport")]
PRECISIONS += [(torch.float16, False, "wct"), (torch.float32, True, "adain")]


@pytest.mark.parametrize(("dtype", "antialiased", "transform"), PRECISIONS)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("tile", [None, 64])
def test_the_cascade_never_mixes_devices(gpu, tile, masked, dtype, antialiased, transform):
    model = new_model(WIDTHS, LEVELS, antialiased=antialiased)
    model.modules().requires_grad_(False)
    model.to(gpu, dtype)
    image, mask = (torch.zeros(1, channels, 64, 96, dtype=torch.uint8) for channels in (3, 1))
    styles = [style(gpu)] * (1 + masked)
    masks = mask if masked else None
    result = cascade(model, image, styles, masks=masks, visible=masks, tile=tile, transform=transform)
    assert result.shape == image.shape
    if tile is None:  # the picture stays on the GPU, tiles come back to where it was
        assert (result.device, result.dtype) == (gpu, torch.float32)
    else:
        assert (result.device.type, result.dtype) == ("cpu", torch.uint16)
