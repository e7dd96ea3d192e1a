from pathlib import Path

import pytest

from styler.batch.manifest import manifest_rows
from styler.batch.names import Template
from styler.batch.plan import planned_jobs
from styler.errors import StylerError


@pytest.fixture
def manifest(tmp_path):
    def write(text: str) -> Path:
        (tmp_path / "m.csv").write_bytes(text.encode("utf-8"))
        return tmp_path / "m.csv"

    return write


def test_rows_name_content_style_alpha_and_out(manifest, tmp_path):
    path = manifest("\ufeffcontent,style,alpha,out\na.jpg,x.png,,\nb.jpg,x.png,0.5,new/b\n")
    jobs = planned_jobs(path, None, tmp_path / "out", template=Template("{content}~{style}", "webp"), alpha=0.8)
    assert [(job.content.name, job.alpha, job.key) for job in jobs] == [
        ("a.jpg", 0.8, "a~x.webp"),
        ("b.jpg", 0.5, "new/b.webp"),
    ]
    assert jobs[0].content == tmp_path / "a.jpg"


def test_columns_may_be_in_any_order_and_alpha_and_out_may_be_missing(manifest):
    (row,) = manifest_rows(manifest("style, content\nx.png, a.jpg\n"), "png")
    assert (row.content.path.name, row.style.path.name, row.alpha, row.out) == ("a.jpg", "x.png", None, None)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "lines",
    [
        ("content,style,alpha,out", '"a,b;c.jpg",x.png,0.5,', ",,,", "c.jpg,x.png,,new"),
        ("content;style;alpha;out", "a,b;x.png;0,5;", ";;;", "c.jpg;x.png;;new"),
        ("Content\tStyle\tAlpha\tOut", "a,b\tx.png\t0,5\t", "", "c.jpg\tx.png\t\tnew"),
        ("sep=;", "content;style;alpha;out", "a,b;x.png;0.5;", "c.jpg;x.png;;new"),
        ("", ",content,style,,alpha,out,,", ",a,x.png,,0.5,,,", ",,,,,,,", ",c.jpg,x.png,,,new,,", ",,,,,,,,,"),
    ],
)
def test_manifests_of_spreadsheets_are_read(manifest, lines, end, mark):
    one, two = manifest_rows(manifest(mark + end.join([*lines, "", ""])), "png")
    assert (one.style.path.name, one.alpha, one.out) == ("x.png", 0.5, None)
    assert (two.content.path.name, two.alpha, two.out) == ("c.jpg", None, Path("new.png"))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("content;style\n\n;;\na;\n", "line 4: no style"),
        ("content,style,\na,b,c\n", "line 2: a cell has no column"),
        ("content,style\na\0b,c\n", "line 2: .*NUL"),
    ],
)
def test_errors_count_empty_lines(manifest, text, word):
    with pytest.raises(StylerError, match=word):
        manifest_rows(manifest(text), "png")


def test_two_rows_with_one_out_are_refused_and_the_error_names_the_column(manifest, tmp_path):
    path = manifest("content,style,out\na.jpg,x.png,same\nb.jpg,x.png,same\n")
    with pytest.raises(StylerError, match=r"same\.png would be both .*a\.jpg.* and .*b\.jpg") as caught:
        planned_jobs(path, None, tmp_path / "out", template=Template())
    assert (("--name" in caught.value.todo), ("column out" in caught.value.todo)) == (False, True)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("a.jpg,x.png,2,", "alpha"),
        ("a.jpg,x.png,nan,", "alpha"),
        ("a.jpg,x.png,much,", "alpha"),
        (",x.png,,", "no content"),
        ("a.jpg", "no style"),
        ("a.jpg,x.png,1,b,c", "more"),
        ("a.jpg,x.png,1,../b.png", "not a valid name"),
        ("a.jpg,x.png,1,/b.png", "not a valid name"),
    ],
)
def test_the_error_for_a_wrong_row_gives_its_line_number(manifest, line, word):
    with pytest.raises(StylerError, match=rf"m\.csv, line 3: .*{word}"):
        manifest_rows(manifest(f"content,style,alpha,out\na.jpg,x.png,1,ok\n{line}\n"), "png")


@pytest.mark.parametrize("text", ["", "content\na\n", "content,style,colour\na,b,c\n", "content,style,style\na,b,c\n"])
def test_missing_and_unknown_columns_are_refused(manifest, text):
    with pytest.raises(StylerError, match="line 1"):
        manifest_rows(manifest(text), "png")


def test_an_empty_or_unreadable_manifest_is_refused(manifest, tmp_path):
    with pytest.raises(StylerError, match="no rows"):
        manifest_rows(manifest("content,style\n"), "png")
    (tmp_path / "latin.csv").write_bytes(b"content,style\n\xe4.jpg,x.png\n")
    for name in ("latin.csv", "none.csv"):
        with pytest.raises(StylerError, match=f"cannot read .*{name}"):
            manifest_rows(tmp_path / name, "png")


def test_styles_given_beside_a_manifest_are_an_error(manifest, tmp_path):
    with pytest.raises(StylerError, match="already names the styles"):
        planned_jobs(manifest("content,style\na,b\n"), tmp_path, tmp_path / "out", template=Template())
