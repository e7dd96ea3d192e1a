"""The packages of the extra `onnx`, which are not installed with styler itself."""

from importlib.util import find_spec

from styler.errors import StylerError

WRITING, RUNNING = ("onnx", "onnxscript"), ("onnxruntime",)
"""What it takes to write graphs, and to run them."""


def check_installed(packages: tuple[str, ...]) -> None:
    """Raise a StylerError that names the extra unless these packages are installed; they are not imported."""
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise StylerError(f"this needs {' and '.join(missing)}", "pip install 'styler[onnx]'")
