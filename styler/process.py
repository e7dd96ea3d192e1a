"""This process: threads that sleep while they wait, the allocator, the garbage collector, the peak of memory.

The functions change the whole process, so call them in processes of our own; see `keep_freed_memory` for the library.
"""

import ctypes
import gc
import os
import platform
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

SPINS = 1000
STATUS = Path("/proc/self/status")
M_TRIM_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX = -1, -4, -8


def reduce_thread_spinning() -> None:
    """Let GNU OpenMP's threads spin only briefly before they sleep, unless the environment says how long.

    Call it before torch is imported. By default they spin for milliseconds: with one other busy process on two
    cores a transfer at 1024² took 2 to 30 s that way, and 0.8 s this way. On an idle machine it takes as long as
    before, except for operations of microseconds: waking up adds a millisecond to the roots of small matrices.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", str(SPINS))


def keep_freed_memory() -> None:
    """Let glibc reuse freed blocks of any size instead of returning them to the kernel; elsewhere do nothing.

    By default each large tensor is mapped anew, and the kernel zeroes its pages: half of the time at 1024².
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
        libc.mallopt(M_ARENA_MAX, 1)  # memory that one thread freed serves all


@contextmanager
def garbage_collection_paused(module: str) -> Generator[None]:
    """Import `module` inside the block, without garbage collection, and exempt its objects from later collections.

    Importing torch makes a quarter of a million objects that live to the end. The collector would walk through them
    again and again while they are made, and once more at exit: 0.55 of 2.7 s (torch 2.15). If the module has been
    imported already, nothing is changed.
    """
    if module in sys.modules or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def peak_mib() -> int:
    """Return the peak memory of this process, in MiB.

    Linux adds to `ru_maxrss` what the parent process held, but not to the peak in the status file.
    """
    if STATUS.is_file():
        return int(STATUS.read_text().partition("VmHWM:")[2].split()[0]) // 2**10
    import resource  # not on Windows

    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit
