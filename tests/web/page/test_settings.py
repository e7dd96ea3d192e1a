"""Settings on the page: live sliders, levels, mixture, brush and history."""

import base64
import io
import shlex

import numpy as np
import pytest
from page_actions import preview_address, previewed, stroke, styled
from PIL import Image
from uploads import png

pytestmark = pytest.mark.slow

PIXELS = """() => {
    const image = document.getElementById("after"), canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    canvas.getContext("2d").drawImage(image, 0, 0);
    return canvas.toDataURL("image/png").split(",")[1];
}"""


def pixels(page):
    """Return the preview that is shown."""
    with Image.open(io.BytesIO(base64.b64decode(page.evaluate(PIXELS)))) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def test_a_preview_has_at_most_512_pixels(visit, server, monkeypatch):
    sizes, render = [], server.engine.renderer.render
    monkeypatch.setattr(server.engine.renderer, "render", lambda o, r: (sizes.append(o[0].size), render(o, r))[1])
    page = visit()
    styled(page, photo="rocket.jpg")
    assert max(pixels(page).shape) == 512
    assert [max(size) for size in sizes] == [512]  # the browser sends no more than that either


def test_sliders_change_the_preview_and_undo_brings_it_back(visit):
    page = visit()
    styled(page, "irises")
    first, before = preview_address(page), pixels(page)
    page.fill("#alpha", "0.4")
    previewed(page)
    assert preview_address(page) != first
    assert np.abs(pixels(page) - before).mean() > 5
    assert page.text_content("#alpha >> xpath=.. >> css=output") == "40 %"
    page.keyboard.press("Control+z")
    assert page.input_value("#alpha") == "1"
    previewed(page)
    assert np.array_equal(pixels(page), before)
    page.keyboard.press("Control+Shift+z")
    assert page.input_value("#alpha") == "0.4"


def test_previews_follow_a_slider_while_it_moves(visit, server, monkeypatch):
    alphas, render = [], server.engine.renderer.render

    def seen(orders, report):
        alphas.append(orders[0].options.get("alpha", 1.0))
        return render(orders, report)

    monkeypatch.setattr(server.engine.renderer, "render", seen)
    page = visit()
    styled(page)
    alphas.clear()
    box = page.locator("#alpha").bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] - 8, y)
    page.mouse.down()
    page.mouse.move(box["x"], y, steps=100)
    page.mouse.up()
    previewed(page)
    assert 2 <= len(alphas) < 100  # as many as the server can make, one at a time
    assert alphas[-1] == 0
    page.keyboard.press("Control+z")
    assert page.input_value("#alpha") == "1"  # one movement is one step of the history


def test_levels_have_a_slider_each(visit):
    page = visit()
    styled(page)
    before = pixels(page)
    page.click("#more summary")
    page.check("#byLevel")
    previewed(page)
    assert np.abs(pixels(page) - before).max() <= 1
    page.fill("#levels [name=relu1_1]", "0.2")
    previewed(page)
    assert np.abs(pixels(page) - before).mean() > 1
    page.click("#command")
    assert "--alpha relu4_1=1,relu2_1=1,relu1_1=0.2" in page.text_content("#commandText")


def test_two_styles_are_mixed_by_a_slider(visit):
    page = visit()
    styled(page, "night")
    first = pixels(page)
    page.check("[name=slot][value='1']", force=True)
    page.click('[data-name="woodcut"]')
    previewed(page)
    mixed = pixels(page)
    page.fill("#mix", "0")
    previewed(page)
    assert np.abs(pixels(page) - first).mean() < 1 < np.abs(mixed - first).mean()
    page.click("#noSecond")
    assert page.is_hidden("#mixRow")


def test_the_brush_keeps_erases_and_is_undone(visit):
    page = visit()
    styled(page)
    before = pixels(page)
    page.check("[name=brush][value=keep]", force=True)
    stroke(page, 0.3)
    previewed(page)
    kept = pixels(page)
    third, edge = int(0.3 * kept.shape[1]), kept.shape[1] - 5
    assert np.abs(kept - before)[100:150, third].mean() > 10
    assert np.abs(kept - before)[100:150, edge].mean() < 10
    page.check("[name=brush][value=erase]", force=True)
    page.focus("#brushSize")
    page.keyboard.press("End")
    stroke(page, 0.3)
    previewed(page)
    assert np.abs(pixels(page) - before)[100:150, third].mean() < 3
    page.click("#undo")
    previewed(page)
    assert np.abs(pixels(page) - kept).max() <= 1
    page.focus("#clearMask")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "stage"  # the button is gone, the focus is not
    previewed(page)
    assert np.abs(pixels(page) - before).max() <= 1


def test_the_command_is_copied(visit, server):
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    styled(page)
    page.keyboard.press("c")
    page.click("#commandCopy")
    page.wait_for_selector("#commandCopy:has-text('Copied')")
    command = "styler transfer cat.jpg night --model small -o cat-night.png"
    dtype = server.engine.renderer.stylizer.dtype
    found = page.evaluate("navigator.clipboard.readText()")
    assert found.replace(f" --dtype {str(dtype).removeprefix('torch.')}", "") == command


def test_the_command_is_copied_where_browsers_have_no_clipboard_too(visit):
    page = visit()
    styled(page)
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")  # as without TLS
    page.evaluate("document.addEventListener('copy', () => (document.title = getSelection().toString()))")
    page.click("#command")
    page.click("#commandCopy")
    assert page.title() == page.text_content("#commandText")


@pytest.mark.parametrize("name", ["-rf.jpg", "it's here.jpg", "mask.png"])
def test_names_are_quoted_and_none_is_used_twice(visit, name):
    page = visit()
    for place in ("#photos", "#styleFile"):
        page.set_input_files(place, {"name": name, "mimeType": "image/png", "buffer": png()})
    previewed(page)
    page.click("#command")
    words = shlex.split(page.text_content("#commandText"))
    stem, dot, suffix = name.rpartition(".")
    plain = f"./{name}" if name.startswith("-") else name
    again = f"{stem}-2{dot}{suffix}"
    assert words[2:4] == [plain, f"./{again}" if name.startswith("-") else again]
