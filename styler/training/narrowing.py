"""Narrowing: a model whose coarsest level paints, computed from the full VGG-19 and a decoder that was trained on it.

AdaIN's decoder turns features of relu4_1 into strokes by itself, also those that optimal transport has made; the model
needs only relu2_1 and relu1_1 after it. What is computed here is a start for end-to-end training.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from styler.choices import LEVELS
from styler.errors import StylerError
from styler.model.decoder import Decoder
from styler.model.device import auto_dtype
from styler.model.encoder import Encoder
from styler.model.teacher import load_teacher, load_teacher_decoder
from styler.model.vgg import WIDTHS
from styler.model.weights import Model, load_model, new_model, save_model
from styler.training.data import RandomCrops, augmentation
from styler.training.encoders import check_out
from styler.training.end_to_end import seeded_for
from styler.training.layerwise import PICTURES_AT_ONCE, narrow_layers
from styler.transfer.moments import moments_of
from styler.transfer.whitening import apply_affine, transport_affine

FACTORS = (1, 3, 6, 12)
"""Channels of the four blocks by default, relative to the first of the given model: of `base`, three quarters of
VGG-19's, but half in the first."""

KEPT = ("conv1_1", "conv1_2")
"""Layers of the encoder that stay those of the given model, and with them the decoder of relu1_1."""

NUM_PAIRS, CROP = 96, 256
"""Pairs of a photograph and a painting that layers are fitted to, and the side of their crops in pixels.

Seven minutes on two processor cores.
"""

Report = Callable[[str, float], None]


def train_narrow(
    photos: Sequence[Path],
    paintings: Sequence[Path],
    model: str,
    out: Path,
    *,
    teacher: str,
    decoder: Path,
    channels: Sequence[int] | None = None,
    num_pairs: int = NUM_PAIRS,
    crop: int = CROP,
    seed: int = 0,
    device: torch.device,
    report: Report = lambda layer, share: None,
) -> None:
    """Write to `out` the model `narrowed` from `teacher` (see `load_teacher`) and `decoder`.

    Args:
        photos: Photographs.
        paintings: Paintings.
        model: Name of a shipped model, or a file: its finest level is kept.
        out: Model file.
        teacher: See `load_teacher`.
        decoder: See `load_teacher_decoder`.
        channels: Of the four blocks; the first as in `model`. By default its first times `FACTORS`.
        num_pairs: Pairs of a photograph and a painting to which the layers are fitted.
        crop: Side of their crops in pixels, a multiple of eight.
        seed: Of the crops and the positions.
        device: Where to compute.
        report: Called for each layer with its name and the share of its variance that is left unexplained.

    Raises:
        StylerError: If `out` exists or its folder doesn't, the model lacks a fine level, `channels` don't fit, an
            input can't be read, or the file can't be written.
    """
    check_out(out)
    start, dtype = load_model(model).to(device), auto_dtype(device)
    if missing := [x for x in LEVELS[2:] if x not in start.decoders]:
        raise StylerError(f"{model} has no decoder for {missing[0]}", "choose a model with all its decoders")
    widths = narrow_widths(start.encoder.widths[0], channels)
    wide_encoder = load_teacher(teacher).to(device, dtype)
    wide_decoder = load_teacher_decoder(decoder).to(device, dtype)
    crops = RandomCrops(
        (photos, augmentation(crop, scale=(0.3, 1.0))),
        (paintings, augmentation(crop, scale=(0.1, 1.0))),
        num_items=num_pairs,
        seed=seed,
    )
    content, style = (torch.stack(x).to(device) for x in zip(*(crops[k] for k in range(num_pairs)), strict=True))
    torch.manual_seed(seed)
    narrow = narrowed(start, wide_encoder, wide_decoder, content, style, widths=widths, report=report)
    save_model(narrow.to(torch.device("cpu")), out)


def narrow_widths(first: int, channels: Sequence[int] | None) -> tuple[int, ...]:
    """Return the channels of the four blocks, of which the first has `first`.

    Raises:
        StylerError: If `channels` are not four numbers from 1 to VGG-19's, of which the first is `first`.
    """
    if channels is None:
        return tuple(first * factor for factor in FACTORS)
    if (
        len(channels) != len(WIDTHS)
        or channels[0] != first
        or not all(1 <= x <= most for x, most in zip(channels, WIDTHS, strict=True))
    ):
        most = ", ".join(map(str, WIDTHS[1:]))
        todo = f"give four numbers: {first} as in the model, then at most {most}"
        raise StylerError(f"the blocks can't have {', '.join(map(str, channels))} channels", todo)
    return tuple(channels)


@torch.no_grad()
def narrowed(
    model: Model,
    teacher: Encoder,
    painter: Decoder,
    photos: Tensor,
    paintings: Tensor,
    *,
    widths: tuple[int, ...],
    report: Report = lambda layer, share: None,
) -> Model:
    """Return an anti-aliased model with decoders for relu4_1, relu2_1 and relu1_1.

    Args:
        model: The finest level is its own, and the decoder of relu2_1 reproduces its decoder.
        teacher: The encoder to reproduce.
        painter: The decoder of relu4_1 to reproduce, trained on the teacher's features.
        photos: `(B, 3, H, W)`.
        paintings: As many.
        widths: Channels of the four blocks; the first as in `model`.
        report: Called for each layer with its name and the share of its variance that is left unexplained.
    """
    coarse, _, middle, fine = LEVELS
    narrow = new_model(widths, (coarse, middle, fine), antialiased=True)
    narrow.to(photos.device)
    for name in KEPT:
        narrow.encoder.convs[name].load_state_dict(model.encoder.convs[name].state_dict())
    narrow.decoders[fine].load_state_dict(model.decoders[fine].state_dict())

    def compute(name: str, network: Encoder | Decoder, wide: Encoder | Decoder, x: Tensor, y: Tensor, **given) -> None:
        narrow_layers(network, wide, x, y, report=lambda layer, share: report(f"{name} {layer}", share), **given)

    both = torch.cat([photos, paintings])
    compute("encoder", narrow.encoder, teacher, both, both, first="conv2_1")
    features = (_in_parts(lambda x, net=net: net(x, middle), photos) for net in (narrow.encoder, model.encoder))
    compute(middle, narrow.decoders[middle], model.decoders[middle], *features)
    seeds = seeded_for(photos, paintings)
    x, y = (
        _in_parts(lambda a, b, net=net: _transported(net, a, b), seeds, paintings) for net in (narrow.encoder, teacher)
    )
    compute(coarse, narrow.decoders[coarse], painter, x, y)
    return narrow


def _transported(encoder: Encoder, photos: Tensor, paintings: Tensor) -> Tensor:
    content, style = (encoder(x, LEVELS[0]).float() for x in (photos, paintings))
    return apply_affine(content, transport_affine(moments_of(content), moments_of(style)))


def _in_parts(function: Callable[..., Tensor], *images: Tensor) -> Tensor:
    return torch.cat([function(*parts) for parts in zip(*(x.split(PICTURES_AT_ONCE) for x in images), strict=True)])
