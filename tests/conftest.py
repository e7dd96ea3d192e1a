"""Fixtures: a seed for every test, a tiny model, pictures with something in them."""

import os
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from styler.decoder import Decoder
from styler.encoder import Encoder
from styler.images import save_image
from styler.vgg import LEVELS
from styler.weights import Model, save_model

TINY = (4, 6, 8, 10)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")


@pytest.fixture
def tiny_model() -> Model:
    """A whole model of untrained networks, small enough to run in milliseconds."""
    model = Model(Encoder(TINY), {level: Decoder(level, TINY) for level in LEVELS}, "tiny")
    for conv in model.modules().modules():
        if isinstance(conv, nn.Conv2d):
            nn.init.kaiming_normal_(conv.weight)
    for decoder in model.decoders.values():
        nn.init.constant_(decoder.convs["conv1_1"].bias, 0.5)
        decoder.convs["conv1_1"].weight.data *= 0.1
    model.modules().requires_grad_(False)
    return model


@pytest.fixture
def tiny_file(tiny_model, tmp_path) -> Path:
    path = tmp_path / "tiny.safetensors"
    save_model(tiny_model, path)
    return path


def picture(height: int = 48, width: int = 64, *, seed: int = 0) -> Tensor:
    """Return an image `(1, 3, height, width)` of smooth colours, an edge and grain."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(1, 3, 4, 4, generator=generator)
    image = nn.functional.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1) * 0.8
    image[..., width // 2 :] *= 0.6
    return (image + 0.1 * torch.rand(1, 3, height, width, generator=generator)).clamp(0, 1)


@pytest.fixture
def picture_file(tmp_path):
    """Return a function that writes a picture and returns its path."""

    def write(name: str = "photo.png", height: int = 48, width: int = 64, *, seed: int = 0) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        save_image(picture(height, width, seed=seed), path)
        return path

    return write


@pytest.fixture
def folder(picture_file, tmp_path):
    """Return a function that fills a folder with small pictures."""

    def fill(name: str, count: int) -> Path:
        for index in range(count):
            picture_file(f"{name}/{index}.png", 40, 48, seed=index)
        return tmp_path / name

    return fill


os.environ.setdefault("COLUMNS", "120")

# Two workers share the processor: a thread each, here and in what they start.
os.environ.setdefault("OMP_NUM_THREADS", "1")
torch.set_num_threads(1)
