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
import io, os, signal, sys
from styler.errors import StylerError
from styler.images import Picture
import numpy as np

def write():
    Picture.of(np.zeros((300, 300, 3), np.uint8)).save(stream := io.BytesIO(), format="png")
    return stream.getvalue()

def read_and_write_in_a_fork(data):
    if os.fork() == 0:
        signal.alarm(30)
        print(Picture.open(data).size, flush=True)
        try:
            print(len(write()) > 0, flush=True)
        except StylerError as error:
            print(str(error).splitlines()[0], flush=True)
        os._exit(0)
    os.wait()

data = open(sys.argv[1], "rb").read()
read_and_write_in_a_fork(data)
write()
read_and_write_in_a_fork(data)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.slow
def test_a_process_forked_before_any_write_writes_and_one_forked_after_says_why_not(tmp_path):
    noise(icc=DISPLAY_P3).save(tmp_path / "a.png", icc_profile=DISPLAY_P3)
    command = [sys.executable, "-c", FORKED, str(tmp_path / "a.png")]
    lines = subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
    assert lines[:3] == ["(8, 9)", "True", "(8, 9)"]
    assert lines[3].startswith("this process was forked within 20 s after its parent")
    assert len(lines) == 4
