"""Weights as torchvision serves them: the name ends in the first digits of the hash."""

import torch

from styler.files import sha256


def put(folder, state: dict, *, digits: str | None = None) -> str:
    torch.save(state, folder / "net.pth")
    name = f"net-{digits or sha256(folder / 'net.pth')[:8]}.pth"
    (folder / "net.pth").rename(folder / name)
    return name
