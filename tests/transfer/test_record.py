import json
from inspect import Parameter, signature
from pathlib import Path

import pytest
from records import changed
from samples import picture

from styler.errors import StylerError
from styler.files import sha256
from styler.images import Picture
from styler.model.weights import load_model
from styler.transfer.arguments import CHECKS
from styler.transfer.input_record import file_hash
from styler.transfer.record import read_record, record_of, settings_record
from styler.transfer.stylizer import Stylizer

HASH = "0" * 64
RECORD = {
    "styler": "0.1.0",
    "torch": "2.11.0",
    "content": {"name": "photo.jpg", "sha256": HASH},
    "styles": [{"name": "painting.png", "sha256": HASH}],
    "others": [{"name": "mask.png", "sha256": HASH}],
    "model": {"name": "small", "path": None, "sha256": HASH},
    "device": "cpu",
    "dtype": "float32",
    "settings": {"alpha": 1.0, "keep": "mask.png", "size": 56, "seed_flats": True},
}


def is_read(record: object) -> bool:
    """Return whether a record is read, from a picture of 56 pixels; else check how that is said."""
    text = record if isinstance(record, str) else json.dumps(record)
    try:
        found = read_record(Path("out.png"), text, 56)
    except StylerError as error:
        return str(error) != "out.png was made by another version of styler\nmake it again with styler transfer"
    return found == json.loads(text)


SETTINGS = sorted(CHECKS.keys() | {"keep"})


def test_what_styler_writes_is_read():
    assert is_read(RECORD)
    settings = {"alpha": {"relu4_1": 0.5}, "weights": [2], "regions": [["mask.png", "mask.png"]], "keep": None}
    settings |= {"preserve_color": "luma", "levels": ["relu2_1"], "size": None, "style_size": 24, "style_scale": 0.5}
    settings |= {
        "detail": 0.5,
        "strokes": "bold",
        "seed_flats": False,
        "transform": "adain",
        "method": "eigh",
        "tile": 0,
        "max_memory": 2 << 30,
        "refine": 20,
        "refine_with": "vgg19",
    }
    assert sorted(settings) == SETTINGS
    others = {"others": RECORD["others"] * 2}
    assert is_read(RECORD | others | {"settings": settings})
    assert is_read(RECORD | others | {"settings": settings | {"weights": None}, "styles": []})
    assert not is_read(RECORD | {"settings": settings | {"weights": None, "regions": []}, "styles": []})


def test_settings_are_the_arguments_of_stylize():
    arguments = signature(Stylizer.stylize).parameters.values()
    assert {x.name for x in arguments if x.kind == Parameter.KEYWORD_ONLY} - {"trace"} == set(SETTINGS)


def test_a_refinement_needs_its_network_and_the_hash_of_its_file():
    settings = {"refine": 20, "refine_with": "vgg.safetensors", "seed_flats": True}
    network = {"name": "vgg.safetensors", "sha256": HASH}
    assert is_read(RECORD | {"settings": settings, "others": [network]})
    assert not is_read(RECORD | {"settings": settings, "others": []})
    assert not is_read(RECORD | {"settings": {"refine": 20, "seed_flats": True}, "others": []})
    assert not is_read(RECORD | {"settings": settings | {"refine_with": None}, "others": []})


def test_no_record_is_said():
    with pytest.raises(StylerError, match=r"out\.png has no record of how it was made"):
        read_record(Path("out.png"), None, 56)


JUNK = ["x", -1, 7.5, True, [], {}, [1], {"a": 1}, float("nan"), float("inf"), 10**400, None, "\0", "\ud800", [["a"]]]
FILES = ["content.name", "content.sha256", "styles.0.name", "styles.0.sha256", "others.0.name", "model.path"]
FILES += ["model.name", "model.sha256", "device", "dtype", "torch", "styler"]
PARTS = ["content", "styles", "styles.0", "others", "others.0", "model", "settings", *FILES]
PARTS += ["settings.unknown", *(f"settings.{name}" for name in SETTINGS)]

HARMLESS = [(part, text) for part in FILES if part != "others.0.name" for text in ("x", "\ud800")]
HARMLESS += [(f"settings.{name}", None) for name in ("keep", "levels", "size", "style_size", "weights", "refine_with")]
HARMLESS += [("settings.alpha", {}), ("settings.regions", []), ("settings.weights", [1]), ("settings.style_scale", 7.5)]
HARMLESS += [("settings", {}), ("model.path", None), ("settings.seed_flats", True)]


@pytest.mark.parametrize("part", PARTS)
def test_a_record_with_junk_in_it_is_refused(part):
    for junk in JUNK:
        assert not is_read(changed(RECORD, part, junk)) or (part, junk) in HARMLESS, (part, junk)
    if not part.startswith("settings."):
        assert not is_read(changed(RECORD, part, ...))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alpha", "x"),
        ("alpha", 2),
        ("alpha", {"relu9_1": 1}),
        ("alpha", {"relu1_1": "x"}),
        ("weights", [1, 2]),
        ("weights", [0]),
        ("weights", [-1]),
        ("regions", [["mask.png"]]),
        ("regions", [["mask.png", 1]]),
        ("regions", [["/etc/passwd", "painting.png"]]),
        ("keep", "/etc/passwd"),
        ("preserve_color", "x"),
        ("levels", ["relu9_1"]),
        ("levels", [["relu1_1"]]),
        ("levels", []),
        ("size", 10**9),
        ("size", 57),
        ("size", 0),
        ("style_size", 0),
        ("style_size", 10**7),
        ("style_scale", 1e9),
        ("style_scale", 0),
        ("transform", []),
        ("method", {}),
        ("tile", -64),
        ("tile", 1.5),
        ("max_memory", -1),
        ("max_memory", "2G"),
        ("trace", None),
        ("content", "x"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(name, value):
    assert not is_read(changed(RECORD, f"settings.{name}", value))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "7",
        '"text"',
        "{}",
        "{",
        "[" * 100_000,
        '{"a":' * 100_000,
        "9" * 5000,
        '{"content": []}',
        "NaN",
    ],
)
def test_what_is_no_record_is_refused(text):
    assert not is_read(text)


def test_a_record_holds_hashes_of_all_that_went_in(tiny_file, picture_file):
    content, style = picture_file(), picture_file("style.png", seed=1)
    record = record_of(content, [style], load_model(tiny_file), {"alpha": 0.5, "size": None})
    assert record["content"] == {"name": "photo.png", "sha256": sha256(content)}
    assert record["styles"] == [{"name": "style.png", "sha256": sha256(style)}]
    assert record["model"] == {"name": "tiny", "path": "tiny.safetensors", "sha256": sha256(tiny_file)}
    assert (record["device"], record["dtype"]) == ("cpu", "float32")
    assert record["settings"] == {"alpha": 0.5, "size": None}
    assert {"styler", "torch"} <= record.keys()
    assert json.loads(json.dumps(record)) == record


def test_a_record_names_no_folder(tiny_file, picture_file, tmp_path):
    files = [picture_file(f"private/{name}.png") for name in "abcd"]
    settings = {"regions": [list(map(str, files[:2]))], "keep": str(files[2])}
    text = json.dumps(record_of(files[3], files[:1], load_model(tiny_file), settings))
    assert "private" not in text
    assert str(tmp_path) not in text


def test_records_with_paths_are_read():
    old = json.loads(json.dumps(RECORD).replace('"name": "photo.jpg"', '"path": "/home/me/photo.jpg"'))
    found = read_record(Path("out.png"), json.dumps(old), 56)
    assert found["content"]["name"] == "/home/me/photo.jpg"
    assert found["settings"] == RECORD["settings"]


def test_a_model_without_a_file_has_no_hash(tiny_model, picture_file):
    assert record_of(picture_file(), [], tiny_model, {})["model"] == {"name": "tiny", "path": None, "sha256": None}


def test_a_shipped_model_is_known_by_its_name(picture_file):
    model = record_of(picture_file(), [], load_model("small"), {})["model"]
    assert (model["name"], model["path"]) == ("small", None)


def test_masks_and_their_styles_are_hashed_too(tiny_file, picture_file):
    mask, style, keep = (picture_file(f"{name}.png") for name in ("mask", "sky", "keep"))
    settings = {"regions": [[str(mask), str(style)]], "keep": str(keep)}
    record = record_of(picture_file(), [], load_model(tiny_file), settings)
    assert [other["name"] for other in record["others"]] == ["mask.png", "sky.png", "keep.png"]
    assert record["settings"] == {"regions": [["mask.png", "sky.png"]], "keep": "keep.png"}


def test_a_file_that_changes_is_hashed_anew(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"one")
    first = file_hash(path)
    path.write_bytes(b"other")
    assert file_hash(path) == sha256(path) != first


def test_settings_without_files_name_none(tiny_file, picture_file):
    content, model = picture_file(), load_model(tiny_file)
    for settings in ({}, {"regions": [], "keep": None}, {"regions": None}):
        assert record_of(content, [], model, settings)["others"] == []


def test_settings_of_every_kind_go_through_json(tiny_file, picture_file):
    content = picture_file()
    settings = {"alpha": {"relu4_1": 0.5}, "weights": [0.3, 0.7], "regions": [[str(content)] * 2], "size": None}
    record = record_of(content, [content] * 2, load_model(tiny_file), settings)
    assert json.loads(json.dumps(record)) == record
    assert settings["regions"] == [[str(content)] * 2]
    assert [style["sha256"] for style in record["styles"]] == [record["content"]["sha256"]] * 2


def test_a_file_that_is_gone_is_an_error_of_the_system(tiny_file, tmp_path):
    with pytest.raises(FileNotFoundError):
        record_of(tmp_path / "none.png", [], load_model(tiny_file), {})


def test_records_with_an_old_name_of_a_setting_are_read():
    found = read_record(Path("out.png"), json.dumps(RECORD | {"settings": {"colors": "luma"}}), 56)
    assert found["settings"] == {"preserve_color": "luma", "seed_flats": False}


def test_the_page_is_recorded_unless_it_is_the_only_one(tiny_file, picture_file):
    model, path = load_model(tiny_file), picture_file()
    for page, recorded in ((None, None), (1, 1)):
        record = settings_record(Picture.open(path, page=page), [path], model, {"regions": (), "keep": None})
        assert json.loads(record or "")["content"].get("page") == recorded
    assert is_read(changed(RECORD, "content", RECORD["content"] | {"page": 2}))
    assert not is_read(changed(RECORD, "content", RECORD["content"] | {"page": 0}))


def test_only_what_was_made_of_files_alone_has_a_record(tiny_file, picture_file):
    model, path = load_model(tiny_file), picture_file()
    opened, tensor = Picture.open(path), picture(8, 8)
    nothing = {"regions": (), "keep": None}
    assert json.loads(settings_record(opened, [path], model, nothing) or "")["styles"][0]["name"] == path.name
    assert settings_record(opened, [tensor], model, nothing) is None
    assert settings_record(opened.resized(20), [path], model, nothing) is None
    assert settings_record(opened, [path], model, nothing | {"keep": tensor}) is None
    assert settings_record(opened, [path], model, nothing | {"regions": [(tensor, path)]}) is None
