import json

import pytest

from styler.checksums import sha256
from styler.provenance import file_hash, record_of
from styler.transfer import Stylizer


def test_a_record_holds_hashes_of_all_that_went_in(tiny_file, picture_file):
    content, style = picture_file(), picture_file("style.png", seed=1)
    record = record_of(
        content, [style], Stylizer(tiny_file, device="cpu", dtype="float32"), {"alpha": 0.5, "size": None}
    )
    assert record["content"] == {"path": str(content), "sha256": sha256(content)}
    assert record["styles"] == [{"path": str(style), "sha256": sha256(style)}]
    assert record["model"] == {"name": "tiny", "path": str(tiny_file), "sha256": sha256(tiny_file)}
    assert (record["device"], record["dtype"]) == ("cpu", "float32")
    assert record["settings"] == {"alpha": 0.5, "size": None}
    assert {"styler", "torch"} <= record.keys()
    assert json.loads(json.dumps(record)) == record


def test_a_model_without_a_file_has_no_hash(tiny_model, tiny_file, picture_file):
    stylizer = Stylizer(tiny_file, device="cpu")
    stylizer.model = tiny_model
    assert record_of(picture_file(), [], stylizer, {})["model"] == {"name": "tiny", "path": None, "sha256": None}


def test_a_shipped_model_is_known_by_its_name(picture_file):
    model = record_of(picture_file(), [], Stylizer("small", device="cpu"), {})["model"]
    assert (model["name"], model["path"]) == ("small", None)


def test_masks_and_their_styles_are_hashed_too(tiny_file, picture_file):
    mask, style, keep = (picture_file(f"{name}.png") for name in ("mask", "sky", "keep"))
    settings = {"regions": [[str(mask), str(style)]], "keep": str(keep)}
    others = record_of(picture_file(), [], Stylizer(tiny_file, device="cpu"), settings)["others"]
    assert [other["path"] for other in others] == [str(mask), str(style), str(keep)]


def test_a_file_that_changes_is_hashed_anew(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"one")
    first = file_hash(path)
    path.write_bytes(b"other")
    assert file_hash(path) == sha256(path) != first


def test_settings_without_files_name_none(tiny_file, picture_file):
    content, stylizer = picture_file(), Stylizer(tiny_file, device="cpu")
    for settings in ({}, {"regions": [], "keep": None}, {"regions": None}):
        assert record_of(content, [], stylizer, settings)["others"] == []


def test_settings_of_every_kind_go_through_json(tiny_file, picture_file):
    content = picture_file()
    settings = {"alpha": {"relu4_1": 0.5}, "weights": [0.3, 0.7], "regions": [[str(content)] * 2], "size": None}
    record = record_of(content, [content] * 2, Stylizer(tiny_file, device="cpu"), settings)
    assert json.loads(json.dumps(record)) == record
    assert [style["sha256"] for style in record["styles"]] == [record["content"]["sha256"]] * 2


def test_a_file_that_is_gone_is_an_error_of_the_system(tiny_file, tmp_path):
    with pytest.raises(FileNotFoundError):
        record_of(tmp_path / "none.png", [], Stylizer(tiny_file, device="cpu"), {})
