"""What a visitor does on the page of `styler web`, in a Playwright page."""

from pathlib import Path

ASSETS = Path(__file__).parents[1] / "assets"
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


def open_photo(page, *names):
    page.set_input_files("#photos", [ASSETS / name for name in names or ("cat.jpg",)])
    page.wait_for_selector("#sheet:not([hidden])")


def previewed(page):
    """Wait until the preview shows the settings as they are."""
    page.wait_for_selector("body[data-preview=ready]")


def styled(page, style="night", photo="cat.jpg"):
    """Open a photograph, choose a built-in style, and wait for the preview."""
    open_photo(page, photo)
    page.click(f'[data-name="{style}"]')
    previewed(page)


def preview_address(page):
    return page.get_attribute("#after", "src")


def made(page):
    """Make the picture at full size, and wait until it is done."""
    page.click("#make")
    page.wait_for_selector(".card.ended .button")


def downloaded(page, click):
    with page.expect_download() as download:
        click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def stroke(page, part):
    """Draw with the mouse from top to bottom at a part of the picture's width."""
    box = page.locator("#before").bounding_box()
    x = box["x"] + part * box["width"]
    page.mouse.move(x, box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(x, box["y"] + 0.8 * box["height"], steps=5)
    page.mouse.up()
