import json

import pytest
from typer.testing import CliRunner

from styler.cli import app
from styler.images import Picture

runner = CliRunner()


def run(*arguments):
    return runner.invoke(app, [*map(str, arguments)])


def test_styles_are_listed_with_painter():
    result = run("styles")
    assert result.exit_code == 0
    assert "great-wave" in result.output
    assert "Hokusai" in result.output


def test_styles_are_listed_as_json():
    rows = [json.loads(line) for line in run("styles", "--json").output.splitlines()]
    assert {"name", "title", "painter", "year", "museum", "licence"} <= rows[0].keys()
    assert len(rows) >= 24


def test_a_style_is_shown_with_its_terms_and_files():
    result = run("styles", "show", "irises")
    assert all(word in result.output for word in ("van Gogh", "1889", "public domain", "small", "base"))
    assert json.loads(run("styles", "show", "irises", "--json").output)["files"]["small"].endswith("irises.style")


def test_a_misspelt_style_is_an_error_with_the_nearest_name():
    result = run("styles", "show", "irisses")
    assert "did you mean irises" in str(result.exception)


def test_the_sheet_shows_every_style(tmp_path):
    assert run("styles", "--sheet", tmp_path / "styles.png").exit_code == 0
    assert min(Picture.open(tmp_path / "styles.png").size) > 900
    assert "exists already" in str(run("styles", "--sheet", tmp_path / "styles.png").exception)


@pytest.fixture
def photo(picture_file, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    return picture_file("photo.png", 40, 48)


def test_transfer_takes_the_name_of_a_style(photo, tmp_path):
    assert run("transfer", photo, "great-wave").exit_code == 0
    out = tmp_path / "photo-great-wave.png"
    record = json.loads(Picture.open(out).metadata.settings)
    assert record["styles"][0]["name"] == "great-wave.style"
    assert run("replay", out).exit_code == 0
    assert Picture.open(tmp_path / "photo-great-wave-replay.png").samples.equal(Picture.open(out).samples)


def test_transfer_says_which_style_was_meant(photo):
    result = run("transfer", photo, "great-wav")
    assert result.exit_code == 1
    assert "did you mean great-wave" in str(result.exception)


def test_a_file_of_the_name_has_precedence(photo, picture_file, tmp_path):
    (tmp_path / "night").write_bytes(picture_file("x.png", seed=3).read_bytes())
    assert run("transfer", photo, "night", "-o", "a.png").exit_code == 0
    assert run("transfer", photo, "x.png", "-o", "b.png").exit_code == 0
    assert Picture.open("a.png").samples.equal(Picture.open("b.png").samples)


def test_a_built_in_style_is_analysed_at_no_other_size(photo):
    result = run("transfer", photo, "night", "--style-size", 20)
    assert result.exit_code == 2
    assert "does nothing with night" in " ".join(result.output.split())


def test_batch_takes_names_and_regions(photo, picture_file, tmp_path):
    mask = picture_file("mask.png", 40, 48)
    assert run("batch", photo, "irises", "-o", "out", "--quiet").exit_code == 0
    assert (tmp_path / "out" / "photo-irises.png").is_file()
    masked = run("batch", photo, "irises", "--mask", mask, "--style", "kiss", "-o", "more", "--quiet")
    assert masked.exit_code == 0
    assert "did you mean irises" in str(run("batch", photo, "irisess", "-o", "out").exception)


def test_a_manifest_names_built_in_styles(photo, tmp_path):
    (tmp_path / "list.csv").write_text("content,style\nphoto.png,irises\nphoto.png,kiss\n")
    assert run("batch", "list.csv", "-o", "out", "--quiet").exit_code == 0
    assert sorted(path.name for path in (tmp_path / "out").glob("*.png")) == ["photo-irises.png", "photo-kiss.png"]


def test_style_files_are_shown_and_mixed_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "irises" in run("style", "show", "irises").output
    assert run("style", "mix", "irises:0.3", "kiss:0.7", "-o", "both.style").exit_code == 0
    assert "70%" in run("style", "show", "both.style").output
