"""The command line in a process of its own."""

import signal
import subprocess
import sys
from collections.abc import Sequence


def run_process(*arguments: object, **options) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "styler", *map(str, arguments)], capture_output=True, **options)


def started(*arguments: object, prefix: Sequence[str] = (), **options) -> subprocess.Popen:
    """Start the command line so that an interrupt reaches it, even where this process ignores interrupts.

    A `prefix` is a command that runs another.
    """

    def heed_interrupts() -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)

    command = [*prefix, sys.executable, "-m", "styler", *map(str, arguments)]
    return subprocess.Popen(command, text=True, preexec_fn=heed_interrupts, **options)
