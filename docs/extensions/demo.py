"""The page of `styler export --page` as a part of the site, in its folder demo/.

It needs onnxruntime-web, whose folder `dist` STYLER_ORT_WEB names; without it the site is built without the demo.
Text inside of `{only} demo` is for sites that have it.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from styler.export.browser_page import write_page
from styler.export.writing import export_model

if TYPE_CHECKING:
    from sphinx.application import Sphinx

MODEL, FOLDER = "small", "demo"


def setup(app: "Sphinx") -> dict[str, bool]:
    """Let Sphinx call `add_demo` at the end of a build, if there is a runtime."""
    if os.environ.get("STYLER_ORT_WEB"):
        app.tags.add("demo")
        app.connect("build-finished", add_demo)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def add_demo(app: "Sphinx", exception: Exception | None) -> None:
    """Write the graphs, the page and its runtime into the site."""
    if exception is None and app.builder.format == "html":
        write_demo(Path(app.outdir) / FOLDER, Path(os.environ["STYLER_ORT_WEB"]))


def write_demo(folder: Path, runtime: Path) -> None:
    """Write graphs, page and runtime into a folder, over those of the last build."""
    export_model(MODEL, folder, overwrite=True)
    write_page(folder, runtime, overwrite=True)
