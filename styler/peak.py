"""The most memory that this process has held."""

import resource
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


def peak_mib() -> int:
    """Return the most memory that this process has held, in MiB.

    Linux counts to `ru_maxrss` what the process held that started this one, but not to the status file's peak.
    """
    if STATUS.is_file():
        return int(STATUS.read_text().partition("VmHWM:")[2].split()[0]) // 2**10
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // unit
