"""The layers of VGG-19 up to relu4_1 (Simonyan & Zisserman, arXiv:1409.1556), shared by encoders and decoders."""

from styler.choices import LEVELS, Level

TRUNK = (
    *("conv1_1", "conv1_2", "pool", "conv2_1", "conv2_2", "pool"),
    *("conv3_1", "conv3_2", "conv3_3", "conv3_4", "pool", "conv4_1"),
)

WIDTHS = (64, 128, 256, 512)
"""Channels of blocks 1 to 4 in the original VGG-19."""


def layers_to(level: Level) -> tuple[str, ...]:
    """Return the layers up to and including the convolution of `level`."""
    return TRUNK[: TRUNK.index(level.replace("relu", "conv")) + 1]


def channels(conv: str, widths: tuple[int, ...]) -> tuple[int, int]:
    """Return the numbers of input and output channels of `conv`, such as "conv2_1"."""
    number, index = int(conv[4]), int(conv[6])
    inside, before = widths[number - 1], (3, *widths)[number - 1]
    return (before if index == 1 else inside), inside


def block(level: Level) -> int:
    """Return the index of the block of `level`, 0 to 3."""
    return len(LEVELS) - 1 - LEVELS.index(level)


def stride(level: Level) -> int:
    """Return the stride of the features of `level`, in pixels."""
    return 2 ** block(level)
