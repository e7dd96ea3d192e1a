"""Settings of this process: waiting threads, memory allocator, garbage collector; and its peak memory.

The functions change the whole process: call them in processes that styler itself starts. For the library, see
`Stylizer(keep_memory=…)`.
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
    """Limit how long GNU OpenMP's threads spin before they sleep, unless GOMP_SPINCOUNT is set.

    Call it before torch is imported. By default threads spin for milliseconds: with one other busy process on two
    cores, a transfer at 1024² then took 2 to 30 s, and 0.8 s with the limit. On an idle machine the limit costs nothing
    except for operations of microseconds: waking the threads adds a millisecond to the roots of small matrices.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", str(SPINS))


def keep_freed_memory() -> None:
    """Let glibc reuse freed blocks of any size instead of returning them to the kernel; elsewhere do nothing.

    By default glibc maps each large tensor anew, and the kernel zeroes its pages: half of the time at 1024².
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
        libc.mallopt(M_ARENA_MAX, 1)  # memory that one thread freed can be reused by all


def release_freed_memory() -> None:
    """Return freed blocks to the kernel, with glibc; elsewhere do nothing.

    Where work of another kind begins, the gaps that the earlier work left do not fit its blocks.
    """
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).malloc_trim(0)


@contextmanager
def garbage_collection_paused(module: str) -> Generator[None]:
    """Import `module` inside the block, without garbage collection, and exempt its objects from later collections.

    Importing torch creates a quarter of a million objects that are never freed. The garbage collector would traverse
    them many times during the import, and once more at exit: 0.55 of 2.7 s (torch 2.15). If the module has been
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

    On Linux `ru_maxrss` includes the memory of the parent process; the peak in the status file does not.
    """
    if STATUS.is_file():
        return int(STATUS.read_text().partition("VmHWM:")[2].split()[0]) // 2**10
    import resource  # not on Windows

    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit
