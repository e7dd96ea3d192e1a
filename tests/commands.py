"""The command line in a process of its own."""

import signal
import subprocess
import sys


def run_process(*arguments: object, **options) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "styler", *map(str, arguments)], capture_output=True, **options)


def started(*arguments: object, **options) -> subprocess.Popen:
    """Start the command line so that an interrupt reaches it, even where this process ignores interrupts."""

    def heed_interrupts() -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)

    command = [sys.executable, "-m", "styler", *map(str, arguments)]
    return subprocess.Popen(command, text=True, preexec_fn=heed_interrupts, **options)
