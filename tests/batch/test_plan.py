import os
from pathlib import Path

import pytest

from styler.batch.folders import Source
from styler.batch.names import Template, inner_path
from styler.batch.plan import planned_jobs
from styler.errors import StylerError


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


def test_every_content_is_paired_with_every_style_and_jobs_are_grouped_by_style(tree):
    place = tree("c/b.jpg", "c/a.PNG", "s/x.png", "s/y.webp", "c/.hidden.jpg", "c/notes.txt")
    assert outs(place / "c", place / "s", place) == ["a-x.png", "b-x.png", "a-y.png", "b-y.png"]
    assert outs(place / "c" / "b.jpg", place / "s" / "x.png", place) == ["b-x.png"]


def test_zip_pairs_in_order_and_needs_equal_numbers(tree):
    place = tree("c/a.jpg", "c/b.jpg", "s/x.png", "s/y.png")
    assert outs(place / "c", place / "s", place, pairs="zip") == ["a-x.png", "b-y.png"]
    with pytest.raises(StylerError, match="1 for 2"):
        outs(place / "c", place / "s" / "x.png", place, pairs="zip")


def test_subfolders_are_mirrored_and_results_are_not_contents(tree):
    place = tree("c/1/a.jpg", "c/2/deep/a.jpg", "c/out/a-x.png", "s/x.png")
    job_names = planned_jobs(place / "c", place / "s", place / "c" / "out", recursive=True, template=Template())
    assert [job.key for job in job_names] == ["1/a-x.png", "2/deep/a-x.png"]
    with pytest.raises(StylerError, match="no pictures") as caught:
        outs(place / "c", place / "s", place)
    assert "--recursive" in caught.value.todo


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_folders_and_pipes_are_not_contents(tree):
    place = tree("c/a.jpg", "s/x.png")
    (place / "c" / "folder.png").mkdir()
    os.mkfifo(place / "c" / "pipe.png")
    assert outs(place / "c", place / "s", place) == ["a-x.png"]


@pytest.mark.parametrize("kind", ["c", "s"])
def test_the_folder_of_results_may_not_be_that_of_the_inputs(tree, kind):
    place = tree("c/a.jpg", "s/x.png")
    with pytest.raises(StylerError, match="would be written among"):
        planned_jobs(place / "c", place / "s", place / "c" / ".." / kind, template=Template())


def test_two_jobs_with_the_same_name_are_refused_and_name_makes_them_unique(tree):
    place = tree("c/a.jpg", "c/a.png", "s/1/x.png", "s/2/x.png")
    with pytest.raises(StylerError, match=r"a-x\.png would be both .*a\.jpg.* and .*") as caught:
        outs(place / "c", place / "s", place, recursive=True)
    assert "--name" in caught.value.todo
    found = outs(place / "c", place / "s", place, "{style_folder}/{content}.{content_type}", recursive=True)
    assert found == ["1/a.jpg.png", "1/a.png.png", "2/a.jpg.png", "2/a.png.png"]


@pytest.mark.parametrize("pattern", ["{colour}", "{content.__class__}", "{0}", "{content", "{}"])
def test_unknown_fields_of_a_template_are_refused(pattern):
    with pytest.raises(StylerError, match="--name") as caught:
        Template(pattern)
    assert "{style_folder}" in caught.value.todo


@pytest.mark.parametrize(
    "pattern",
    ["{content:d}", "{content:>999999999}", "{style!r}", "{alpha!x}", "{alpha:x}", "{alpha:.999f}", "{alpha:{style}}"],
)
def test_formats_that_a_field_does_not_take_are_refused(pattern):
    with pytest.raises(StylerError, match="--name: invalid format") as caught:
        Template(pattern)
    assert "{alpha:.2f}" in caught.value.todo


@pytest.mark.parametrize(
    ("pattern", "name"),
    [("{alpha:.2f}", "0.50"), ("{alpha:05.1f}", "000.5"), ("{alpha:.0%}", "50%"), ("{alpha}", "0.5"), ("{{a}}", "{a}")],
)
def test_the_strength_takes_a_number_format(pattern, name):
    source = Source(Path("a.jpg"))
    assert Template(pattern).path(source, source, 0.5) == Path(f"{name}.png")


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
