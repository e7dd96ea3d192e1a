import os
import subprocess
import sys

import pytest
from profiles import DISPLAY_P3, noise

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


FORKED = """
import os, io, signal, sys
from styler.errors import StylerError
from styler.images import Picture
import numpy as np
sys.path.insert(0, "tests")

def write():
    Picture.of(np.zeros((300, 300, 3), np.uint8)).save(stream := io.BytesIO(), format="png")
    return stream.getvalue()

if sys.argv[1] == "after a write":
    write()
data = open(sys.argv[2], "rb").read()
if os.fork() == 0:
    signal.alarm(30)
    print(Picture.open(data).size, flush=True)
    try:
        print(len(write()) > 0, flush=True)
    except StylerError as error:
        print(str(error).splitlines()[0], flush=True)
    os._exit(0)
os.wait()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("when", ["before any write", "after a write"])
def test_a_forked_process_reads_and_writes_or_says_why_it_does_not(tmp_path, when):
    noise(icc=DISPLAY_P3).save(tmp_path / "a.png", icc_profile=DISPLAY_P3)
    command = [sys.executable, "-c", FORKED, when, str(tmp_path / "a.png")]
    size, written = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
    assert size == "(8, 9)"
    expected = "True" if when == "before any write" else "this process was forked within 20 s after its parent"
    assert written.startswith(expected)
