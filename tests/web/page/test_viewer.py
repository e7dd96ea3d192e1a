"""The picture on the page: boundary, flip, zoom and pan by mouse."""

import pytest
from page_actions import ASSETS, styled

pytestmark = pytest.mark.slow


@pytest.fixture
def page(visit):
    page = visit()
    styled(page)
    return page


def box_of(page):
    return page.locator("#before").bounding_box()


def test_the_boundary_is_drawn_by_the_mouse(page):
    box, wipe = box_of(page), page.locator("#wipe").bounding_box()
    page.mouse.move(wipe["x"] + wipe["width"] / 2, wipe["y"] + wipe["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 50, steps=4)
    page.mouse.up()
    assert page.get_attribute("#wipe", "aria-valuenow") == "20"
    assert "20%" in page.eval_on_selector("#after", "image => image.style.clipPath")


def test_the_photograph_is_shown_while_a_button_or_a_key_is_held(page):
    page.hover("#flip")
    page.mouse.down()
    assert "100%" in page.eval_on_selector("#after", "image => image.style.clipPath")
    page.mouse.up()
    assert "50%" in page.eval_on_selector("#after", "image => image.style.clipPath")
    page.focus("#stage")
    page.keyboard.down(" ")
    assert "100%" in page.eval_on_selector("#after", "image => image.style.clipPath")
    page.keyboard.up(" ")


def test_the_wheel_zooms_where_the_mouse_is_and_drawing_moves_the_picture(page):
    before = box_of(page)
    x, y = before["x"] + 0.25 * before["width"], before["y"] + 0.5 * before["height"]
    page.mouse.move(x, y)
    page.mouse.wheel(0, -300)
    page.wait_for_timeout(100)
    zoomed = box_of(page)
    assert zoomed["width"] > 2 * before["width"]
    assert abs((x - zoomed["x"]) / zoomed["width"] - 0.25) < 0.01
    page.mouse.down()
    page.mouse.move(x + 60, y - 30, steps=3)
    page.mouse.up()
    moved = box_of(page)
    assert abs(moved["x"] - zoomed["x"] - 60) < 1
    assert abs(moved["y"] - zoomed["y"] + 30) < 1
    page.keyboard.press("1")
    assert page.text_content("#zoom") == "100 %"
    page.keyboard.press("0")
    assert abs(box_of(page)["width"] - before["width"]) < 1


def test_nothing_covers_a_fitted_picture(visit):
    page = visit()
    page.set_input_files("#photos", [ASSETS / "astronaut.jpg", ASSETS / "cat.jpg"])
    page.wait_for_selector("#make:has-text('2')")
    page.click("#strip button:nth-child(1)")
    box, tools, strip = box_of(page), *(page.locator(name).bounding_box() for name in ("#tools", "#strip"))
    assert box["y"] + box["height"] <= tools["y"]
    assert box["y"] >= strip["y"] + strip["height"]


def test_screen_readers_are_told_what_is_shown(page):
    assert page.get_attribute("#before", "alt") == "cat.jpg"
    assert page.get_attribute("#after", "alt") == "night"
    assert page.get_attribute("#status", "aria-live") == "polite"
    assert "Preview" in page.text_content("#status")
