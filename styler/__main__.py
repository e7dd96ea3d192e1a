"""`python -m styler` and the command `styler`."""

import os
import signal
from types import FrameType


def main() -> None:
    """Run the command line, so that an interrupt ends it without a traceback even while modules are imported."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt)
    from styler.cli import main as run

    run()


def interrupt(number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, or during an import, which would turn it into other errors, end with status 130."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            os._exit(130)
        frame = frame.f_back
    raise KeyboardInterrupt


if __name__ == "__main__":  # worker processes import this file
    main()
