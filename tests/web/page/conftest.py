"""The page in Chromium, with a server of the shipped model; skipped in one line where there is no browser."""

import shutil

import pytest
from page_actions import DESKTOP

from styler.transfer.stylizer import Stylizer

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
READY = 60_000
"""Milliseconds; the machine may be busy."""


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="the page is tested with playwright")
    if CHROMIUM is None:  # the suite runs on machines without a browser too; CI installs one
        pytest.skip("no browser: apt-get install chromium")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def small():
    return Stylizer("small", device="cpu", dtype="float32")


@pytest.fixture
def stylizer(small):
    """The shipped model, for which there are built-in styles."""
    return small


@pytest.fixture
def visit(browser, server):
    """Return a function that opens the page; what its console complains of fails the test."""
    contexts, complaints = [], []

    def visit(*, size=DESKTOP, scheme="light", path="/", **options):
        context = browser.new_context(viewport=size, color_scheme=scheme, accept_downloads=True, **options)
        contexts.append(context)
        context.set_default_timeout(READY)
        page = context.new_page()
        # From the start: a chooser that opens before the browser is told to report it is never reported.
        page.on("filechooser", lambda _: None)
        page.on("console", lambda one: complaints.append(one.text) if one.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{server.url}{path}")
        if path == "/":
            page.wait_for_selector("body.ready")
        return page

    yield visit
    for context in contexts:
        context.close()
    assert [one for one in complaints if "422" not in one] == []
