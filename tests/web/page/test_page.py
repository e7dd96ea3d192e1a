"""The whole way on the page: by mouse, by keyboard, on a phone; what it looks like."""

import io
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from page_actions import ASSETS, DESKTOP, PHONE, downloaded, open_photo, previewed, stroke, styled
from PIL import Image
from uploads import png

GOLDEN = Path(__file__).parents[2] / "golden"


def test_a_stranger_makes_a_picture_in_three_clicks(visit):
    page = visit()
    open_photo(page)  # the first click, on Choose a photograph
    page.click('[data-name="great-wave"]')
    previewed(page)
    page.click("#make")
    page.wait_for_selector(".card.ended")
    name, data = downloaded(page, lambda: page.click(".card a"))
    assert name == "cat-great-wave.png"
    assert Image.open(io.BytesIO(data)).size == (451, 300)


@pytest.mark.slow
def test_the_command_makes_the_same_file_to_the_byte(visit, tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from styler.cli import app

    page = visit()
    open_photo(page)
    page.set_input_files("#styleFile", ASSETS / "night.jpg")
    page.click("[name=slot][value='1']", force=True)
    page.set_input_files("#styleFile", ASSETS / "wash.jpg")
    page.fill("#mix", "0.3")
    page.fill("#alpha", "0.7")
    page.fill("#detail", "0.25")
    page.select_option("#preserve_color", "luma")
    page.click("#more summary")
    page.fill("#style_scale", "0.5")
    page.select_option("#size", "1024")
    page.select_option("#format", "jpg")
    previewed(page)
    page.click("#make")
    page.wait_for_selector(".card.ended")
    name, data = downloaded(page, lambda: page.click(".card a"))
    page.click("#command")
    words = page.text_content("#commandText").split()
    monkeypatch.chdir(tmp_path)
    for asset in ("cat.jpg", "night.jpg", "wash.jpg"):
        shutil.copy(ASSETS / asset, tmp_path)
    result = CliRunner().invoke(app, [*words[1:], "--device", "cpu", "--dtype", "float32"])
    assert result.exit_code == 0, result.output
    assert (tmp_path / name).read_bytes() == data


@pytest.mark.slow
def test_a_painted_mask_makes_the_same_file_too(visit, tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from styler.cli import app

    page = visit()
    open_photo(page)
    page.click('[data-name="irises"]')
    page.click("[name=slot][value='1']", force=True)
    page.click('[data-name="glass"]')
    page.click("[name=brush][value='second']", force=True)
    stroke(page, 0.2)
    page.click("[name=brush][value='keep']", force=True)
    stroke(page, 0.8)
    previewed(page)
    page.click("#make")
    page.wait_for_selector(".card.ended")
    name, data = downloaded(page, lambda: page.click(".card a"))
    monkeypatch.chdir(tmp_path)
    shutil.copy(ASSETS / "cat.jpg", tmp_path)
    page.click("#command")
    page.wait_for_selector("#maskFiles a")
    for link in page.query_selector_all("#maskFiles a"):
        mask, pixels = downloaded(page, link.click)
        (tmp_path / mask).write_bytes(pixels)
    words = page.text_content("#commandText").split()
    assert {"--mask", "--keep"} <= set(words)
    result = CliRunner().invoke(app, [*words[1:], "--device", "cpu", "--dtype", "float32"])
    assert result.exit_code == 0, result.output
    assert (tmp_path / name).read_bytes() == data


def test_a_large_picture_gets_marks_as_large_as_in_its_preview(visit):
    page = visit()
    open_photo(page)
    page.click('[data-name="irises"]')
    page.select_option("#size", "2048")
    page.click("#command")
    assert "--strokes 4 --size 2048" in page.text_content("#commandText")
    page.keyboard.press("Escape")
    page.select_option("#strokes", "fine")
    page.click("#command")
    assert "--strokes" not in page.text_content("#commandText")


def test_the_whole_way_by_keyboard(visit):
    page = visit()
    page.focus("#choose")
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    chooser.value.set_files(ASSETS / "cat.jpg")
    page.wait_for_selector("#sheet:not([hidden])")
    page.focus("#styles [role=option]")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    previewed(page)
    assert page.get_attribute("#styles [aria-selected=true]", "data-name")
    page.focus("#wipe")
    page.keyboard.press("ArrowLeft")
    assert page.get_attribute("#wipe", "aria-valuenow") == "45"
    page.keyboard.press("Home")
    assert page.get_attribute("#wipe", "aria-valuenow") == "0"
    page.evaluate("document.activeElement.blur()")
    page.keyboard.down(" ")
    assert page.get_attribute("#flip", "aria-pressed") == "true"
    page.keyboard.up(" ")
    assert page.get_attribute("#flip", "aria-pressed") == "false"
    before = page.text_content("#zoom")
    page.keyboard.press("+")
    assert page.text_content("#zoom") != before
    page.keyboard.press("0")
    assert page.text_content("#zoom") == before
    page.keyboard.press("?")
    assert page.is_visible("#helpDialog")
    page.keyboard.press("Escape")
    page.wait_for_selector("#helpDialog", state="hidden")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".card.ended .button")
    assert page.text_content(".card .what").startswith("Done")
    page.focus(".card .button")
    name, data = downloaded(page, lambda: page.keyboard.press("Enter"))
    assert name.startswith("cat-")
    assert Image.open(io.BytesIO(data)).size == (451, 300)


def test_a_hostile_file_is_a_message(visit):
    page = visit()
    page.set_input_files(
        "#photos", {"name": "evil.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n" + bytes(99)}
    )
    page.wait_for_selector("#status.problem")
    assert "evil.png" in page.text_content("#status")
    name = "<img src=x onerror=alert(1)>.png"
    page.set_input_files("#photos", {"name": name, "mimeType": "image/png", "buffer": png()})
    page.wait_for_selector("#sheet:not([hidden])")
    page.click('[data-name="night"]')
    page.click("#make")
    page.wait_for_selector(".card.ended")
    assert page.query_selector(".card img[src=x]") is None


def test_what_the_browser_cannot_show_is_shown_by_the_server(visit, tmp_path):
    Image.open(ASSETS / "cat.jpg").save(tmp_path / "cat.tiff")
    page = visit()
    page.set_input_files("#photos", tmp_path / "cat.tiff")
    page.wait_for_selector("#sheet:not([hidden])")
    page.click('[data-name="night"]')
    previewed(page)
    assert page.evaluate("document.querySelector('#before').naturalWidth") > 100


def test_nothing_is_loaded_from_elsewhere(visit, server):
    page = visit()
    found = page.evaluate("performance.getEntriesByType('resource').map((one) => one.name)")
    assert all(one.startswith((server.url, "blob:")) for one in found)
    assert not re.search(r"https?://(?!www\.w3\.org|127\.0\.0\.1)", page.content())


def test_a_phone_shows_everything_without_scrolling_sideways(visit):
    page = visit(size=PHONE)
    open_photo(page)
    page.click('[data-name="night"]')
    previewed(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    page.click("#make")
    page.wait_for_selector(".card.ended")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


LOOKS = [("light", DESKTOP), ("dark", DESKTOP), ("light", PHONE)]
NAMES = ["light", "dark", "phone"]


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "size"), LOOKS, ids=NAMES)
def test_axe_finds_nothing_serious(visit, scheme, size):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python").Axe()
    page = visit(scheme=scheme, size=size)
    styled(page)
    page.click("#more summary")
    page.check("#byLevel")
    page.click("#make")
    page.wait_for_selector(".card.ended")
    found = axe.run(page).response["violations"]
    page.keyboard.press("g")
    found += axe.run(page).response["violations"]
    page.click("#help")
    found += axe.run(page).response["violations"]
    serious = {
        one["id"]: [node["html"] for node in one["nodes"]][:3]
        for one in found
        if one["impact"] in ("serious", "critical")
    }
    assert serious == {}


def test_with_a_token_the_printed_address_works_and_no_other(browser, start):
    server = start(token="a-secret-token", host="0.0.0.0")
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(f"{server.url}/#token=a-secret-token")
        page.wait_for_selector("body.ready")
        open_photo(page)
        page.click('[data-name="night"]')
        previewed(page)
        other = context.new_page()
        other.goto(server.url)
        other.wait_for_selector("#status.problem")
        assert "token" in other.text_content("#status")
    finally:
        context.close()


@pytest.mark.parametrize(("scheme", "size"), LOOKS, ids=NAMES)
def test_the_page_looks_as_it_did(visit, scheme, size, tmp_path):
    """A difference leaves the new screenshot in the temporary folder; after a change that is meant, keep it."""
    page = visit(scheme=scheme, size=size)
    open_photo(page)
    page.click('[data-name="night"]')
    previewed(page)
    page.evaluate("document.querySelector('#status').textContent = ''")
    page.wait_for_timeout(500)
    page.screenshot(path=tmp_path / "page.png")
    name = f"page-{scheme}-{size['width']}.png"
    with Image.open(tmp_path / "page.png") as shot:
        found = shot.convert("RGB").resize((size["width"] // 4, size["height"] // 4), Image.Resampling.BOX)
    found.save(tmp_path / name)
    with Image.open(GOLDEN / name) as golden:
        difference = abs(np.asarray(found, float) - np.asarray(golden.convert("RGB"), float))
    assert difference.mean() < 6, f"mean {difference.mean():.1f}, maximum {difference.max():.0f}: {tmp_path / name}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_is_switched(visit, scheme):
    page = visit(scheme=scheme)
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("#theme")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before


def test_the_reference_of_the_api_is_drawn(visit):
    page = visit(path="/docs")
    page.wait_for_selector(".route")
    assert "/api/transfer" in page.text_content("#routes")
