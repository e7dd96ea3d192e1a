"""Shards: the part of a plan that each of several machines does, without communication between them."""

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from styler.batch.plan import Job
from styler.errors import StylerError


@dataclass(frozen=True)
class Shard:
    """Part `number` of `count`; numbers start at 1."""

    number: int = 1
    count: int = 1

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def jobs(self, jobs: Sequence[Job]) -> list[Job]:
        """Return the jobs of this shard, chosen by a hash of the result's name: stable when a folder grows."""
        return [job for job in jobs if _hash(job.key) % self.count == self.number - 1]


def _hash(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()[:8])


def parse_shard(text: str) -> Shard:
    """Return the shard for a text I/N.

    Raises:
        StylerError: If it isn't one of 1/N to N/N.
    """
    match = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise StylerError(f"expected a shard I/N such as 1/4, 2/4, 3/4 or 4/4, got {text!r}", "I is from 1 to N")
    return Shard(int(match[1]), int(match[2]))


def shard_from_environment(environment: Mapping[str, str] = os.environ) -> Shard:
    """Return the shard of this process from the variables of torchrun (RANK, WORLD_SIZE) or a Slurm array job.

    With both, each task of the array is split among its ranks.

    Raises:
        StylerError: If the variables contradict each other.
    """
    try:
        numbers = {name: int(environment[name]) for name in _NAMES if name in environment}
    except ValueError:
        raise _environment_error(environment) from None
    rank, world = numbers.get("RANK", 0), numbers.get("WORLD_SIZE", 1)
    count = numbers.get("SLURM_ARRAY_TASK_COUNT", 1)
    task = numbers.get("SLURM_ARRAY_TASK_ID", 0) - numbers.get("SLURM_ARRAY_TASK_MIN", 0)
    task //= max(1, numbers.get("SLURM_ARRAY_TASK_STEP", 1))
    task = task if count > 1 else 0  # without a count the task number has no meaning
    if not (0 <= rank < world and 0 <= task < count):
        raise _environment_error(environment)
    return Shard(task * world + rank + 1, count * world)


_NAMES = ("RANK", "WORLD_SIZE", *(f"SLURM_ARRAY_TASK_{name}" for name in ("ID", "COUNT", "MIN", "STEP")))


def _environment_error(environment: Mapping[str, str]) -> StylerError:
    found = " ".join(f"{name}={environment[name]}" for name in _NAMES if name in environment)
    return StylerError(
        f"cannot determine the shard from {found}", "set it with --shard I/N; --shard 1/1 processes all pictures"
    )
