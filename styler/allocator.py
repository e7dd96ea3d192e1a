"""The C library's memory allocator, told to keep freed memory for the next tensor."""

import ctypes
import platform

M_TRIM_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX = -1, -4, -8


def keep_freed_memory() -> None:
    """Let glibc reuse freed blocks of any size; elsewhere do nothing. For processes that are ours alone.

    By default each large tensor is mapped anew, and the kernel zeroes its pages: half of the time at 1024².
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_MAX, 0)
        libc.mallopt(M_TRIM_THRESHOLD, 2**31 - 1)
        libc.mallopt(M_ARENA_MAX, 1)  # freed memory of one thread serves all
