"""Pictures of full size on the page: progress, cancel, several at once, and what is left when someone leaves."""

import threading

import numpy as np
import pytest
from page_actions import downloaded, made, open_photo, previewed, styled

from styler.images import Picture

pytestmark = pytest.mark.slow


@pytest.fixture
def held(server, monkeypatch):
    """Return an event that lets jobs go on after half of the work; previews are not held."""
    free, render = threading.Event(), server.engine.renderer.render

    def half(orders, report):
        if not orders[0].may_batch:
            threading.Event().wait(0.5)
            report(0.5)
            assert free.wait(30)
            report(0.5)  # ends a cancelled job
        return render(orders, report)

    monkeypatch.setattr(server.engine.renderer, "render", half)
    yield free
    free.set()


def test_a_job_shows_progress_and_the_time_left(visit, held):
    page = visit()
    styled(page)
    page.click("#make")
    page.wait_for_selector(".card .what:has-text('50 %')")
    assert page.text_content(".card .what").endswith("s left")
    assert page.eval_on_selector(".card progress", "bar => bar.value") == 0.5
    held.set()
    page.wait_for_selector(".card.ended .button")


def test_a_job_is_cancelled(visit, server, held):
    page = visit()
    styled(page)
    page.click("#make")
    page.wait_for_selector(".card .what:has-text('50 %')")
    page.focus(".card button:has-text('Cancel')")
    page.keyboard.press("Enter")
    page.wait_for_selector(".card.ended")
    assert page.text_content(".card .what") == "Cancelled"
    assert page.evaluate("document.activeElement.textContent") == "Remove"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "make"
    assert page.is_hidden("#tray")
    assert server.engine.jobs == {}


def test_the_job_of_a_page_that_is_closed_is_cancelled(visit, server, held):
    page = visit()
    styled(page)
    page.click("#make")
    page.wait_for_selector(".card .what:has-text('50 %')")
    (job,) = server.engine.jobs.values()
    page.close()
    assert job.cancelled.wait(30)


def test_leaving_with_a_picture_that_is_not_saved_asks_first(visit):
    page = visit()
    styled(page)
    made(page)
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    downloaded(page, lambda: page.click(".card .button"))
    page.reload()
    assert asked == []
    page.wait_for_selector("body.ready")
    styled(page)
    made(page)
    page.reload()
    assert asked == ["beforeunload"]


def test_depth_and_resolution_are_kept(visit, tmp_path):
    samples = np.random.default_rng(0).integers(0, 65535, (70, 600, 3)).astype(np.uint16)
    Picture.of(samples).save(tmp_path / "deep.tiff")
    page = visit()
    page.set_input_files("#photos", tmp_path / "deep.tiff")
    page.click('[data-name="night"]')
    previewed(page)
    page.select_option("#format", "tiff")
    made(page)
    name, data = downloaded(page, lambda: page.click(".card .button"))
    found = Picture.open(data)
    assert (name, found.depth, found.size) == ("deep-night.tiff", 16, (70, 600))
    page.click(".card .picture")  # the server shows it: browsers have no TIFF
    page.wait_for_selector("#status:has-text('full size')")


def test_several_photographs_become_a_grid(visit):
    page = visit()
    open_photo(page, "cat.jpg", "coffee.jpg")
    page.wait_for_selector("#make:has-text('2')")
    page.focus("#strip button:nth-child(2)")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"
    page.click("#strip button:nth-child(1)")
    page.click('[data-name="night"]')
    page.click("#make")
    for card in (1, 2):
        page.wait_for_selector(f".card:nth-child({card}).ended .button")
    assert page.get_attribute("#grid", "aria-pressed") == "true"
    boxes = [page.locator(f".card:nth-child({card}) img").bounding_box() for card in (1, 2)]
    assert boxes[0]["y"] == boxes[1]["y"]
    assert min(box["width"] for box in boxes) > 200
    assert page.is_visible("#saveAll")
    page.click(".card:nth-child(1) .picture")
    assert page.get_attribute("#grid", "aria-pressed") == "false"
    assert page.get_attribute("#before", "alt") == "coffee.jpg"
    page.keyboard.press("Escape")
    assert page.get_attribute("#before", "alt") == "cat.jpg"
    page.keyboard.press("g")
    assert page.get_attribute("#grid", "aria-pressed") == "true"
    page.keyboard.press("Escape")
    page.click("#strip .icon")
    assert page.is_hidden("#strip")
    assert page.text_content("#make") == "Make it full size"


def test_a_change_after_a_finished_picture_shows_the_preview_of_the_chosen_photograph(visit):
    page = visit()
    open_photo(page, "cat.jpg", "coffee.jpg")
    page.wait_for_selector("#make:has-text('2')")
    page.click('[data-name="night"]')
    page.click("#make")
    for card in (1, 2):
        page.wait_for_selector(f".card:nth-child({card}).ended .button")
    chosen = page.get_attribute("#before", "src")
    other = next(card for card in (1, 2) if "coffee" in page.text_content(f".card:nth-child({card}) .name"))
    page.click(f".card:nth-child({other}) .picture")
    assert page.get_attribute("#before", "src") != chosen
    page.fill("#alpha", "0.5")
    previewed(page)
    assert page.get_attribute("#before", "src") == chosen
    assert page.get_attribute("#before", "alt") == "cat.jpg"
