from pathlib import Path

import pytest
import torch
from samples import picture

from styler.benchmarks.quality.faces import Face, faces_left, faces_of, read_faces
from styler.benchmarks.quality.flats import flat_parts, moments_in
from styler.benchmarks.quality.frechet import frechet_distance
from styler.benchmarks.quality.grid import grid_score
from styler.benchmarks.quality.pairs import balanced_pairs
from styler.benchmarks.quality.rows import mean_of_known
from styler.benchmarks.quality.steadiness import steadiness_of
from styler.errors import StylerError
from styler.transfer.moments import moments_of
from styler.transfer.stylizer import Stylizer


def test_a_subset_of_pairs_uses_contents_and_styles_equally_often():
    contents, styles = ([Path(f"{kind}{i}") for i in range(count)] for kind, count in (("c", 20), ("s", 40)))
    pairs = balanced_pairs(contents, styles, 80)
    assert len(set(pairs)) == 80
    assert {sum(pair.content == one for pair in pairs) for one in contents} == {4}
    assert {sum(pair.style == one for pair in pairs) for one in styles} == {2}
    assert len(set(balanced_pairs(contents, styles, 10**9))) == 800


@pytest.mark.parametrize("period", [2, 4])
@pytest.mark.parametrize("axis", [2, 3])
def test_a_grid_of_two_or_four_pixels_is_found_in_a_noisy_picture(period, axis):
    noisy = (0.5 + 0.1 * torch.randn(1, 3, 128, 136)).clamp(0, 1)
    wave = torch.cos(2 * torch.pi / period * torch.arange(noisy.shape[axis])) * 0.05
    assert grid_score(noisy) < 1.3
    assert grid_score(noisy + wave.view(-1, 1) if axis == 2 else noisy + wave) > 3


def test_flat_parts_are_where_luminance_hardly_changes():
    image = picture(80, 80)
    image[..., :40, :] = 0.5
    flat = flat_parts(image)
    assert flat[..., :36, :].all()
    assert not flat[..., 46:, :].any()
    assert flat_parts(torch.rand(1, 3, 40, 40)) is None
    maps = [torch.randn(1, 5, 40, 40), torch.randn(1, 5, 20, 20)]
    part = torch.zeros(1, 1, 80, 80)
    part[..., :40, :] = 1
    for features, found in zip(maps, moments_in(maps, part), strict=True):
        torch.testing.assert_close(found, moments_of(features[..., : features.shape[2] // 2, :]))


def test_equal_sets_have_no_distance_and_shifted_sets_their_shift():
    styles = [torch.randn(1, 6) for _ in range(40)]
    assert frechet_distance(styles, styles) == pytest.approx(0, abs=1e-6)
    total = torch.cat(styles).var(0, correction=0).sum()
    assert frechet_distance([x + 1 for x in styles], styles) == pytest.approx(6 / float(total), rel=1e-4)
    assert frechet_distance(styles, styles[:1]) is None


def test_faces_are_read_by_the_name_of_their_picture(tmp_path):
    path = tmp_path / "faces.csv"
    path.write_text("picture,left,top,right,bottom\na.jpg,0.1,0.2,0.5,0.6\na.jpg,0,0,1,1\n", encoding="utf-8-sig")
    faces = read_faces(path)
    assert faces == {"a": [Face(0.1, 0.2, 0.5, 0.6), Face(0, 0, 1, 1)]}
    assert faces_of(Path("squares/a-0123abcd-512.png"), faces) == faces["a"]
    assert faces_of(Path("squares/b-0123abcd-512.png"), faces) == ()


@pytest.mark.parametrize("text", ["picture,left\na.jpg,0.1\n", "picture,left,top,right,bottom\na,0.5,0,0.2,1\n", "\0"])
def test_what_is_no_box_is_refused(tmp_path, text):
    (tmp_path / "faces.csv").write_text(text)
    if text == "\0":
        (tmp_path / "faces.csv").unlink()
    with pytest.raises(StylerError, match=r"faces\.csv"):
        read_faces(tmp_path / "faces.csv")


def test_only_what_is_lost_inside_a_face_counts():
    content, style = torch.zeros(1, 2, 16, 16), torch.ones(1, 2, 16, 16)
    result = content.clone()
    result[..., :8, :8] = 1
    face, elsewhere = Face(0, 0, 0.5, 0.5), Face(0.5, 0.5, 0.51, 0.51)
    assert faces_left(result, content, style, [face]) == 1
    assert faces_left(result, content, style, [face, elsewhere]) == 0.5
    assert faces_left(result, content, style, []) is None


def test_scores_that_a_pair_lacks_are_left_out_of_the_mean():
    assert mean_of_known([1.0, None, 3.0]) == 2
    assert mean_of_known([None]) is None


@pytest.mark.parametrize("missing", [None, "relu3_1"])
def test_shifts_by_the_stride_change_nothing_and_others_do(tiny_file, missing):
    stylizer = Stylizer(tiny_file, dtype="float32")
    stylizer.model.decoders.pop(missing, None)
    found = steadiness_of(stylizer, picture(200, 208), picture(64, 64), names=("a", "b"))
    assert found.shift[8] < 0.2 * found.shift[1]
    assert found.noise_gain > 0
