import json
import subprocess
import sys
from pathlib import Path

import pytest

from styler.errors import StylerError
from styler.model.catalog import shipped_models
from styler.model.style_catalog import (
    builtin_style,
    builtin_style_file,
    builtin_style_files,
    builtin_styles,
    is_style_name,
    resolved_styles,
    styles_folder,
    thumbnail_bytes,
)
from styler.model.weights import load_model
from styler.transfer.style_file import fingerprint, read_style

NAMES = [style.name for style in builtin_styles()]
MODELS = [path.stem for path in shipped_models()]


def test_there_are_at_least_twenty_four_styles_in_eight_megabytes():
    assert len(NAMES) >= 24
    assert sorted(set(NAMES)) == NAMES
    assert sum(path.stat().st_size for path in styles_folder().rglob("*") if path.is_file()) < 8e6


@pytest.mark.parametrize("style", builtin_styles(), ids=NAMES)
def test_each_style_names_its_painting_and_terms(style):
    for part in (style.title, style.painter, style.year, style.museum):
        assert part
        assert part == part.strip()
    assert style.licence.startswith(("CC0", "public domain"))
    assert thumbnail_bytes(style.name)[8:12] == b"WEBP"


@pytest.mark.parametrize("model", MODELS)
def test_each_style_fits_the_shipped_model(model):
    """After a training, run assets/build_styles.py again."""
    encoder = fingerprint(load_model(model).encoder)
    for entry in builtin_styles():
        style = read_style(builtin_style_file(entry.name, encoder, model=model))
        assert style.fingerprint == encoder
        (source,) = style.sources
        assert all(source[key] == getattr(entry, key) for key in ("title", "painter", "year", "museum", "licence"))


def test_the_list_that_the_styles_are_built_from_is_the_catalog():
    rows = (Path(__file__).parents[2] / "assets" / "builtin_styles.tsv").read_text(encoding="utf-8").splitlines()[1:]
    assert sorted(row.split("\t")[0] for row in rows) == NAMES


def test_credits_are_on_the_page_of_the_documentation():
    page = (Path(__file__).parents[2] / "docs" / "builtin-styles.md").read_text(encoding="utf-8")
    for style in builtin_styles():
        assert all(part in page for part in (f"`{style.name}`", style.title, style.painter, style.licence))


@pytest.mark.parametrize(("name", "near"), [("great-wav", "great-wave"), ("Irises", "irises"), ("sceam", "scream")])
def test_a_misspelt_name_suggests_the_nearest(name, near):
    with pytest.raises(StylerError, match=f"did you mean {near}"):
        builtin_style(name)


def test_a_name_like_no_other_suggests_none():
    with pytest.raises(StylerError) as caught:
        builtin_style("qqqqqqq")
    assert "did you mean" not in str(caught.value)
    assert "styler styles" in str(caught.value)


def test_a_name_that_is_a_file_is_the_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert is_style_name("night")
    assert is_style_name(Path("night"))
    (tmp_path / "night").write_bytes(b"x")
    assert not is_style_name("night")
    assert resolved_styles([Path("night")], "small") == [Path("night")]


@pytest.mark.parametrize("name", ["a.png", "folder/night", "-", "", " night", "x" * 5000, "a\0b", None, b"night"])
def test_what_has_no_form_of_a_name_is_none(name):
    assert not is_style_name(name)


def test_names_become_files_of_the_model():
    (path,) = resolved_styles([Path("night")], "base")
    assert path == builtin_style_files("night")["base"]
    with pytest.raises(StylerError, match="choose --model"):
        resolved_styles([Path("night")], "mine")


def test_listing_imports_no_torch():
    code = "import sys; from styler.model.style_catalog import builtin_styles as b; b(); print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"


def test_a_damaged_catalog_is_an_error_that_names_it(tmp_path, monkeypatch):
    from styler.model import style_catalog

    monkeypatch.setattr(style_catalog, "styles_folder", lambda: tmp_path)
    style_catalog._catalog.cache_clear()
    (tmp_path / "catalog.json").write_text("{")
    with pytest.raises(StylerError, match=r"catalog\.json"):
        builtin_styles()
    (tmp_path / "catalog.json").write_text(json.dumps({"encoders": {}, "styles": []}))
    assert builtin_styles() == []
    style_catalog._catalog.cache_clear()
