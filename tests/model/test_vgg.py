from torchvision.models import vgg19

from styler.choices import LEVELS
from styler.model.vgg import WIDTHS, block, channels, layers_to, stride


def test_layers_are_those_of_vgg19():
    theirs = [layer for layer in vgg19(weights=None).features if "ReLU" not in type(layer).__name__]
    ours = layers_to("relu4_1")
    for name, layer in zip(ours, theirs, strict=False):
        assert (name == "pool") == (type(layer).__name__ == "MaxPool2d")
        if name != "pool":
            assert channels(name, WIDTHS) == (layer.in_channels, layer.out_channels)


def test_levels_go_from_coarse_to_fine():
    assert [stride(level) for level in LEVELS] == [8, 4, 2, 1]
    assert [block(level) for level in LEVELS] == [3, 2, 1, 0]
