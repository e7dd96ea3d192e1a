import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from samples import picture

import styler
from styler.choices import LEVELS
from styler.errors import StylerError, StylerWarning
from styler.images import Picture
from styler.images.metadata import Metadata
from styler.transfer import place as placing
from styler.transfer import style_reading
from styler.transfer import stylizer as stylizing
from styler.transfer.color import recolored
from styler.transfer.memory import TILES
from styler.transfer.moments import moments_of
from styler.transfer.style import style_of
from styler.transfer.style_file import save_style
from styler.transfer.stylizer import Stylizer
from styler.transfer.trace import Trace

ASSETS = Path(__file__).parents[2] / "assets"


@pytest.fixture
def stylizer(tiny_file):
    return Stylizer(tiny_file, device="cpu", dtype="float32")


def test_what_comes_back_is_what_the_content_was(stylizer, picture_file):
    path, style = picture_file("photo.png", 30, 41), picture_file("style.png", seed=1)
    pil = Image.open(path)
    array = np.asarray(pil)
    tensor = picture(30, 41)
    assert stylizer.stylize(path, style).size == (30, 41)
    assert isinstance(stylizer.stylize(path, style), styler.Picture)
    assert isinstance(stylizer.stylize(pil, style), Image.Image)
    result = stylizer.stylize(array, style)
    assert (result.shape, result.dtype) == (array.shape, array.dtype)
    assert stylizer.stylize(tensor, style).shape == tensor.shape
    assert stylizer.stylize(tensor[0], style).shape == tensor[0].shape


def test_every_kind_of_input_gives_the_same_picture(stylizer, picture_file):
    path, style = picture_file(), picture_file("style.png", seed=1)
    array = np.asarray(Image.open(path))
    from_path = stylizer.stylize(path, style).array()
    from_array = stylizer.stylize(array, Image.open(style))
    np.testing.assert_array_equal(from_path, from_array)


def test_the_inputs_are_left_alone(stylizer):
    content, style = picture(), picture(seed=1)
    before = content.clone(), style.clone()
    stylizer.stylize(content, style)
    torch.testing.assert_close((content, style), before, rtol=0, atol=0)


def test_a_style_is_encoded_once(stylizer, monkeypatch):
    calls = []
    encode = stylizer.model.encoder.pyramid
    monkeypatch.setattr(stylizer.model.encoder, "pyramid", lambda *args: calls.append(len(args)) or encode(*args))
    for _ in range(3):
        stylizer.stylize(picture(), picture(seed=1))
    assert len(calls) - 3 * 4 == 1  # the cascade walks the trunk once a level


def test_a_style_can_be_kept_and_given_back(stylizer):
    style = stylizer.style(picture(seed=1))
    torch.testing.assert_close(stylizer.stylize(picture(), style), stylizer.stylize(picture(), picture(seed=1)))


def test_size_is_the_longer_side_of_the_result(stylizer):
    assert stylizer.stylize(picture(30, 60), picture(seed=1), size=40).shape == (1, 3, 20, 40)


def test_the_size_of_the_style_matters(stylizer):
    large, small = (stylizer.stylize(picture(), picture(seed=1), style_size=size) for size in (64, 24))
    assert (large - small).abs().max() > 1e-3


def test_several_styles_are_mixed_by_weight(stylizer):
    one, other = picture(seed=1), picture(seed=2)
    alone = stylizer.stylize(picture(), one)
    torch.testing.assert_close(stylizer.stylize(picture(), [one, other], weights=[1, 0]), alone)
    assert (stylizer.stylize(picture(), [one, other]) - alone).abs().max() > 1e-3


def test_levels_run_coarse_to_fine_in_whatever_order_they_are_named(stylizer):
    one, other = (
        stylizer.stylize(picture(), picture(seed=1), levels=levels)
        for levels in (["relu1_1", "relu3_1"], ["relu3_1", "relu1_1"])
    )
    torch.testing.assert_close(one, other, rtol=0, atol=0)


@pytest.mark.parametrize("option", [{"levels": ["relu4_1"]}, {"alpha": {"relu4_1": 0.5}}])
def test_a_level_without_a_decoder_is_an_error_that_lists_the_rest(stylizer, option):
    del stylizer.model.decoders["relu4_1"]
    with pytest.raises(StylerError, match="no decoder for relu4_1") as caught:
        stylizer.stylize(picture(), picture(), **option)
    assert "relu3_1, relu2_1, relu1_1" in caught.value.todo


def test_strength_0_for_every_level_of_the_model_gives_the_content(stylizer):
    del stylizer.model.decoders["relu3_1"]
    none = dict.fromkeys(stylizer.model.levels, 0.0)
    torch.testing.assert_close(stylizer.stylize(picture(), picture(seed=1), alpha=none), picture())


def test_a_saved_style_of_more_levels_mixes_with_a_picture(stylizer, tmp_path):
    save_style(stylizer.style(picture(seed=1)), tmp_path / "a.style")
    del stylizer.model.decoders["relu3_1"]
    stylizer.clear_cache()
    mixed = stylizer.stylize(picture(), [tmp_path / "a.style", picture(seed=2)])
    torch.testing.assert_close(mixed, stylizer.stylize(picture(), [picture(seed=1), picture(seed=2)]))
    assert stylizer.style(picture(seed=1)).moments.keys() == {"relu4_1", "relu2_1", "relu1_1"}


def test_a_style_with_fewer_levels_serves_those_alone(stylizer):
    style = stylizer.style(picture(seed=1))
    fewer = style.at_levels(["relu2_1", "relu1_1"])
    found, expected = (stylizer.stylize(picture(), one, levels=["relu1_1"]) for one in (fewer, style))
    torch.testing.assert_close(found, expected, rtol=0, atol=0)
    with pytest.raises(ValueError, match="moments of relu4_1, got relu2_1, relu1_1"):
        stylizer.stylize(picture(), fewer)


@pytest.mark.parametrize(("content", "style"), [("astronaut", "night"), ("cat", "woodcut")])
def test_half_precision_hardly_changes_the_shipped_models_pictures(content, style):
    pair = [ASSETS / f"{name}.jpg" for name in (content, style)]
    exact, half = (
        Stylizer(dtype=dtype, device="cpu").stylize(*pair, size=256).array().astype(float)
        for dtype in ("float32", "bfloat16")
    )
    assert np.abs(exact - half).mean() <= 4


DEVICES = torch.device("cpu"), torch.device("meta")
WHITE, BLACK = (torch.full((1, 3, 48, 64), value) for value in (1.0, 0.0))


def half_white() -> torch.Tensor:
    mask = BLACK.clone()
    mask[..., 32:] = 1
    return mask


def test_strength_by_level_reaches_each_level(stylizer):
    args = picture(), picture(seed=1)
    same = stylizer.stylize(*args, alpha=dict.fromkeys(LEVELS, 0.4))
    torch.testing.assert_close(same, stylizer.stylize(*args, alpha=0.4))
    torch.testing.assert_close(stylizer.stylize(*args, alpha={}), stylizer.stylize(*args))
    assert (stylizer.stylize(*args, alpha={"relu1_1": 0.0}) - stylizer.stylize(*args)).abs().max() > 1e-3


def test_a_region_of_everything_is_its_style_alone(stylizer):
    one, other = picture(seed=1), picture(seed=2)
    result = stylizer.stylize(picture(), one, regions=[(WHITE, other)])
    torch.testing.assert_close(result, stylizer.stylize(picture(), other), rtol=0, atol=2e-3)


def test_a_region_of_nothing_changes_nothing(stylizer):
    one, other = picture(seed=1), picture(seed=2)
    result = stylizer.stylize(picture(), one, regions=[(BLACK, other)])
    torch.testing.assert_close(result, stylizer.stylize(picture(), one), rtol=0, atol=2e-3)


@pytest.mark.parametrize("tile", [0, 128])
def test_without_a_style_the_content_stays_to_the_bit_outside_of_the_regions(stylizer, tile):
    content = (picture(48, 200) * 255).to(torch.uint8)
    mask = torch.zeros(1, 3, 48, 200)
    mask[..., 110:] = 1
    result = stylizer.stylize(content, None, regions=[(mask, picture(seed=1))], tile=tile)
    assert result[..., :110].equal(content[..., :110])
    assert (result[..., 110:].int() - content[..., 110:].int()).abs().float().mean() > 2


def test_what_is_kept_stays_beside_regions_too(stylizer):
    kept = WHITE - half_white()
    result = stylizer.stylize(picture(), None, regions=[(WHITE, picture(seed=1))], keep=kept)
    assert result[..., :32].equal(picture()[..., :32])
    assert not result[..., 32:].equal(picture()[..., 32:])


def test_what_is_kept_is_the_content_to_the_bit(stylizer):
    assert stylizer.stylize(picture(), picture(seed=1), keep=WHITE).equal(picture())
    plain = stylizer.stylize(picture(), picture(seed=1))
    assert stylizer.stylize(picture(), picture(seed=1), keep=BLACK).equal(plain)
    half = stylizer.stylize(picture(), picture(seed=1), keep=half_white())
    assert half[..., 32:].equal(picture()[..., 32:])
    assert half[..., :32].equal(plain[..., :32])


def test_a_batch_with_regions_and_kept_parts_equals_its_items(stylizer):
    contents = torch.cat([picture(), picture(seed=5)])
    options = {"regions": [(half_white(), picture(seed=2))], "keep": picture(seed=7)}
    together = stylizer.stylize(contents, picture(seed=1), **options)
    alone = [stylizer.stylize(content[None], picture(seed=1), **options) for content in contents]
    torch.testing.assert_close(together, torch.cat(alone), rtol=0, atol=2e-3)


def test_luma_keeps_the_greys_of_a_grey_content(stylizer):
    grey = picture()[:, :1].expand(-1, 3, -1, -1)
    result = stylizer.stylize(grey, picture(seed=1), preserve_color="luma")
    torch.testing.assert_close(result, result[:, :1].expand_as(result), rtol=0, atol=1e-5)
    assert (result - grey).abs().max() > 1e-2


def test_match_shows_the_model_a_style_in_the_colours_of_the_content(stylizer):
    content, style = 0.3 + 0.4 * picture(), 0.3 + 0.4 * picture(seed=1)
    matched = stylizer.stylize(content, style, preserve_color="match")
    in_its_colors = recolored(style, moments_of(content))
    torch.testing.assert_close(matched, stylizer.stylize(content, in_its_colors), rtol=0, atol=1e-3)
    assert (matched - stylizer.stylize(content, style)).abs().max() > 1e-3


def test_the_scale_of_a_style_is_that_of_its_size(stylizer):
    scaled = stylizer.stylize(picture(), picture(seed=1), style_scale=0.5)
    torch.testing.assert_close(scaled, stylizer.stylize(picture(), picture(seed=1), style_size=32))
    whole = stylizer.stylize(picture(), picture(seed=1), style_scale=0.25, style_size=128)
    torch.testing.assert_close(whole, scaled)


def test_every_transform_is_another_picture(stylizer):
    found = [stylizer.stylize(picture(), picture(seed=1), transform=name) for name in ("wct", "transport", "adain")]
    assert all((found[i] - found[j]).abs().max() > 1e-3 for i, j in ((0, 1), (0, 2), (1, 2)))


@pytest.mark.parametrize("size", [(200, 150), (140, 301)])
def test_tiles_do_not_show(size):
    stylizer = Stylizer("small", device="cpu", dtype="float32")
    whole, tiles = (stylizer.stylize(picture(*size), picture(seed=1), tile=tile) for tile in (0, 64))
    assert tiles.dtype == whole.dtype
    assert (tiles - whole).abs().max() <= 1e-3


def test_little_memory_means_tiles(stylizer, monkeypatch):
    seen = []
    cascade = placing.cascade
    monkeypatch.setattr(placing, "cascade", lambda *args, **how: seen.append(how["tile"]) or cascade(*args, **how))
    whole, tiles = (stylizer.stylize(picture(), picture(seed=1), max_memory=bytes) for bytes in (2 << 30, 0))
    assert seen == [None, min(TILES)]
    torch.testing.assert_close(tiles, whole, rtol=0, atol=1e-3)
    stylizer.stylize(picture(), picture(seed=1), tile=0, max_memory=0)
    assert seen[-1] is None


def test_16_bits_in_are_16_bits_out(stylizer):
    content = (picture() * 65535).to(torch.uint16)
    result = stylizer.stylize(content, picture(seed=1))
    exact = stylizer.stylize(picture(), picture(seed=1))
    assert result.dtype == torch.uint16
    assert (result.float() / 65535 - exact).abs().max() < 1e-3
    assert (result.int() % 257 != 0).float().mean() > 0.9


def out_of_memory(
    monkeypatch, *, while_at_least: int, error: type[Exception] | None = None, devices: tuple[str, ...] = ("cpu",)
) -> None:
    """Make the cascade run out of memory on these devices, except in tiles of less than so many pixels."""
    cascade = placing.cascade

    def small_only(model, image, styles, **how):
        if model.device.type in devices and (how["tile"] or 10**9) >= while_at_least:
            raise error or torch.OutOfMemoryError("out of memory")
        return cascade(model, image, styles, **how)

    monkeypatch.setattr(placing, "cascade", small_only)


ERRORS = [
    torch.OutOfMemoryError("out of memory"),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"),
]


@pytest.mark.parametrize("error", ERRORS, ids=repr)
def test_out_of_memory_smaller_tiles_are_tried_and_a_warning_says_so(stylizer, monkeypatch, error):
    whole = stylizer.stylize(picture(48, 200), picture(seed=1))
    out_of_memory(monkeypatch, while_at_least=256, error=error)
    trace = Trace()
    with pytest.warns(StylerWarning, match="in tiles of"):
        result = stylizer.stylize(picture(48, 200), picture(seed=1), trace=trace)
    torch.testing.assert_close(result, whole, rtol=0, atol=5e-3)
    assert [note.split()[-2] for note in trace.notes] == ["512", "384", "256", "128"]
    assert all(note.startswith("cpu is out of memory") for note in trace.notes)


@pytest.mark.filterwarnings("ignore::styler.errors.StylerWarning")
def test_out_of_memory_at_the_smallest_tiles_is_one_error(stylizer, monkeypatch):
    out_of_memory(monkeypatch, while_at_least=0)
    with pytest.raises(StylerError, match="does not fit into memory") as caught:
        stylizer.stylize(picture(), picture(seed=1))
    assert "size" in caught.value.todo


def test_another_runtime_error_is_not_taken_for_one_of_memory(stylizer, monkeypatch):
    out_of_memory(monkeypatch, while_at_least=0, error=RuntimeError("another"))
    with pytest.raises(RuntimeError, match="another"):
        stylizer.stylize(picture(), picture(seed=1))


@pytest.mark.filterwarnings("ignore:meta is out of memory, so the picture is")
def test_a_full_device_leaves_one_picture_to_the_processor_and_the_next_is_its_own_again(stylizer, monkeypatch):
    args = picture(), [picture(seed=1), picture(seed=2)]
    whole = stylizer.stylize(*args)
    devices, cascade = [], placing.cascade

    def on_a_full_device(model, image, styles, **how):
        devices.append(model is stylizer.model)
        if model is stylizer.model:  # stands for a GPU whose memory is taken
            raise torch.OutOfMemoryError("out of memory")
        return cascade(model, image, styles, **how)

    monkeypatch.setattr(placing, "cascade", on_a_full_device)
    monkeypatch.setattr(type(stylizer.model), "device", property(lambda model: DEVICES[model is stylizer.model]))
    for _ in range(2):
        trace = Trace()
        with pytest.warns(StylerWarning, match="so the processor stylizes this picture"):
            torch.testing.assert_close(stylizer.stylize(*args, trace=trace), whole, rtol=0, atol=1e-4)
        assert devices == [True] * (len(TILES) + 1) + [False]
        assert trace.device == torch.device("cpu")
        assert trace.notes[-1] == "meta is out of memory, so the processor stylizes this picture"
        devices.clear()


def test_a_style_file_is_the_picture_that_it_was_made_of(stylizer, picture_file, tmp_path):
    path = picture_file("style.png", seed=1)
    save_style(stylizer.style(path), tmp_path / "a.style")
    from_picture = stylizer.stylize(picture(), path)
    torch.testing.assert_close(stylizer.stylize(picture(), tmp_path / "a.style"), from_picture, rtol=0, atol=1e-4)
    torch.testing.assert_close(stylizer.stylize(picture(), str(tmp_path / "a.style")), from_picture, rtol=0, atol=1e-4)
    mixed = stylizer.stylize(picture(), [tmp_path / "a.style", picture(seed=2)], weights=[0.3, 0.7])
    expected = stylizer.stylize(picture(), [path, picture(seed=2)], weights=[0.3, 0.7])
    torch.testing.assert_close(mixed, expected, rtol=0, atol=1e-4)


def test_a_style_file_of_another_model_is_refused(stylizer, tmp_path):
    save_style(replace(stylizer.style(picture()), fingerprint="another"), tmp_path / "a.style")
    with pytest.raises(StylerError, match="made with another model than 'tiny'"):
        stylizer.stylize(picture(), tmp_path / "a.style")


def test_a_style_without_a_picture_has_no_colours_to_match(stylizer, tmp_path):
    style = stylizer.style(picture(seed=1))
    save_style(style, tmp_path / "a.style")
    for one in (tmp_path / "a.style", style):
        with pytest.raises(StylerError, match="no colors"):
            stylizer.stylize(picture(), one, preserve_color="match")


def test_styles_are_told_apart_by_their_shape_too(stylizer):
    rows = torch.linspace(0, 1, 3 * 32 * 64).view(1, 3, 32, 64)
    stylizer.style(rows)
    again = Stylizer(stylizer.model.path, device="cpu", dtype="float32").style(rows.view(1, 3, 64, 32))
    found = stylizer.style(rows.view(1, 3, 64, 32))
    torch.testing.assert_close(dict(found.moments), dict(again.moments), rtol=0, atol=0)


def test_nothing_is_enlarged_beyond_all_memory(stylizer):
    for options in ({"size": 10**6}, {"style_size": 10**6}):
        with pytest.raises(StylerError, match="too many"):
            stylizer.stylize(picture(), picture(seed=1), **options)


def test_the_package_function_takes_all_options(tiny_file):
    result = styler.stylize(picture(), None, model=tiny_file, device="cpu", regions=[(half_white(), picture(seed=1))])
    assert result[..., :32].equal(picture()[..., :32])


def test_eight_threads_on_one_stylizer_make_what_one_after_the_other_makes(tiny_file):
    stylizer = Stylizer(tiny_file, device="cpu", dtype="float32", num_cached_styles=1)
    pairs = [(picture(40, 40 + 8 * (k % 3), seed=k), picture(32, 32, seed=100 + k % 4)) for k in range(24)]
    alone = [stylizer.stylize(*pair) for pair in pairs]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda pair: stylizer.stylize(*pair), pairs))
    for one, other in zip(alone, together, strict=True):
        torch.testing.assert_close(other, one, rtol=0, atol=0)


def test_no_more_styles_are_kept_than_asked_and_the_oldest_goes_first(tiny_file, monkeypatch):
    stylizer, seen = Stylizer(tiny_file, device="cpu", num_cached_styles=2), []
    monkeypatch.setattr(style_reading, "style_of", lambda *args, **how: seen.append(args[1]) or style_of(*args, **how))
    one, two, three = (picture(16, 16, seed=k) for k in range(3))
    for image in (one, two, one, three, one, two):
        stylizer.style(image)
    assert [float(image.mean()) for image in seen] == [float(image.mean()) for image in (one, two, three, two)]
    stylizer.clear_cache()
    stylizer.style(one)
    assert len(seen) == 5


def test_what_is_kept_cannot_be_changed_by_a_caller(stylizer):
    before = stylizer.stylize(picture(), picture(seed=1))
    style = stylizer.style(picture(seed=1))
    for moments in style.moments.values():
        moments.mean.zero_()
        moments.covariance.zero_()
    assert stylizer.stylize(picture(), picture(seed=1)).equal(before)


def test_a_style_of_another_model_is_a_wrong_call(stylizer):
    style = replace(stylizer.style(picture(seed=1)), fingerprint="another")
    with pytest.raises(ValueError, match="expected a style made with model 'tiny'"):
        stylizer.stylize(picture(), style)


def test_a_precision_can_be_torchs_own(tiny_file):
    assert Stylizer(tiny_file, device=torch.device("cpu"), dtype=torch.bfloat16).dtype == torch.bfloat16
    with pytest.raises(StylerError, match=r"no precision 'torch\.float64'"):
        Stylizer(tiny_file, device="cpu", dtype=torch.float64)


@pytest.mark.parametrize("keep_memory", [True, False])
def test_the_process_is_changed_only_if_allowed(tiny_file, monkeypatch, keep_memory):
    calls = []
    monkeypatch.setattr(stylizing, "keep_freed_memory", lambda: calls.append(1))
    Stylizer(tiny_file, device="cpu", keep_memory=keep_memory)
    assert len(calls) == keep_memory


def test_a_file_becomes_a_picture_with_its_metadata_and_its_record(stylizer, picture_file, tmp_path):
    path, style = picture_file(), picture_file("style.png", seed=1)
    given = replace(Picture.open(path), depth=16, metadata=Metadata(xmp=b"<x:xmpmeta/>"))
    given.save(path, overwrite=True)
    result = stylizer.stylize(path, style, alpha=0.5)
    assert (result.depth, result.metadata.xmp) == (16, b"<x:xmpmeta/>")
    record = json.loads(result.metadata.settings)
    assert record["content"]["name"] == path.name
    assert record["settings"]["alpha"] == 0.5
    assert stylizer.stylize(path, picture(seed=1)).metadata.settings is None


ALPHAS = (0.0, 0.05, 0.1, 0.2, 0.25, 0.3, 0.5, 0.75, 1.0)


@pytest.mark.parametrize("model", ["small", "base"])
def test_strength_0_is_the_content_and_more_strength_is_never_nearer_to_it(model):
    stylizer, content = Stylizer(model, device="cpu", dtype="float32"), Picture.open(ASSETS / "cat.jpg").resized(160)
    found = [stylizer.stylize(content, ASSETS / "woodcut.jpg", alpha=alpha).tensor() for alpha in ALPHAS]
    errors = [float((image - content.image).square().mean()) for image in found]
    assert errors[0] < 10**-4.5
    assert errors == sorted(errors)
    none = dict.fromkeys(stylizer.model.levels, 0.0)
    assert stylizer.stylize(content, ASSETS / "woodcut.jpg", alpha=none).tensor().equal(found[0])


def cut_out(image: torch.Tensor, hidden: float) -> np.ndarray:
    """Return the image as RGBA, an ellipse of it visible, with a color under the rest."""
    height, width = image.shape[-2:]
    y, x = torch.meshgrid(torch.linspace(-1.4, 1.4, height), torch.linspace(-1.4, 1.4, width), indexing="ij")
    inside = (x.square() + y.square() < 1).float()
    return torch.cat([image[0] * inside + hidden * (1 - inside), inside[None]]).movedim(0, -1).numpy()


@pytest.mark.parametrize("options", [{}, {"size": 50}, {"style_size": 40}, {"tile": 128}], ids=str)
def test_hidden_colors_change_nothing_that_is_visible(options):
    stylizer = Stylizer("small", device="cpu", dtype="float32")
    contents, styles = ([cut_out(picture(150, 130, seed=seed), hidden) for hidden in (0, 1)] for seed in (0, 1))
    for pairs in ([(content, picture(seed=1)) for content in contents], [(picture(96, 80), style) for style in styles]):
        one, other = (stylizer.stylize(*pair, **options) for pair in pairs)
        one, other = (x if isinstance(x, np.ndarray) else x[0].movedim(0, -1).numpy() for x in (one, other))
        visible = one[..., 3] > 0.999 if one.shape[-1] == 4 else np.ones(one.shape[:2], bool)
        assert np.abs(one - other)[visible].max() <= 1e-3


def test_a_wholly_transparent_content_is_a_picture_and_such_a_style_is_an_error(stylizer):
    content = np.zeros((30, 40, 4), np.float32)
    result = stylizer.stylize(content, picture(seed=1))
    assert result.shape == content.shape
    assert (result[..., 3] == 0).all()
    with pytest.raises(StylerError, match="fully transparent"):
        stylizer.stylize(picture(), content)
