"""CITATION.cff names the version that is here."""

import re

from snippets import ROOT

import styler


def test_version_is_that_of_the_package():
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(r"^version: (.*)$", text, re.MULTILINE)[1] == styler.__version__
