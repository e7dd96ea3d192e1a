import numpy as np
import pytest
import torch
from PIL import Image
from samples import picture

from styler.errors import StylerError
from styler.images import Picture
from styler.images.masks import is_cut_out, mask_like, outside
from styler.images.saving import save_image


def grey(rows: list[list[int]]) -> Image.Image:
    return Image.fromarray(np.array(rows, dtype=np.uint8))


def test_white_is_all_and_black_is_none():
    mask = mask_like(picture(2, 2), grey([[255, 0], [128, 255]]))
    assert mask.dtype == torch.uint8
    assert mask.tolist() == [[[[255, 0], [128, 255]]]]


def test_a_mask_takes_the_size_of_the_image():
    mask = mask_like(picture(30, 20), grey([[0, 255]] * 2))
    assert mask.shape == (1, 1, 30, 20)
    assert (mask[..., 0] < 20).all()
    assert (mask[..., -1] > 235).all()
    assert (mask.diff(dim=-1).to(torch.int8) >= 0).all()


@pytest.mark.parametrize("kind", ["file", "picture"])
def test_what_is_transparent_is_none(tmp_path, kind):
    alpha = torch.tensor([[0.0, 0.5, 1.0]]).view(1, 1, 1, 3)
    save_image(torch.ones(1, 3, 1, 3), tmp_path / "mask.png", alpha=alpha)
    with Image.open(tmp_path / "mask.png") as opened:
        mask = mask_like(picture(1, 3), tmp_path / "mask.png" if kind == "file" else opened)
    assert mask.flatten().tolist() == [0, 128, 255]


def cut_out(background: int) -> np.ndarray:
    """A dark and a bright thing, cut out of a background of which the color is still there."""
    picture = np.full((8, 12, 4), background, np.uint8)
    picture[2:6, 2:6] = (20, 10, 30, 255)
    picture[2:6, 6:10] = (250, 240, 230, 255)
    picture[..., 3] = (np.indices((8, 12))[1] // 4 == 1) * 255
    return picture


@pytest.mark.parametrize("background", [0, 255])
def test_alpha_is_the_mask_of_a_cut_out_however_bright_it_is(background):
    given = cut_out(background)
    mask = mask_like(picture(8, 12), given)
    np.testing.assert_array_equal(mask[0, 0].numpy(), given[..., 3])
    assert is_cut_out(Picture.of(given))


def test_brightness_is_the_mask_where_all_is_opaque():
    given = cut_out(0)
    given[..., 3] = 255
    assert not is_cut_out(Picture.of(given))
    np.testing.assert_array_equal(mask_like(picture(8, 12), given), mask_like(picture(8, 12), given[..., :3]))


def test_files_pictures_arrays_and_tensors_are_the_same_mask(tmp_path):
    image = (picture(20, 30) * 255).round() / 255
    save_image(image, tmp_path / "mask.png")
    with Image.open(tmp_path / "mask.png") as opened:
        masks = [mask_like(image, one) for one in (tmp_path / "mask.png", opened, np.asarray(opened), image)]
    for mask in masks[1:]:
        torch.testing.assert_close(mask.int(), masks[0].int(), rtol=0, atol=1)


def test_several_masks_in_one_tensor_are_refused():
    with pytest.raises(ValueError, match="expected one mask"):
        mask_like(picture(), torch.rand(2, 3, 8, 8))


def test_a_mask_that_is_not_there_is_an_error_that_names_it(tmp_path):
    with pytest.raises(StylerError, match=r"none\.png"):
        mask_like(picture(), tmp_path / "none.png")


def test_outside_is_where_no_mask_is_or_what_is_kept():
    masks = [mask_like(picture(1, 4), grey([row])) for row in ([255, 0, 0, 100], [0, 255, 0, 200])]
    assert outside(torch.cat(masks), None).flatten().tolist() == [0, 0, 255, 55]
    kept = mask_like(picture(1, 4), grey([[0, 255, 0, 90]]))
    assert outside(torch.cat(masks), kept).flatten().tolist() == [0, 255, 255, 90]


def test_booleans_and_planes_of_any_kind_are_the_same_mask():
    plane = picture(20, 30)[0, 0] > 0.4
    expected = mask_like(picture(20, 30), plane.numpy())
    assert expected.shape == (1, 1, 20, 30)
    assert expected.equal(plane[None, None] * torch.tensor(255, dtype=torch.uint8))
    floats = plane.float()
    kinds = [plane, plane[None], plane[None, None], floats, floats[None], floats.expand(3, -1, -1), floats.numpy()]
    kinds += [plane.numpy()[None], plane.numpy()[..., None], plane[None].byte() * 255]
    for kind in kinds:
        assert mask_like(picture(20, 30), kind).equal(expected)
