import subprocess
import sys

import pytest

from styler.errors import StylerError
from styler.images import libvips


@pytest.mark.parametrize("module", ["styler", "styler.cli", "styler.images"])
def test_it_is_not_imported_before_it_is_needed(module):
    code = f"import sys, {module}; sys.exit('pyvips' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_without_it_the_remedy_is_named(monkeypatch):
    libvips.vips.cache_clear()
    monkeypatch.setitem(sys.modules, "pyvips", None)
    with pytest.raises(StylerError, match=r"libvips cannot be loaded.*\ninstall it with: pip install pyvips"):
        libvips.vips()
    libvips.vips.cache_clear()


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_exception_in_a_file_is_kept_and_never_printed(capfd, error):
    class Full:
        def write(self, data):
            raise error

        read = seek = write

    guarded = libvips.Guarded(Full())
    vips = libvips.vips()
    with pytest.raises(vips.Error):
        vips.Image.black(20, 20).pngsave_target(guarded.target())
    assert guarded.error is error
    assert capfd.readouterr() == ("", "")
