"""The page for browsers: written with its runtime, and run in headless Chromium where both can be had.

Its runtime, onnxruntime-web, is 41 MB and not part of the project: `npm pack onnxruntime-web@1.30.0`, unpack it, and
name its folder `dist` in STYLER_ORT_WEB.
"""

import base64
import http.server
import io
import json
import os
import re
import shutil
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from samples import picture
from snippets import ROOT

from styler.errors import StylerError
from styler.export import browser_page
from styler.export.browser_page import write_page
from styler.export.light_engine import LightEngine
from styler.export.writing import export_model
from styler.files import sha256
from styler.images import Picture
from styler.model.weights import Model, load_model, save_model

RUNTIME = os.environ.get("STYLER_ORT_WEB")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
in_browser = pytest.mark.skipif(RUNTIME is None or CHROMIUM is None, reason="needs chromium, and STYLER_ORT_WEB")


@pytest.fixture
def runtime(tmp_path, monkeypatch):
    """Return a folder with stand-ins for the runtime."""
    folder = tmp_path / "dist"
    folder.mkdir()
    for name in browser_page.RUNTIME:
        (folder / name).write_text(name)
    hashes = {name: sha256(folder / name) for name in browser_page.RUNTIME}
    monkeypatch.setattr(browser_page, "RUNTIME", hashes)
    return folder


@pytest.fixture
def graphs(tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    for name in ("style", "transfer"):
        (folder / f"{name}.onnx").write_bytes(name.encode())
    return folder


def test_page_runtime_and_hashes_are_written_beside_the_graphs(graphs, runtime):
    paths = write_page(graphs, runtime)
    assert {path.name for path in paths} > {"index.html", "worker.js", "app.css", "files.json", *browser_page.RUNTIME}
    hashes = json.loads((graphs / "files.json").read_text())
    assert hashes == {name: sha256(graphs / name) for name in hashes}
    assert {"style.onnx", "transfer.onnx", "index.html", *browser_page.RUNTIME} <= hashes.keys()


def test_files_that_the_page_names_are_there(graphs, runtime):
    names = {path.name for path in write_page(graphs, runtime)}
    html = (graphs / "index.html").read_text(encoding="utf-8")
    for name in ("app.css", "page.css", "page.js", "icon.svg"):
        assert f'"{name}"' in html
    scripts = [(graphs / name).read_text(encoding="utf-8") for name in names if name.endswith(".js")]
    assert set(re.findall(r'(?:href|src)="([^"]+)"', html)) <= names
    assert set(re.findall(r'"(?:\./)?([\w.-]+\.(?:m?js|wasm))"', "".join(scripts))) <= names
    assert "http:" not in html
    assert "https:" not in html


def test_another_or_a_missing_runtime_is_refused(graphs, runtime):
    (runtime / "ort-wasm-simd-threaded.wasm").write_text("changed")
    with pytest.raises(StylerError, match="is not the file of onnxruntime-web"):
        write_page(graphs, runtime)
    (runtime / "ort-wasm-simd-threaded.wasm").unlink()
    with pytest.raises(StylerError, match=r"no ort-wasm-simd-threaded\.wasm"):
        write_page(graphs, runtime)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Return the folder of a page with the finest level of `small`."""
    folder, small = tmp_path_factory.mktemp("page"), load_model("small")
    save_model(Model(small.encoder, {"relu1_1": small.decoders["relu1_1"]}), folder / "shallow.safetensors")
    export_model(folder / "shallow.safetensors", folder)
    write_page(folder, Path(str(RUNTIME)))
    return folder


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        """Stay silent."""


@pytest.fixture
def server(site):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=site)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="the page is tested with playwright")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(server, browser):
    """Return the page in a browser as wide as a telephone."""
    return opened(browser, server)


def opened(browser, server, *, gpu: str | None = None, **context):
    """Return the page, and let `navigator.gpu` be an expression in its worker."""
    page = browser.new_page(viewport={"width": 390, "height": 844}, **context)
    page.set_default_timeout(120_000)
    if gpu is not None:
        fake = f"Object.defineProperty(navigator, 'gpu', {{ value: {gpu} }});"
        code = (browser_page.PAGE / "runtime.js").read_text(encoding="utf-8")
        page.route("**/runtime.js", lambda route: route.fulfill(body=fake + code, content_type="text/javascript"))
    page.goto(f"http://127.0.0.1:{server.server_port}/")
    return page


def png(image) -> bytes:
    file = io.BytesIO()
    Picture.of(image).save(file, format="png")
    return file.getvalue()


def choose(page, content: bytes, style: bytes) -> None:
    for name, data in (("content", content), ("style", style)):
        page.set_input_files(f"#{name}", {"name": f"{name}.png", "mimeType": "image/png", "buffer": data})
    page.wait_for_selector("#start:not([disabled])")


READ = """() => {
  const image = document.getElementById("after"), canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL().split(",")[1];
}"""


def result(page) -> np.ndarray:
    """Return the pixels that are shown, which are those of the file that is saved."""
    page.wait_for_selector("#save:not([hidden])")
    page.wait_for_selector("#wipe:not([hidden])")
    with Image.open(io.BytesIO(base64.b64decode(page.evaluate(READ)))) as image:
        return np.asarray(image.convert("RGB")).astype(int)


@in_browser
def test_the_page_gives_the_picture_of_native_onnxruntime(page, site):
    check_picture(page, site)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.wait_for_selector("#wipe:not([hidden])")


def check_picture(page, site) -> None:
    """Let the page stylize a picture, and compare it with that of native onnxruntime."""
    content, style = png(picture(48, 64)), png(picture(40, 40, seed=1))
    choose(page, content, style)
    page.click("#start")
    found = result(page)
    engine = LightEngine(site)
    given = [Picture.open(data).image.numpy() for data in (content, style)]
    expected = engine.stylize(given[0], engine.style(given[1]), {"relu1_1": 1.0})[0].transpose(1, 2, 0)
    assert np.abs(found - np.floor(expected * 255 + 0.5)).max() <= 1


@in_browser
@pytest.mark.parametrize(
    ("gpu", "is_tried"),
    [
        ("undefined", False),
        ("{ requestAdapter: async () => null }", False),
        ("{ requestAdapter: async () => { throw new Error('lost'); } }", False),
        ("{ requestAdapter: async () => ({ features: new Set(), limits: {}, info: {} }) }", True),
    ],
    ids=["none", "no adapter", "failing", "broken adapter"],
)
def test_without_webgpu_the_page_takes_webassembly(browser, server, site, gpu, is_tried):
    asked, said = [], []
    page = opened(browser, server, gpu=gpu, service_workers="block")
    page.on("request", lambda request: asked.append(request.url.rsplit("/", 1)[1]))
    page.on("console", lambda message: said.append(message.text))
    page.reload()
    check_picture(page, site)
    assert "by WebAssembly" in page.inner_text("#status")
    assert ("ort.webgpu.bundle.min.mjs" in asked) is is_tried
    assert any("WebGPU is not used" in text for text in said) is is_tried


@in_browser
def test_the_example_in_javascript_runs(page, site):
    text = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")
    code = re.search(r"^```js\n(.*?)^```", text, re.DOTALL | re.MULTILINE)[1]
    for shown, here in (
        ("graphs/", ""),
        ("onnxruntime-web", "./ort.wasm.bundle.min.mjs"),
        ("[1, 1, 1, 1], [4]", "[1], [1]"),
    ):
        assert shown in code
        code = code.replace(shown, here)
    (site / "example.mjs").write_text(code)
    content, style = picture(20, 30), picture(24, 24, seed=1)
    given = [{"planes": x.flatten().tolist(), "height": x.shape[2], "width": x.shape[3]} for x in (content, style)]
    call = "stylize(...given.map((x) => ({ ...x, planes: Float32Array.from(x.planes) })))"
    found = page.evaluate(f"(given) => import('./example.mjs').then(({{ stylize }}) => {call}).then(Array.from)", given)
    engine = LightEngine(site)
    expected = engine.stylize(content.numpy(), engine.style(style.numpy()), {"relu1_1": 1.0})
    np.testing.assert_allclose(np.reshape(found, expected.shape), expected, atol=1 / 255)


@in_browser
def test_a_run_can_be_canceled_and_started_again(page):
    choose(page, png(picture(1200, 1600)), png(picture(200, 200, seed=1)))  # so that it lasts until it is canceled
    page.click("#start")
    page.click("#cancel")
    assert "Canceled" in page.inner_text("#status")
    page.wait_for_selector("#start:not([disabled])")
    assert page.is_hidden("#save")
    choose(page, png(picture(256, 256)), png(picture(200, 200, seed=1)))
    page.click("#start")
    assert result(page).shape == (256, 256, 3)


@in_browser
@pytest.mark.parametrize("name", ["transfer.onnx", "ort.wasm.bundle.min.mjs"])
def test_a_changed_file_is_refused(site, page, name):
    whole = (site / name).read_bytes()
    (site / name).write_bytes(whole + b" ")
    page.reload()
    page.wait_for_selector("#status.problem")
    assert f"{name} was changed" in page.inner_text("#status")
    (site / name).write_bytes(whole)


@in_browser
def test_nothing_is_asked_of_other_addresses_and_the_page_opens_without_its_server(page, server):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    page.wait_for_selector("#status:has-text('Choose')")
    assert {address.split("/")[2] for address in asked} == {page.url.split("/")[2]}
    server.shutdown()
    server.server_close()
    page.reload()
    page.wait_for_selector("#status:has-text('Choose')")
