import os
import re
from pathlib import Path

import pytest

from styler.batch.folders import Source
from styler.batch.names import Template, inner_path, num_bytes, shortened, windows_part
from styler.batch.plan import Pair, named, planned_jobs
from styler.errors import StylerError
from styler.files import PassedOver


@pytest.fixture
def tree(tmp_path):
    """Return a function that makes empty files, since a plan only reads names."""

    def make(*names: str) -> Path:
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return tmp_path

    return make


def outs(contents, styles, folder, pattern="{content}-{style}", **options):
    return [job.key for job in planned_jobs(contents, styles, folder / "out", template=Template(pattern), **options)]


def test_hidden_files_and_files_of_other_kinds_are_named(tree):
    place = tree("c/a.PNG", "s/x.png", "c/.hidden.jpg", "c/notes.txt", "c/b.psd", "c/.git/c.png", "c/d/e.png")
    with pytest.warns(PassedOver) as warned:
        assert outs(place / "c", place / "s", place) == ["a-x.png"]
    assert {one.message.reason: [path.name for path in one.message.paths] for one in warned} == {
        "hidden": [".git", ".hidden.jpg"],
        "no pictures that styler reads": ["b.psd", "notes.txt"],
        "folders, which --recursive would search": ["d"],
    }


def test_every_content_is_paired_with_every_style_and_jobs_are_grouped_by_style(tree):
    place = tree("c/b.jpg", "c/a.PNG", "s/x.png", "s/y.webp")
    assert outs(place / "c", place / "s", place) == ["a-x.png", "b-x.png", "a-y.png", "b-y.png"]
    assert outs(place / "c" / "b.jpg", place / "s" / "x.png", place) == ["b-x.png"]


def test_zip_pairs_in_order_and_needs_equal_numbers(tree):
    place = tree("c/a.jpg", "c/b.jpg", "s/x.png", "s/y.png")
    assert outs(place / "c", place / "s", place, pairs="zip") == ["a-x.png", "b-y.png"]
    with pytest.raises(StylerError, match="1 for 2"):
        outs(place / "c", place / "s" / "x.png", place, pairs="zip")


def test_subfolders_are_mirrored_and_results_are_not_contents(tree):
    place = tree("c/1/a.jpg", "c/2/deep/a.jpg", "c/out/a-x.png", "s/x.png")
    (place / "c" / "out" / "styler-ledger.jsonl").touch()
    job_names = planned_jobs(place / "c", place / "s", place / "c" / "out", recursive=True, template=Template())
    assert [job.key for job in job_names] == ["1/a-x.png", "2/deep/a-x.png"]
    with pytest.warns(PassedOver, match="--recursive"), pytest.raises(StylerError, match="no pictures") as caught:
        outs(place / "c", place / "s", place)
    assert "--recursive" in caught.value.todo


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_folders_and_pipes_are_not_contents(tree):
    place = tree("c/a.jpg", "s/x.png")
    (place / "c" / "folder.png").mkdir()
    os.mkfifo(place / "c" / "pipe.png")
    with pytest.warns(PassedOver) as warned:
        assert outs(place / "c", place / "s", place) == ["a-x.png"]
    assert sorted(path.name for one in warned for path in one.message.paths) == ["folder.png", "pipe.png"]
    with pytest.raises(StylerError, match="is a pipe"):
        outs(place / "c" / "pipe.png", place / "s", place)


def test_a_recursive_search_leaves_out_the_results_of_earlier_batches(tree):
    place = tree("c/a.jpg", "c/old/a-x.png", "c/old/styler-ledger.jsonl", "c/old/deep/b-x.png", "s/x.png")
    with pytest.warns(PassedOver, match="results of an earlier batch .*old"):
        assert outs(place / "c", place / "s", place, recursive=True) == ["a-x.png"]
    with pytest.warns(PassedOver, match=r"styler-ledger\.jsonl"):  # named by the user, they are contents
        assert outs(place / "c" / "old", place / "s", place, recursive=True) == ["a-x-x.png", "deep/b-x-x.png"]


@pytest.mark.skipif(os.name == "nt", reason="links need a permission on Windows")
def test_links_are_followed_once_and_broken_ones_are_named(tree):
    place = tree("c/a.jpg", "elsewhere/b.jpg", "elsewhere/deep/d.jpg", "c/real/e.jpg", "s/x.png")
    links = {"link": place / "elsewhere", "loop": place / "c", "again": place / "c/real", "self": place / "c/self"}
    for name, target in (links | {"gone.png": place / "nowhere"}).items():
        (place / "c" / name).symlink_to(target)
    with pytest.warns(PassedOver) as warned:
        found = outs(place / "c", place / "s", place, recursive=True)
    assert found == ["a-x.png", "link/b-x.png", "link/deep/d-x.png", "real/e-x.png"]
    assert [(one.message.reason, [path.name for path in one.message.paths]) for one in warned] == [
        ("broken links", ["gone.png", "self"])
    ]
    with pytest.raises(StylerError, match=r"gone\.png is a broken link"):
        outs(place / "c" / "gone.png", place / "s", place)


def test_an_unreadable_folder_is_named(tree, monkeypatch):
    place, scandir = tree("c/a.jpg", "c/closed/b.jpg", "s/x.png"), os.scandir

    def denied(path):
        if os.fspath(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", denied)  # the superuser may read everything
    with pytest.warns(PassedOver, match=r"permission denied \(1\): .*closed"):
        assert outs(place / "c", place / "s", place, recursive=True) == ["a-x.png"]


@pytest.mark.parametrize("kind", ["c", "s"])
def test_the_folder_of_results_may_not_be_that_of_the_inputs(tree, kind):
    place = tree("c/a.jpg", "s/x.png")
    with pytest.raises(StylerError, match="would be written among"):
        planned_jobs(place / "c", place / "s", place / "c" / ".." / kind, template=Template())


def test_contents_that_differ_by_extension_get_it_in_the_name_and_others_do_not(tree):
    place = tree("c/a.jpg", "c/a.png", "c/b.jpg", "s/x.png")
    assert outs(place / "c", place / "s", place) == ["a.jpg-x.png", "a.png-x.png", "b-x.png"]
    tree("s/x.webp")
    assert outs(place / "c" / "b.jpg", place / "s", place) == ["b-x.png.png", "b-x.webp.png"]


@pytest.mark.parametrize("names", [("A", "a"), ("\u00e4", "a\u0308"), ("stra\u00dfe", "STRASSE")])
def test_names_that_some_file_systems_do_not_tell_apart_get_a_hash(tree, names):
    jobs = [Pair(Source(Path(f"{name}.jpg")), (Source(Path("x.png")),), 1.0) for name in names]
    found = [job.key for job in named(jobs, Template())]
    assert [re.sub("~[0-9a-f]{8}", "~", one) for one in found] == [f"{name}-x~.png" for name in names]
    assert len({one[-12:] for one in found}) == 2


def test_contents_with_one_name_in_two_folders_get_a_hash(tree):
    place = tree("1/a.jpg", "2/a.jpg", "x.png")
    found = outs([place / "1" / "a.jpg", place / "2" / "a.jpg"], place / "x.png", place)
    assert [re.sub("~[0-9a-f]{8}", "~", one) for one in found] == ["a-x~.png"] * 2
    assert len(set(found)) == 2


def test_styles_with_one_name_are_refused_and_name_makes_them_unique(tree):
    place = tree("c/a.jpg", "c/a.png", "s/1/x.png", "s/2/x.png")
    with pytest.raises(StylerError, match=r"a\.jpg-x\.png would be both .*1/x\.png and .*2/x\.png") as caught:
        outs(place / "c", place / "s", place, recursive=True)
    assert "--name" in caught.value.todo
    found = outs(place / "c", place / "s", place, "{style_folder}/{content}.{content_type}", recursive=True)
    assert found == ["1/a.jpg.png", "1/a.png.png", "2/a.jpg.png", "2/a.png.png"]


def test_a_pattern_without_the_content_is_refused_for_several(tree):
    place = tree("c/a.jpg", "c/b.jpg", "s/x.png")
    with pytest.raises(StylerError, match="would be both"):
        outs(place / "c", place / "s", place, "{style}")


def test_of_many_contents_the_style_is_left_out_and_a_missing_one_fails_later(tree):
    place = tree("a.jpg", "b.jpg", "night.jpg", "empty/.keep", "s/x.png")
    contents = [place / name for name in ("a.jpg", "b.jpg", "night.jpg", "gone.jpg", "empty", "a.jpg")]
    with pytest.warns(PassedOver) as warned:
        assert outs(contents, place / "night.jpg", place) == ["a-night.png", "b-night.png", "gone-night.png"]
    told = {path.name for one in warned for path in one.message.paths}
    assert told == {"night.jpg", "empty", ".keep"}
    with pytest.raises(StylerError, match="all contents are styles"), pytest.warns(PassedOver):
        outs([place / "a.jpg", place / "a.jpg"], place / "a.jpg", place)


def test_a_mixture_is_one_job_with_all_styles(tree):
    place = tree("a.jpg", "x.png", "y.png")
    (job,) = planned_jobs(
        place / "a.jpg", [place / "x.png", place / "y.png"], place / "out", mixed=True, template=Template()
    )
    assert (job.key, [style.name for style in job.styles]) == ("a-x-y.png", ["x.png", "y.png"])


@pytest.mark.parametrize(
    "pattern", ["{colour}", "{content.__class__}", "{0}", "{content", "{}", "{content:.2f}", "{alpha:9999}"]
)
def test_unknown_fields_of_a_template_are_refused(pattern):
    with pytest.raises(StylerError, match="--name") as caught:
        Template(pattern)
    assert "{style_folder}" in caught.value.todo


@pytest.mark.parametrize(
    ("pattern", "alpha", "name"),
    [("{alpha}", 0.25, "0.25"), ("{alpha:.1f}", 1.0, "1.0"), ("{alpha}", (("relu4_1", 0.5),), "relu4_1=0.5")],
)
def test_strengths_in_names(pattern, alpha, name):
    assert Template(pattern).path(Source(Path("a.jpg")), [Source(Path("x.png"))], alpha) == Path(f"{name}.png")


@pytest.mark.parametrize("char", ["x", "\u00e4", "\u5199", "\U0001f600", "\udce9"])
def test_names_too_long_for_a_file_system_are_shortened_and_stay_different(char):
    names = [shortened(f"{char * 300}{end}.png") for end in "ab"]
    assert len(set(names)) == 2
    for name in names:
        assert 240 < num_bytes(name) <= 255
        assert re.fullmatch(rf"{char}+~[0-9a-f]{{8}}\.png", name)
    assert shortened(f"{'x' * 251}.png") == f"{'x' * 251}.png"
    assert inner_path(f"{'y' * 300}/a.png").name == "a.png"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        *(("con.png", "con_.png"), ("NUL", "NUL_"), ("com1.tar.png", "com1_.tar.png"), ("cone.png", "cone.png")),
        *(("a:b.png", "a_b.png"), ('<a>"|?*.png', "_a_____.png"), ("a. ", "a"), ("...", "_"), ("a\nb", "a_b")),
    ],
)
def test_names_that_windows_reserves_are_changed_there(name, safe):
    assert windows_part(name) == safe
    assert inner_path(f"{safe}/x", windows=False) == inner_path(f"{safe}/x", windows=True)


@pytest.mark.parametrize("name", ["../x.png", "/etc/x.png", "a/../../x.png", "", ".", "a/..", "x\0.png"])
def test_names_outside_the_folder_of_results_are_refused(name):
    with pytest.raises(StylerError, match="not a valid name"):
        inner_path(name)


def test_names_inside_the_folder_are_normalized():
    assert inner_path("a/./b/../x.png") == Path("a/x.png")


def test_the_error_for_a_missing_input_names_it(tree):
    place = tree("c/a.jpg")
    for pair in ((place / "c", place / "none"), (place / "none", place / "c")):
        with pytest.raises(StylerError, match="none"):
            outs(*pair, place)
    with pytest.raises(StylerError, match="no styles"):
        outs(place / "c", None, place)
