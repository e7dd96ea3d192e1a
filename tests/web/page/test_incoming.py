"""Files that are dropped on the page or pasted into it."""

import base64

import pytest
from page_actions import ASSETS, previewed

pytestmark = pytest.mark.slow

SEND = """([type, selector, name, mime, data]) => {
    const files = new DataTransfer();
    const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
    files.items.add(new File([bytes], name, { type: mime }));
    const options = { bubbles: true, cancelable: true };
    const event = type === "paste" ? new ClipboardEvent(type, { ...options, clipboardData: files })
                                   : new DragEvent(type, { ...options, dataTransfer: files });
    document.querySelector(selector).dispatchEvent(event);
}"""


def send(page, event, selector, name):
    data = base64.b64encode((ASSETS / name).read_bytes()).decode()
    page.evaluate(SEND, [event, selector, name, "image/jpeg", data])


def test_a_photograph_and_a_style_are_dropped(visit):
    page = visit()
    send(page, "dragenter", "#stage", "cat.jpg")
    assert page.evaluate("document.body.classList.contains('dragging')")
    send(page, "drop", "#stage", "cat.jpg")
    page.wait_for_selector("#sheet:not([hidden])")
    assert not page.evaluate("document.body.classList.contains('dragging')")
    send(page, "drop", "#styles", "night.jpg")
    previewed(page)
    assert page.text_content("#credit") == "night.jpg"


def test_a_photograph_is_pasted_and_over_the_settings_a_style(visit):
    page = visit()
    page.hover("#stage")
    send(page, "paste", "body", "cat.jpg")
    page.wait_for_selector("#sheet:not([hidden])")
    page.hover("#styles")
    send(page, "paste", "body", "night.jpg")
    previewed(page)
    assert page.text_content("#credit") == "night.jpg"
    page.click("#command")
    page.wait_for_selector("#maskFiles a:has-text('Save cat.jpg')")  # what was pasted lies in no folder yet
