"""Ordinary scheduling around encoders that take a real-time one."""

import os
import sys
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def ordinary_scheduling() -> Generator[None]:
    """Give threads that became real-time within the block the calling thread's own scheduling from before.

    SVT-AV1, run by root on Linux, gives the thread that opens it and its own threads the highest real-time priority.
    Whatever the process does and starts from then on would leave a twentieth of the machine to all others.
    """
    if sys.platform != "linux":
        yield
        return
    before = real_time_threads()
    policy, priority = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        yield
    finally:
        for thread in real_time_threads() - before:
            with suppress(OSError):  # it has ended
                os.sched_setscheduler(thread, policy, priority)


def real_time_threads() -> set[int]:
    """Return the numbers of this process's threads with real-time scheduling; on Linux."""
    found = set()
    for folder in Path("/proc/self/task").iterdir():
        with suppress(OSError):
            if os.sched_getscheduler(int(folder.name)) in (os.SCHED_FIFO, os.SCHED_RR):
                found.add(int(folder.name))
    return found
