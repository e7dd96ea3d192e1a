"""What the engine without torch is asked for, and where `auto` takes it."""

import pytest

from styler.export import light_limits
from styler.export.light_limits import is_faster, unsupported

SETTINGS = {
    "regions": [],
    "keep": None,
    "detail": 0.0,
    "strokes": "fine",
    "preserve_color": "none",
    "transform": "transport",
    "method": "auto",
    "tile": "auto",
}
LOADING = {"device": "auto", "dtype": "auto"}


def test_plain_settings_are_supported():
    assert unsupported(SETTINGS, LOADING) is None
    assert unsupported(SETTINGS | {"strokes": 1, "tile": 0}, {"device": "cpu", "dtype": "float32"}) is None


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("regions", [["mask.png", "b.png"]], "--mask"),
        ("keep", "mask.png", "--keep"),
        ("strokes", "bold", "--strokes"),
        ("preserve_color", "luma", "--preserve-color"),
        ("method", "eigh", "--method"),
        ("tile", 256, "--tile"),
        ("device", "cuda", "another --device"),
        ("dtype", "bfloat16", "another --dtype"),
    ],
)
def test_other_settings_are_named(name, value, words):
    settings, loading = (given | {name: value} if name in given else given for given in (SETTINGS, LOADING))
    assert unsupported(settings, loading) == words


@pytest.mark.parametrize(
    ("flags", "gpu", "cached", "expected"),
    [
        ("avx2 fma", False, True, True),
        ("avx2 avx512_bf16", False, True, False),
        ("avx2 fma", True, True, False),
        ("avx2 fma", False, False, False),
        ("asimd", False, True, False),
    ],
)
def test_auto_prefers_it_where_torch_computes_in_float32(monkeypatch, tmp_path, flags, gpu, cached, expected):
    (tmp_path / "cpuinfo").write_text(f"flags : {flags}\n")
    monkeypatch.setattr(light_limits, "CPU_FACTS", tmp_path / "cpuinfo")
    monkeypatch.setattr(light_limits, "GPU", tmp_path if gpu else tmp_path / "none")
    monkeypatch.setattr(light_limits, "are_cached", lambda model: cached)
    assert is_faster("small") is expected
    assert not is_faster("no such model")
