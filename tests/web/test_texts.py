"""The words of the page: all in one file, so that it can be translated."""

import re
from html.parser import HTMLParser

import pytest

from styler.choices import LEVELS
from styler.export.browser_page import PAGE
from styler.web.app import STATIC

FORMATS_AND_SIZES = {"png", "jpg", "webp", "tiff", "avif", "256", "512", "768", "1024", "2048", "4096"}
NOT_WORDS = {"styler", "openapi.json", "·"} | FORMATS_AND_SIZES


class Words(HTMLParser):
    """Collects the text that is shown, and the names of texts that are filled in."""

    def __init__(self):
        super().__init__()
        self.shown, self.names = set(), set()

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.names |= {found[name] for name in ("data-text", "data-label", "data-title") if name in found}
        self.shown |= {found[name] for name in ("title", "placeholder", "aria-label", "alt") if found.get(name)}

    def handle_data(self, data):
        self.shown |= set(data.split())


def words_of(page):
    words = Words()
    words.feed(page.read_text(encoding="utf-8"))
    return words


PAGES = [STATIC / "index.html", STATIC / "docs.html", PAGE / "index.html"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}/{page.name}")
def test_the_pages_have_no_words_of_their_own(page):
    assert words_of(page).shown <= NOT_WORDS


def test_every_text_is_there_and_none_is_left_over():
    defined = set(re.findall(r"^  (\w+):", (STATIC / "texts.js").read_text(encoding="utf-8"), re.MULTILINE))
    files = [path for folder in (STATIC, PAGE) for path in folder.glob("*.js") if path.name != "texts.js"]
    scripts = "".join(path.read_text(encoding="utf-8") for path in files)
    named = set().union(*(words_of(page).names for page in PAGES))
    named |= set(re.findall(r"texts\.(?!js)(\w+)", scripts))
    named |= set(re.findall(r'data-(?:text|label|title)="(\w+)"', scripts))
    assert defined == named | set(LEVELS)  # the names of levels are looked up
