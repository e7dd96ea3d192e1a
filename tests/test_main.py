import signal
import subprocess
import sys

import pytest

from styler.__main__ import interrupt

INTERRUPTED_IMPORT = """
import signal, sys
from styler.__main__ import main
class Finder:
    def find_spec(self, name, *_):
        if name == {module!r}:
            signal.raise_signal(signal.SIGINT)
sys.meta_path.insert(0, Finder())
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv = ["styler", "transfer", "a.jpg", "b.jpg"]
main()
"""


@pytest.mark.parametrize("module", ["typer", "styler.cli.transfer", "torch", "styler.transfer.stylizer"])
@pytest.mark.slow
def test_an_interrupt_while_modules_are_imported_ends_without_a_traceback(module, tmp_path):
    words = INTERRUPTED_IMPORT.format(module=module)
    found = subprocess.run([sys.executable, "-c", words], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout, found.stderr) == (130, "", "")


def test_an_interrupt_elsewhere_is_a_keyboard_interrupt():
    with pytest.raises(KeyboardInterrupt):
        interrupt(signal.SIGINT, None)
