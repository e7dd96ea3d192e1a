"""The command line in a process of its own."""

import subprocess
import sys


def run_process(*arguments: object, **options) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "styler", *map(str, arguments)], capture_output=True, **options)
