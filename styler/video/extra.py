"""The packages of the extra `video`, which are not installed with styler itself."""

import os
from importlib.util import find_spec

from styler.errors import StylerError

PACKAGES = {"av": "PyAV", "cv2": "OpenCV"}


def check_installed() -> None:
    """Raise a StylerError that names the extra unless PyAV and OpenCV are installed; importing `av` is not done here.

    The AV1 encoder prints its settings on standard error unless the environment says otherwise.
    """
    missing = [name for module, name in PACKAGES.items() if find_spec(module) is None]
    if missing:
        raise StylerError(f"styler video needs {' and '.join(missing)}", "pip install 'styler[video]'")
    os.environ.setdefault("SVT_LOG", "1")
