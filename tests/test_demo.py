"""The demo in the documentation's site: there if its runtime is, left out without."""

from types import SimpleNamespace

import demo
import pytest

from styler.export import browser_page
from styler.files import sha256


@pytest.fixture
def app(tmp_path):
    """Return a stand-in for Sphinx that writes HTML, and keeps what is connected."""
    connected = {}
    builder = SimpleNamespace(format="html")
    return SimpleNamespace(
        tags=set(), connected=connected, connect=connected.__setitem__, outdir=str(tmp_path / "site"), builder=builder
    )


@pytest.fixture
def runtime(tmp_path, monkeypatch):
    """Put stand-ins for the runtime into a folder that STYLER_ORT_WEB names, and let exporting be quick."""
    folder = tmp_path / "dist"
    folder.mkdir()
    for name in browser_page.RUNTIME:
        (folder / name).write_text(name)
    monkeypatch.setattr(browser_page, "RUNTIME", {name: sha256(folder / name) for name in browser_page.RUNTIME})
    monkeypatch.setenv("STYLER_ORT_WEB", str(folder))
    monkeypatch.setattr(demo, "export_model", write_stand_ins)


def write_stand_ins(model, folder, *, overwrite):
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("style", "transfer"):
        (folder / f"{name}.onnx").write_text(model)


@pytest.mark.usefixtures("runtime")
def test_the_page_is_in_the_site_where_its_runtime_is_named(app, tmp_path):
    demo.setup(app)
    assert "demo" in app.tags
    for _ in range(2):  # the second build writes over the first
        app.connected["build-finished"](app, None)
    names = {path.name for path in (tmp_path / "site" / "demo").iterdir()}
    assert {"index.html", "page.js", "style.onnx", "files.json", *browser_page.RUNTIME} <= names


@pytest.mark.usefixtures("runtime")
@pytest.mark.parametrize(("format", "error"), [("latex", None), ("html", ValueError())])
def test_it_is_not_written_for_other_formats_and_failed_builds(app, tmp_path, format, error):
    app.builder.format = format
    demo.setup(app)
    app.connected["build-finished"](app, error)
    assert not (tmp_path / "site").exists()


def test_the_site_is_built_without_it_where_no_runtime_is_named(app, monkeypatch):
    monkeypatch.delenv("STYLER_ORT_WEB", raising=False)
    demo.setup(app)
    assert not app.tags
    assert not app.connected
