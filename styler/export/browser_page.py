"""A static page that runs the graphs in a browser by onnxruntime-web. Does not import torch.

The runtime is 41 MB, so it is no part of styler: its files are taken from a folder, and their hashes checked.
"""

import json
from pathlib import Path

import styler
from styler.errors import StylerError
from styler.files import atomic_file, sha256

RUNTIME_VERSION = "1.30.0"
RUNTIME = {
    "ort.wasm.bundle.min.mjs": "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    "ort.webgpu.bundle.min.mjs": "0730816731ce2cdfb06f273da065d4a1c7091eb9d1756a83b2916c8a89d015e2",
    "ort-wasm-simd-threaded.asyncify.wasm": "39f9f0894d478800487ed9f7dbe92618498db320cf55c8e3d89adff8dce658da",
    "ort-wasm-simd-threaded.wasm": "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
}
"""SHA-256 of the files of onnxruntime-web that the page needs: for WebAssembly 14 MB, for WebGPU 27 MB."""

PAGE, WEB = Path(__file__).parent / "page", Path(styler.__file__).parent / "web" / "static"
SHARED = (
    *("app.css", "icon.svg", "texts.js"),
    *("incoming.js", "masks.js", "scaling.js", "viewer.js"),
)
"""What the page has in common with that of `styler web`."""

FILES = "files.json"


def check_runtime(folder: Path) -> None:
    """Raise a StylerError unless a folder has the files of onnxruntime-web, unchanged."""
    for name, expected in RUNTIME.items():
        path = folder / name
        if not path.is_file():
            todo = f"npm pack onnxruntime-web@{RUNTIME_VERSION}, unpack it, and name its folder package/dist"
            raise StylerError(f"no {name} in {folder}", todo)
        if sha256(path) != expected:
            todo = f"use onnxruntime-web {RUNTIME_VERSION}"
            raise StylerError(f"{path} is not the file of onnxruntime-web {RUNTIME_VERSION}", todo)


def write_page(folder: Path, runtime: Path, *, overwrite: bool = False) -> list[Path]:
    """Write the page and the runtime beside exported graphs, and return the paths.

    Args:
        folder: It has the graphs, as `export_model` writes them.
        runtime: The folder `dist` of onnxruntime-web.
        overwrite: Whether files that exist are replaced.

    Raises:
        StylerError: If the runtime is another one, or a file exists or can't be written.
    """
    check_runtime(runtime)
    sources = [*sorted(PAGE.iterdir()), *(WEB / name for name in SHARED), *(runtime / name for name in RUNTIME)]
    written = [copied(source, folder, overwrite=overwrite) for source in sources]
    hashed = [*written, *(folder / f"{name}.onnx" for name in ("style", "transfer"))]
    with atomic_file(folder / FILES, overwrite=overwrite) as file:
        file.write(json.dumps({path.name: sha256(path) for path in hashed}, indent=2).encode())
    return [*written, folder / FILES]


def copied(source: Path, folder: Path, *, overwrite: bool) -> Path:
    """Copy a file into a folder, whole or not at all, and return its path there."""
    target = folder / source.name
    with atomic_file(target, overwrite=overwrite) as file:
        file.write(source.read_bytes())
    return target
