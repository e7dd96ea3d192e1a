import io
import random
import struct
from dataclasses import replace
from typing import get_args

import pytest
import torch
from hostile_files import check_error, check_refused, mutated, wrong_files
from safetensors.torch import save
from samples import picture
from style_files import SOURCES, style_bytes, tensors_of

from styler.choices import LEVELS, Method
from styler.errors import StylerError
from styler.model.encoder import Encoder
from styler.model.weights import load_model, new_model
from styler.transfer.moments import Moments
from styler.transfer.style import Style, mixed_style, style_of
from styler.transfer.style_arrays import level_statistics, read_arrays, writable_style
from styler.transfer.style_file import (
    FORMAT,
    fingerprint,
    load_style,
    models_of,
    read_style,
    save_style,
)
from styler.transfer.style_mixture import mixed_arrays, mixed_sources
from styler.transfer.stylizer import Stylizer


@pytest.fixture
def style(tiny_model):
    return style_of(tiny_model.encoder, picture(seed=1))


def test_what_is_written_is_read(style, tmp_path):
    save_style(replace(style, fingerprint="abc", sources=tuple(SOURCES)), tmp_path / "a.style")
    saved = read_style(tmp_path / "a.style")
    assert (saved.fingerprint, list(saved.sources)) == ("abc", SOURCES)
    torch.testing.assert_close(dict(saved.moments), dict(style.moments), rtol=0, atol=0)


def test_a_style_of_the_shipped_model_is_small(tmp_path):
    style = Stylizer("small", device="cpu", dtype="float32").style(picture())
    save_style(replace(style, sources=tuple(SOURCES)), tmp_path / "a.style")
    assert (tmp_path / "a.style").stat().st_size < 200_000


def test_a_compact_style_is_a_quarter_and_nearly_the_same(tmp_path):
    style = Stylizer("small", device="cpu", dtype="float32").style(picture(96, 96, seed=1))
    save_style(style, tmp_path / "a.style", compact=True)
    assert (tmp_path / "a.style").stat().st_size < 51_000
    saved = read_style(tmp_path / "a.style")
    for level in style.moments:
        exact, found = style[level].covariance, saved[level].covariance
        assert float((found - exact).norm() / exact.norm()) < 1e-3
        assert float(torch.linalg.eigvalsh(found.double()).min()) > -1e-6 * float(exact.norm())
        torch.testing.assert_close(saved[level].mean, style[level].mean, rtol=0, atol=0)


def test_a_picture_in_a_compact_style_differs_by_rounding(tmp_path):
    stylizer = Stylizer("small", device="cpu", dtype="float32")
    style = stylizer.style(picture(96, 96, seed=1))
    save_style(style, tmp_path / "a.style", compact=True)
    content = picture(64, 64, seed=2)
    difference = stylizer.stylize(content, style) - stylizer.stylize(content, tmp_path / "a.style")
    assert float(difference.abs().max()) < 4 / 255


@pytest.mark.parametrize(
    "root",
    [
        torch.zeros(1, 54),
        torch.zeros(55),
        torch.full((1, 55), float("nan")),
        torch.full((1, 55), float("inf")),
        torch.full((1, 55), 1e30),
        torch.zeros(1, 55, dtype=torch.int32),
        torch.zeros(1, 0),
    ],
)
def test_a_damaged_root_is_refused(style, tmp_path, root):
    tensors = {name: tensor for name, tensor in tensors_of(style).items() if name != "relu4_1.covariance"}
    (tmp_path / "a.style").write_bytes(save(tensors | {"relu4_1.root": root}, {"format": FORMAT}))
    with pytest.raises(StylerError, match="no valid moments of relu4_1"):
        read_style(tmp_path / "a.style")


def test_nothing_is_overwritten_unless_asked(style, tmp_path):
    path = tmp_path / "a.style"
    path.write_text("precious")
    for write in (lambda: save_style(style, path), lambda: writable_style(path)):
        with pytest.raises(StylerError, match="exists already"):
            write()
    assert path.read_text() == "precious"
    writable_style(path, overwrite=True)
    save_style(style, path, overwrite=True)
    assert read_style(path).sources == ()


@pytest.mark.parametrize(
    ("name", "word"),
    [("a.safetensors", ".style"), ("a", ".style"), ("no/a.style", "mkdir"), (f"{'x' * 300}.style", "cannot write")],
)
def test_where_a_style_cannot_be_written_is_known_before(tmp_path, name, word):
    with pytest.raises(StylerError) as caught:
        writable_style(tmp_path / name)
    assert word in str(caught.value)


def test_encoders_of_other_weights_or_names_have_other_fingerprints(tiny_model):
    found = fingerprint(tiny_model.encoder)
    assert found == fingerprint(tiny_model.encoder)
    tiny_model.encoder.convs["conv4_1"].bias.data[0] += 0.01
    assert fingerprint(tiny_model.encoder) != found
    assert fingerprint(Encoder((4, 6, 8, 12))) != fingerprint(Encoder((4, 6, 8, 10)))


def test_an_encoder_has_the_fingerprint_of_its_file(tiny_model, tiny_file):
    assert fingerprint(load_model(tiny_file).encoder) == fingerprint(tiny_model.encoder)


def test_the_shipped_model_is_known_by_its_fingerprint():
    assert models_of(fingerprint(load_model("small").encoder)) == ["small"]
    assert models_of("unknown") == []


def test_a_style_loads_for_the_encoder_that_it_was_seen_with(style, tiny_model, tmp_path):
    path = tmp_path / "a.style"
    save_style(replace(style, fingerprint="abc"), path)
    tiny_model.name = "tiny"
    found = load_style(path, tiny_model, "abc")
    torch.testing.assert_close(dict(found.moments), dict(style.moments))
    for model, known_as in ((tiny_model, "abd"), (new_model((4, 6, 8, 12), LEVELS), "abc")):
        model.name = "tiny"
        with pytest.raises(StylerError, match="another model than 'tiny'") as caught:
            load_style(path, model, known_as)
        assert str(path) in caught.value.what
        assert "styler style save" in caught.value.todo


def test_a_style_of_a_shipped_model_names_it_unless_it_is_in_use(style, tmp_path):
    small = load_model("small")
    known_as, small.name = fingerprint(small.encoder), "mine"
    save_style(replace(style, fingerprint=known_as), tmp_path / "a.style")  # of other widths: it lies
    for used, start in (("other", "choose --model small, or make it again"), (known_as, "make it again")):
        with pytest.raises(StylerError) as caught:
            load_style(tmp_path / "a.style", small, used)
        assert caught.value.todo.startswith(start)


def test_a_style_needs_no_more_levels_than_the_model(style, tiny_model, tmp_path):
    path = tmp_path / "a.style"
    save_style(style.at_levels(["relu4_1", "relu1_1"]), path)
    assert list(read_style(path).moments) == ["relu4_1", "relu1_1"]
    with pytest.raises(StylerError, match="no moments of relu3_1, for which"):
        load_style(path, tiny_model, style.fingerprint)
    for level in ("relu3_1", "relu2_1"):
        del tiny_model.decoders[level]
    torch.testing.assert_close(load_style(path, tiny_model, style.fingerprint)["relu4_1"], style["relu4_1"])
    with pytest.raises(ValueError, match="moments of relu3_1, got relu4_1, relu1_1"):
        read_style(path).at_levels(["relu3_1"])


def broken_styles() -> dict[str, bytes]:
    """Files that are no whole style."""
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(1, 6, 50, generator=generator)
    moments = Moments(torch.zeros(1, 6), features @ features.mT / 50)
    style = Style(dict.fromkeys(LEVELS, moments))
    good = style_bytes(style)
    nan, turned = moments.covariance.clone(), moments.covariance.clone()
    nan[0, 1, 2], turned[0, 0, 1] = float("nan"), 9.0
    pickle = io.BytesIO()
    torch.save(tensors_of(style), pickle)
    bent = {
        "no number": {"relu1_1__covariance": nan},
        "an infinite mean": {"relu2_1__mean": torch.full((1, 6), float("inf"))},
        "more than float32 holds": {"relu2_1__mean": torch.full((1, 6), 1e300, dtype=torch.float64)},
        "below zero": {"relu3_1__covariance": -moments.covariance},
        "one direction below zero": {"relu3_1__covariance": moments.covariance - 0.9 * torch.eye(6)},
        "not symmetric": {"relu1_1__covariance": turned},
        "huge and below zero": {"relu1_1__covariance": torch.full((1, 6, 6), 3e38) - 3.4e38 * torch.eye(6)},
        "integers": {"relu1_1__covariance": torch.eye(6, dtype=torch.int64)[None]},
        "complex numbers": {"relu1_1__mean": torch.zeros(1, 6, dtype=torch.complex64)},
        "truths": {"relu1_1__mean": torch.zeros(1, 6, dtype=torch.bool)},
        "eight bits": {"relu1_1__mean": torch.zeros(1, 6).to(torch.float8_e4m3fn)},
        "a mean too short": {"relu1_1__mean": torch.zeros(1, 5)},
        "no batch": {"relu1_1__mean": torch.zeros(6)},
        "two pictures": {"relu1_1__mean": torch.zeros(2, 6)},
        "an oblong covariance": {"relu1_1__covariance": torch.zeros(1, 6, 5)},
        "nothing": {"relu1_1__mean": torch.zeros(1, 0), "relu1_1__covariance": torch.zeros(1, 0, 0)},
        "a single number": {"relu1_1__mean": torch.zeros(())},
    }
    (length,) = struct.unpack_from("<Q", good)
    without = {name: tensor for name, tensor in tensors_of(style).items() if name != "relu2_1.mean"}
    kinds = {name: style_bytes(style, **changed) for name, changed in bent.items()}
    kinds |= {
        "a level missing": save(without, {"format": FORMAT}),
        "a model": save(tensors_of(style), {"format": "styler-model-1"}),
        "no format": save(tensors_of(style)),
        "a pickle with another name": pickle.getvalue(),
        "a header of all bytes": struct.pack("<Q", 2**64 - 1) + good[8:],
        "a header of a billion bytes": struct.pack("<Q", 10**9) + good[8:],
        "a shape that lies": good.replace(b'"shape":[1,6,6]', b'"shape":[9,9,9]', 1),
        "offsets that lie": good.replace(b'"data_offsets":[0,', b'"data_offsets":[9,', 1),
        "bytes behind it": good + bytes(40),
    }
    kinds |= {f"wrong {index}": data for index, data in enumerate(wrong_files().values()) if index % 4 == 0}
    return kinds | {f"cut at {at}": good[:at] for at in (0, 1, 7, 8, length // 2, length + 8, len(good) - 1)}


BROKEN = broken_styles()


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_a_broken_style_is_refused_by_name(tmp_path, data):
    check_refused(read_style, tmp_path / "a.style", data)


def test_a_style_with_changed_bytes_loads_or_is_refused_by_name(style, tmp_path):
    rng, data, path = random.Random(0), style_bytes(style), tmp_path / "b.style"
    for _ in range(80):
        path.write_bytes(mutated(data, rng))
        try:
            found = read_style(path)
        except StylerError as error:
            check_error(error, path)
        else:
            assert all(x.isfinite().all() for moments in found.moments.values() for x in moments)


def test_a_covariance_in_half_precision_and_of_rank_one_is_one(style, tmp_path):
    direction = torch.rand(1, 4, 1)
    half = {"relu1_1__covariance": (direction @ direction.mT).half(), "relu2_1__covariance": torch.zeros(1, 6, 6)}
    (tmp_path / "a.style").write_bytes(style_bytes(style, **half))
    assert read_style(tmp_path / "a.style")["relu1_1"].covariance.dtype == torch.float32


@pytest.mark.parametrize("method", get_args(Method))
def test_a_covariance_below_zero_by_rounding_in_half_precision_is_used(style, tiny_file, tmp_path, method):
    covariance = style["relu1_1"].covariance
    values, vectors = torch.linalg.eigh(covariance.double())
    values[..., 0] = -7e-4 * values[..., -1]
    bent = (vectors * values.unsqueeze(-2) @ vectors.mT).float()
    path = tmp_path / "a.style"
    stylizer = Stylizer(tiny_file, device="cpu", dtype="float32")
    path.write_bytes(style_bytes(style, encoder=stylizer.fingerprint, relu1_1__covariance=bent))
    found = read_style(path)["relu1_1"].covariance
    values = torch.linalg.eigvalsh(found.double())
    assert values.min() > -1e-6 * values.max()
    torch.testing.assert_close(found, bent, rtol=0, atol=1e-3 * float(values.max()))
    assert stylizer.stylize(picture(), path, method=method).isfinite().all()


@pytest.mark.parametrize("sources", ["[", "[" * 100_000, "{}", "[1]", "nonsense", '["a"]', "null", "9" * 5000])
def test_sources_that_are_none_are_left_out(style, tmp_path, sources):
    (tmp_path / "a.style").write_bytes(style_bytes(style, sources=sources))
    assert read_style(tmp_path / "a.style").sources == ()


def saved(*names: str, **more: object) -> Style:
    return Style({}, sources=tuple({"name": name, **more} for name in names))


def test_the_shares_of_a_mixture_sum_to_one():
    sources = mixed_sources([(saved("a", "b"), 1.0), (saved("c"), 3.0)])
    assert list(sources) == [{"name": "a", "share": 0.125}, {"name": "b", "share": 0.125}, {"name": "c", "share": 0.75}]
    again = mixed_sources([(Style({}, sources=sources), 2.0), (saved("d"), 2.0)])
    assert [source["share"] for source in again] == [0.0625, 0.0625, 0.375, 0.5]


@pytest.mark.parametrize("share", ["x", None, [1], {}, 10**400, float("nan"), float("inf"), -1.0])
def test_a_share_that_is_none_counts_as_much_as_the_others(share):
    assert list(mixed_sources([(saved("a", "b", share=share), 1.0)])) == [{"name": name, "share": 0.5} for name in "ab"]


def test_what_is_shown_of_a_style():
    moments = Moments(torch.zeros(1, 4), torch.diag(torch.tensor([2.0, 2.0, 0.0, 0.0]))[None])
    assert level_statistics({"relu1_1": moments}) == {"relu1_1": {"channels": 4, "energy": 4.0, "directions": 2.0}}
    flat = Moments(torch.zeros(1, 4), torch.zeros(1, 4, 4))
    assert level_statistics({"relu1_1": flat})["relu1_1"]["directions"] == 0


def test_mixing_commutes_with_saving(style, tiny_model, tmp_path):
    other = style_of(tiny_model.encoder, picture(seed=2))
    for name, one in (("a", style), ("b", other)):
        save_style(one, tmp_path / f"{name}.style")
    read = [read_style(tmp_path / f"{name}.style") for name in "ab"]
    found, expected = (mixed_style(pair, [0.3, 0.7]).moments for pair in (read, [style, other]))
    torch.testing.assert_close(dict(found), dict(expected))


def test_a_mixture_has_the_levels_that_all_have(style, tmp_path):
    for number, levels in enumerate((LEVELS, LEVELS[2:])):
        save_style(style.at_levels(levels), tmp_path / f"{number}.style")
    mixed = mixed_arrays([read_arrays(tmp_path / f"{number}.style") for number in range(2)], [1, 1])
    assert tuple(mixed.moments) == LEVELS[2:]


def test_a_mixture_of_files_is_that_of_the_styles(tmp_path, tiny_model):
    styles = [style_of(tiny_model.encoder, picture(seed=seed)) for seed in (1, 2)]
    for number, one in enumerate(styles):
        save_style(one, tmp_path / f"{number}.style")
    mixed = mixed_arrays([read_arrays(tmp_path / f"{number}.style") for number in range(2)], [3, 1])
    expected = mixed_style(styles, [3, 1])
    assert mixed.roughness == pytest.approx(expected.roughness[0])
    for level in LEVELS:
        for found, wanted in zip(mixed.moments[level], expected[level], strict=True):
            torch.testing.assert_close(torch.from_numpy(found), wanted, rtol=1e-5, atol=1e-6)


def test_moments_of_a_loss_network_are_those_of_all_levels(style, tmp_path):
    whole = replace(style, seen_by_loss=replace(style.clone(), fingerprint="loss"))
    save_style(whole, tmp_path / "a.style")
    assert tuple(read_style(tmp_path / "a.style").seen_by_loss.moments) == LEVELS
    save_style(replace(whole, seen_by_loss=whole.seen_by_loss.at_levels(LEVELS[1:])), tmp_path / "b.style")
    with pytest.raises(StylerError, match=r"no valid moments of loss\.relu4_1"):
        read_style(tmp_path / "b.style")
