"""Every Python block of docs/covariance.md runs, and is as short as it is said to be."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "covariance.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
LAYERS = [re.search(r"from styler\.covariance import .*?(\w+)\n", block) for block in BLOCKS]


@pytest.mark.parametrize("block", BLOCKS, ids=[match[1] for match in LAYERS if match])
def test_python_of_the_page_runs(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(compile(block, "covariance.md", "exec"), names)
    result = names.get("logits", names.get("stylized"))
    assert names["hybrid"].epoch == 3 if result is None else result.isfinite().all()


def test_every_layer_has_a_short_example():
    assert len(BLOCKS) == 6
    assert max(len(block.splitlines()) for block in BLOCKS) <= 14


def test_links_point_to_files_that_are_there():
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", PAGE):
        assert (DOCS / target).exists(), target


def test_tests_named_on_the_page_exist():
    for name in re.findall(r"tests/[\w/]+\.py", PAGE):
        assert (DOCS.parent / name).exists(), name
