import json
import shutil
from dataclasses import replace
from itertools import product

import pytest
import torch
from PIL import Image
from records import changed
from samples import picture

from styler.images import Picture
from styler.images.saving import save_image
from styler.model.catalog import models_folder

CHEAP = ["--device", "cpu", "--dtype", "float32", "--quiet"]
SAME = "identical, bit for bit\n"


@pytest.fixture
def made(styler, tiny_file, picture_file):
    """Return a function that makes out.png, or another, of a photograph and a painting."""
    picture_file("photo.jpg", 40, 56)
    picture_file("painting.png", 36, 44, seed=1)
    picture_file("other.png", 30, 30, seed=2)
    picture_file("mask.png", 20, 28, seed=3)

    def make(*arguments: object, out: str = "out.png") -> None:
        styles = [] if "--mask" in arguments and "painting.png" not in arguments else ["painting.png"]
        status, _, err = styler(
            "transfer", "photo.jpg", *styles, *arguments, "-o", out, "--model", tiny_file, *CHEAP, "--overwrite"
        )
        assert status == 0, err

    return make


def record_in(path) -> dict:
    return json.loads(Picture.open(path).metadata.settings)


def with_record(path, text: str | None) -> None:
    """Put another record into a picture."""
    found = Picture.open(path)
    save_image(found.samples, path, metadata=replace(found.metadata, settings=text), overwrite=True)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--alpha", "relu4_1=0.5,relu2_1=0", "--levels", "relu4_1,relu2_1", "--size", 32],
        ["other.png", "--weights", "1,3", "--style-size", 24, "--style-scale", 0.9, "--preserve-color", "match"],
        ["--mask", "mask.png", "--style", "other.png", "--keep", "mask.png", "--preserve-color", "luma"],
        ["--mask", "mask.png", "--style", "other.png"],
        ["--transform", "adain", "--method", "eigh", "--tile", 128, "--max-memory", "900M"],
        ["--transform", "wct"],
    ],
)
def test_a_picture_is_made_again_to_the_bit(made, styler, tmp_path, arguments):
    made(*arguments)
    status, out, err = styler("replay", "out.png")
    assert (status, out) == (0, "")
    assert err.endswith(SAME)
    first, second = (Picture.open(tmp_path / name) for name in ("out.png", "out-replay.png"))
    assert first.samples.equal(second.samples)
    assert first.metadata == second.metadata


@pytest.mark.parametrize("ending", ["jpg", "webp", "tiff"])
def test_every_format_says_how_it_was_made(made, styler, ending):
    made(out=f"out.{ending}")
    assert styler("replay", f"out.{ending}")[2].endswith(SAME)


def test_deep_pictures_are_made_again_too(made, styler, tmp_path):
    save_image(picture(40, 56), tmp_path / "photo.png", depth=16)
    shutil.move(tmp_path / "photo.png", tmp_path / "photo.jpg")  # it is what it holds that counts
    made()
    assert Picture.open(tmp_path / "out.png").depth == 16
    assert styler("replay", "out.png")[2].endswith(SAME)
    status, _, err = styler("replay", "out.png", "-o", "again.jpg")
    assert (status, err.splitlines()[-1]) == (0, "not identical to out.png")


def test_a_style_file_and_a_replay_can_be_replayed(made, styler, tiny_file, tmp_path):
    styler("style", "save", "painting.png", "-o", "a.style", "--model", tiny_file, *CHEAP[:-1])
    styler("transfer", "photo.jpg", "a.style", "-o", "out.png", "--model", tiny_file, *CHEAP)
    assert styler("replay", "out.png")[2].endswith(SAME)
    assert styler("replay", "out-replay.png")[2].endswith(SAME)
    assert styler("replay", "out.png", "-o", "out.png", "--overwrite")[2].endswith(SAME)


def test_a_picture_of_a_batch_is_made_again_to_the_bit(styler, tiny_file, folder, picture_file, tmp_path):
    folder("c", 1)
    picture_file("s/x.png", seed=9)
    options = ["--size", 33, "--alpha", 0.7, "--style-scale", 0.8, "--preserve-color", "luma"]
    assert styler("batch", "c", "s", "-o", "out", *options, "--model", tiny_file, *CHEAP)[0] == 0
    status, _, err = styler("replay", "out/0-x.png", "--content", "c/0.png", "--style", "s/x.png")
    assert (status, err.splitlines()[-1] + "\n") == (0, SAME), err
    assert Picture.open(tmp_path / "out" / "0-x-replay.png").image.shape == (1, 3, 28, 33)
    stripped = styler("batch", "c", "s", "-o", "bare", "--metadata", "strip", "--model", tiny_file, *CHEAP)
    assert stripped[0] == 0
    assert "has no record of how it was made" in styler("replay", "bare/0-x.png")[2]


def test_a_changed_style_is_named(made, styler, picture_file, tmp_path):
    made()
    picture_file("new.png", seed=5).replace(tmp_path / "painting.png")
    status, _, err = styler("replay", "out.png")
    assert status == 1
    assert err == "error: painting.png has changed since the picture was made\nrestore it, or use --style\n"
    assert not (tmp_path / "out-replay.png").exists()


def test_a_changed_mask_or_model_is_named(made, styler, picture_file, tmp_path, tiny_file):
    made("--keep", "mask.png")
    tiny_file.write_bytes(tiny_file.read_bytes() + b" ")
    assert "another model 'tiny'" in styler("replay", "out.png")[2]
    picture_file("new.png", seed=5).replace(tmp_path / "mask.png")
    assert styler("replay", "out.png")[2].startswith("error: mask.png has changed")
    (tmp_path / "mask.png").unlink()
    assert styler("replay", "out.png")[2].startswith("error: no such file: mask.png")


def test_a_picture_of_an_earlier_shipped_model_is_made_again_by_that_model(made, styler, tmp_path):
    earlier = max((models_folder() / "earlier").glob("small-*.safetensors"))
    made()
    words = ["transfer", "photo.jpg", "painting.png", "-o", "old.png", "--model", earlier, *CHEAP]
    assert styler(*words)[0] == 0
    record = record_in(tmp_path / "old.png")
    assert record["model"]["sha256"].startswith(earlier.stem.partition("-")[2])
    with_record(tmp_path / "old.png", json.dumps(record | {"model": record["model"] | {"name": "small", "path": None}}))
    assert styler("replay", "old.png")[2].endswith(SAME)
    unknown = record["model"] | {"name": "small", "path": None, "sha256": "0" * 64}
    with_record(tmp_path / "old.png", json.dumps(record | {"model": unknown}))
    status, _, err = styler("replay", "old.png", "-o", "again.png")
    assert (status, "model 'small', whose SHA-256 begins with 00000000" in err) == (1, True)


def test_what_was_moved_beside_the_picture_is_found(made, styler, tmp_path):
    made("--mask", "mask.png", "--style", "other.png", "painting.png")
    (tmp_path / "moved").mkdir()
    for name in ("out.png", "photo.jpg", "painting.png", "other.png", "mask.png"):
        shutil.move(tmp_path / name, tmp_path / "moved" / name)
    (tmp_path / "photo.jpg").write_bytes(b"another of that name")
    status, _, err = styler("replay", "moved/out.png")
    assert (status, err.endswith(SAME)) == (0, True), err


def test_files_with_other_names_are_given_by_options(made, styler, tmp_path, tiny_file):
    made("--mask", "mask.png", "--style", "other.png", "--keep", "mask.png", "painting.png")
    renamed = {"photo.jpg": "p.jpg", "painting.png": "s.png", "other.png": "o.png", "mask.png": "k.png"}
    (tmp_path / "elsewhere").mkdir()
    for name, new in {**renamed, "tiny.safetensors": "m.safetensors"}.items():
        shutil.move(tmp_path / name, tmp_path / "elsewhere" / new)
    options, given = ["--content", "--style", "--style", "--mask"], ["p.jpg", "o.png", "s.png", "k.png"]
    for count, missing in enumerate(("photo.jpg", "painting.png", "painting.png", "mask.png")):
        arguments = [x for pair in zip(options, given, strict=True) for x in (pair[0], f"elsewhere/{pair[1]}")]
        assert f"no such file: {missing}" in styler("replay", "out.png", *arguments[: 2 * count])[2]
    assert "no model 'tiny.safetensors'" in styler("replay", "out.png", *arguments)[2]
    status, _, err = styler("replay", "out.png", *arguments, "--model", "elsewhere/m.safetensors")
    assert (status, err.endswith(SAME)) == (0, True), err


def test_inputs_are_found_in_the_current_folder(made, styler, tmp_path):
    made()
    (tmp_path / "moved").mkdir()
    shutil.move(tmp_path / "out.png", tmp_path / "moved" / "out.png")
    assert styler("replay", "moved/out.png")[2].endswith(SAME)


def test_a_record_with_paths_is_replayed(made, styler, tmp_path):
    made("--keep", "mask.png")
    record = record_in(tmp_path / "out.png")
    for entry in (record["content"], *record["styles"], *record["others"]):
        entry["path"] = str(tmp_path / entry.pop("name"))
    record["settings"]["keep"] = str(tmp_path / "mask.png")
    record["model"]["path"] = str(tmp_path / "tiny.safetensors")
    with_record(tmp_path / "out.png", json.dumps(record))
    assert styler("replay", "out.png")[2].endswith(SAME)


def test_nothing_is_overwritten_unless_asked(made, styler, tmp_path):
    made()
    (tmp_path / "out-replay.png").write_text("precious")
    assert "--overwrite" in styler("replay", "out.png")[2]
    assert (tmp_path / "out-replay.png").read_text() == "precious"
    assert styler("replay", "out.png", "--overwrite", "--quiet") == (0, "", "")
    assert Picture.open(tmp_path / "out-replay.png").samples.equal(Picture.open(tmp_path / "out.png").samples)


def test_another_version_is_told_and_tried(made, styler, tmp_path):
    made()
    with_record(tmp_path / "out.png", json.dumps(record_in(tmp_path / "out.png") | {"torch": "1.[/b]0"}))
    status, _, err = styler("replay", "out.png")
    assert status == 0
    assert "made with torch 1.[/b]0, running" in err
    assert err.endswith(SAME)


def test_a_picture_whose_pixels_were_changed_is_not_the_same(made, styler, tmp_path):
    made()
    found = Picture.open(tmp_path / "out.png")
    samples = found.samples.clone()
    samples[..., 0, 0] ^= 1
    save_image(samples, tmp_path / "out.png", metadata=found.metadata, overwrite=True)
    status, _, err = styler("replay", "out.png")
    assert (status, err.splitlines()[-1]) == (0, "not identical to out.png")


@pytest.mark.parametrize(
    ("arguments", "word"), [(["photo.jpg"], "--metadata strip"), (["none.png"], "none.png"), (["."], "folder")]
)
def test_what_holds_no_record_is_said(made, styler, arguments, word):
    status, _, err = styler("replay", *arguments)
    assert (status, len(err.splitlines())) == (1, 2)
    assert word in err


def test_a_stripped_picture_does_not_say_how_it_was_made(made, styler):
    made("--metadata", "strip")
    assert "has no record of how it was made" in styler("replay", "out.png")[2]


@pytest.fixture
def hostile(made, styler, tmp_path):
    """Return a record, and a function that says what `styler replay` answers to a picture with another."""
    made("--keep", "mask.png")
    record = record_in(tmp_path / "out.png")

    def answer(text: str) -> tuple[int, str]:
        with_record(tmp_path / "out.png", text)
        status, out, err = styler("replay", "out.png", "--overwrite")
        assert out == ""
        assert "Traceback" not in err
        if status:
            assert err.startswith("error: ")
            assert len(err.splitlines()) == 2, err
            assert "\x1b" not in err
        return status, err

    return record, answer


def test_a_path_that_cannot_be_is_one_error(hostile):
    record, answer = hostile
    paths = ["a\0b", "x" * 300, "x" * 5000, "\ud800", "", ".", "/dev/zero", "a\nb", "\x1b[2J", "~"]
    for part, path in product(["content.name", "styles.0.name", "others.0.name", "model.path"], paths):
        status, err = answer(json.dumps(changed(record, part, path)))
        assert status == 1 or (part, path) == ("model.path", ""), (part, path, err)


def test_a_record_that_no_one_wrote_is_one_error(hostile):
    record, answer = hostile
    texts = ["", "null", "[]", "{}", "{", "[" * 100_000, "9" * 5000, json.dumps(changed(record, "settings.alpha", "x"))]
    texts += [json.dumps(changed(record, "settings.style_size", 10**6))]
    for text in texts:
        assert answer(text)[0] == 1, text[:99]


def test_a_record_of_what_is_not_here_is_one_error(hostile):
    record, answer = hostile
    parts = ["device", "dtype", "model.name", "model.sha256", "content.sha256", "styles.0.sha256"]
    for part, text in product(parts, ["x", "\ud800", "cuda:99", "meta", "x" * 5000]):
        other = changed(record, "model.path", None) if part == "model.name" else record
        assert answer(json.dumps(changed(other, part, text)))[0] == 1, (part, text)


def test_a_file_that_may_not_be_read_is_one_error(hostile, monkeypatch):
    record, answer = hostile

    def refused(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("styler.transfer.input_record.file_hash", refused)
    assert answer(json.dumps(record)) == (
        1,
        "error: cannot read photo.jpg: Permission denied\ncheck the name and the permissions\n",
    )


def test_the_record_survives_a_viewer_that_saves_the_picture_anew(made, styler, tmp_path):
    made(out="out.jpg")
    with Image.open(tmp_path / "out.jpg") as opened:
        kept = {name: opened.info[name] for name in ("exif", "xmp") if name in opened.info}
        opened.save(tmp_path / "saved.jpg", quality=50, **kept)
    status, _, err = styler("replay", "saved.jpg")
    assert (status, err.splitlines()[-1]) == (0, "not identical to saved.jpg")
    assert torch.equal(Picture.open(tmp_path / "saved-replay.jpg").samples, Picture.open(tmp_path / "out.jpg").samples)
