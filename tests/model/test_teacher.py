import pytest
import torch
from safetensors.torch import save_file
from samples import picture
from served_files import put
from torchvision.models import vgg19
from torchvision.transforms.functional import normalize

from styler.errors import StylerError
from styler.model.encoder import Encoder
from styler.model.teacher import IMAGENET_BGR_MEAN, load_teacher, torchvision_teacher


@pytest.fixture
def teacher_file(tmp_path):
    path = tmp_path / "teacher.safetensors"
    save_file({key.removeprefix("convs."): value for key, value in Encoder().state_dict().items()}, path)
    return path


def test_a_teacher_takes_rgb_although_its_file_expects_bgr_without_the_mean(teacher_file):
    from safetensors.torch import load_file

    plain = Encoder()
    plain.load_state_dict({f"convs.{key}": value for key, value in load_file(teacher_file).items()})
    image = picture(16, 16)
    bgr = image.flip(1) * 255 - torch.tensor(IMAGENET_BGR_MEAN).view(1, 3, 1, 1)
    with torch.no_grad():
        expected, found = plain(bgr, "relu2_1"), load_teacher(str(teacher_file))(image, "relu2_1")
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_torchvisions_vgg19_is_downloaded_and_gives_torchvisions_features(served, tmp_path):
    network = vgg19(weights=None).eval()
    state = {key: value for key, value in network.state_dict().items() if key.startswith("features.")}
    name = put(tmp_path / "served", state)
    found = torchvision_teacher(f"{served}/{name}")(picture(48, 48), "relu4_1")
    normalised = normalize(picture(48, 48), [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    with torch.no_grad():
        for layer in network.features[:21]:
            if isinstance(layer, torch.nn.Conv2d):
                layer.padding_mode = "reflect"  # torchvision pads with zeros
                layer._reversed_padding_repeated_twice = [1, 1, 1, 1]
            normalised = layer(normalised)
    torch.testing.assert_close(found, normalised, rtol=1e-3, atol=1e-4)


def test_a_teacher_with_other_shapes_is_refused(tmp_path):
    path = tmp_path / "narrow.safetensors"
    save_file({key.removeprefix("convs."): value for key, value in Encoder((4, 6, 8, 10)).state_dict().items()}, path)
    with pytest.raises(StylerError, match=r"narrow\.safetensors: expected convs"):
        load_teacher(str(path))


def test_a_missing_teacher_is_an_error(tmp_path):
    with pytest.raises(StylerError, match="no such file"):
        load_teacher(str(tmp_path / "none.safetensors"))
