"""The words of the page: all in one file, so that it can be translated."""

import re
from html.parser import HTMLParser

import pytest

from styler.choices import LEVELS
from styler.web.app import STATIC

FORMATS_AND_SIZES = {"png", "jpg", "webp", "tiff", "avif", "1024", "2048", "4096"}
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


def words_of(name):
    words = Words()
    words.feed((STATIC / name).read_text(encoding="utf-8"))
    return words


@pytest.mark.parametrize("name", ["index.html", "docs.html"])
def test_the_pages_have_no_words_of_their_own(name):
    assert words_of(name).shown <= NOT_WORDS


def test_every_text_is_there_and_none_is_left_over():
    defined = set(re.findall(r"^  (\w+):", (STATIC / "texts.js").read_text(encoding="utf-8"), re.MULTILINE))
    scripts = "".join(path.read_text(encoding="utf-8") for path in STATIC.glob("*.js") if path.name != "texts.js")
    named = words_of("index.html").names | words_of("docs.html").names
    named |= set(re.findall(r"texts\.(?!js)(\w+)", scripts))
    assert defined == named | set(LEVELS)  # the names of levels are looked up
