"""Fixtures: a seed for every test, a tiny model, picture files."""

import http.server
import os
import sys
import threading
from functools import partial
from pathlib import Path

import pytest
import torch
from samples import TINY, picture
from torch import nn

from styler.choices import LEVELS
from styler.images import Picture
from styler.model.decoder import Decoder
from styler.model.encoder import Encoder
from styler.model.weights import Model, save_model


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


@pytest.fixture
def picture_file(tmp_path):
    """Return a function that writes a picture and returns its path."""

    def write(name: str = "photo.png", height: int = 48, width: int = 64, *, seed: int = 0) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Picture.of(picture(height, width, seed=seed)).save(path)
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


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        """Stay silent."""


@pytest.fixture
def served(tmp_path, monkeypatch):
    """Return the address of a server on this machine for the files in tmp_path/served."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "served").mkdir()
    handler = partial(QuietHandler, directory=tmp_path / "served")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


os.environ.setdefault("COLUMNS", "120")
os.environ["STYLER_CACHE"] = str(Path(__file__).parents[1] / ".pytest_cache" / "styler")

# Where Python writes no bytecode, each of the dozens of processes that tests start would compile torch's source again:
# two seconds each.
if sys.dont_write_bytecode and sys.pycache_prefix is None:
    os.environ["PYTHONDONTWRITEBYTECODE"] = ""
    os.environ["PYTHONPYCACHEPREFIX"] = str(Path(__file__).parents[1] / ".pytest_cache" / "bytecode")

# Two workers share the processor: a thread each, here and in what they start.
os.environ.setdefault("OMP_NUM_THREADS", "1")
torch.set_num_threads(1)
