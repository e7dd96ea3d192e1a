"""The teacher: a full VGG-19 as an `Encoder`, with its input normalization folded into the first convolution."""

from pathlib import Path

import torch
from torch import Tensor

from styler.model.decoder import Decoder
from styler.model.encoder import Encoder, convolutions
from styler.model.vgg import WIDTHS
from styler.model.weights import downloaded_weights, load_weights, read_tensors

IMAGENET_BGR_MEAN = (103.939, 116.779, 123.68)
IMAGENET_RGB_MEAN, IMAGENET_RGB_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
TORCHVISION_INDICES = {
    **{"conv1_1": 0, "conv1_2": 2, "conv2_1": 5, "conv2_2": 7},
    **{"conv3_1": 10, "conv3_2": 12, "conv3_3": 14, "conv3_4": 16, "conv4_1": 19},
}


def load_teacher(teacher: str) -> Encoder:
    """Return the teacher "vgg19" (torchvision's, downloaded once) or the one in a safetensors file.

    The file holds `conv1_1.weight`, `conv1_1.bias`, … to `conv4_1`; its input is BGR in [0, 255] less the
    ImageNet mean, as for the normalised VGG-19 of AdaIN and of universal style transfer.

    Raises:
        StylerError: If it can't be read or its shapes are not those of VGG-19.
    """
    if teacher == "vgg19":
        return torchvision_teacher()
    encoder = Encoder()
    path = Path(teacher)
    tensors, _ = read_tensors(path)
    load_weights(encoder, {f"convs.{key}": value for key, value in tensors.items()}, path)
    fold_input(encoder, flip=True, mean=torch.tensor(IMAGENET_BGR_MEAN) / 255, std=torch.full((3,), 1 / 255))
    return encoder


def torchvision_teacher(url: str | None = None) -> Encoder:
    """Return VGG-19 with torchvision's ImageNet weights (`IMAGENET1K_V1`), downloaded once.

    Raises:
        StylerError: If they can't be downloaded.
    """
    from torchvision.models import VGG19_Weights  # takes seconds to import, and only needed here

    state = downloaded_weights(url or VGG19_Weights.IMAGENET1K_V1.url)
    parts = ((name, index, part) for name, index in TORCHVISION_INDICES.items() for part in ("weight", "bias"))
    encoder = Encoder()
    load_weights(
        encoder,
        {f"convs.{name}.{part}": state[f"features.{index}.{part}"] for name, index, part in parts},
        Path("vgg19"),
    )
    fold_input(encoder, flip=False, mean=torch.tensor(IMAGENET_RGB_MEAN), std=torch.tensor(IMAGENET_RGB_STD))
    return encoder


def load_teacher_decoder(path: Path) -> Decoder:
    """Return the decoder of relu4_1 that was trained on the teacher's features, such as AdaIN's.

    The file holds, as a safetensors file, `block4_conv1_decode.weight`, `block4_conv1_decode.bias`,
    `block3_conv1_decode.weight`, … to `block1_conv2_decode`, numbered in the order of decoding; its output is RGB in
    [0, 1].

    Raises:
        StylerError: If it can't be read or its shapes are not those of the mirrored VGG-19.
    """
    decoder = Decoder("relu4_1", WIDTHS)
    tensors, _ = read_tensors(path)
    stored = [
        f"block{block}_conv{k}_decode" for block, count in ((4, 1), (3, 4), (2, 2), (1, 2)) for k in range(1, count + 1)
    ]
    names = {old: f"convs.{new}" for old, new in zip(stored, decoder.convs, strict=True)}
    renamed = {f"{names.get(key.rpartition('.')[0], key)}.{key.rpartition('.')[2]}": x for key, x in tensors.items()}
    load_weights(decoder, renamed, path)
    return decoder


def fold_input(encoder: Encoder, *, flip: bool, mean: Tensor, std: Tensor) -> None:
    """Change conv1_1, in place, to take RGB in [0, 1] instead of (x - mean) / std, in BGR order if `flip`."""
    conv = convolutions(encoder)[0]
    weight = conv.weight.data / std.view(1, 3, 1, 1)
    conv.bias.data -= (weight * mean.view(1, 3, 1, 1)).sum((1, 2, 3))
    conv.weight.data = weight.flip(1) if flip else weight
