from itertools import chain
from pathlib import Path

import pytest

from styler.batch.plan import Job
from styler.batch.shards import Shard, parse_shard, shard_from_environment
from styler.errors import StylerError

JOBS = [Job(Path(f"{number}.jpg"), Path("x.png"), 1.0, Path(f"{number}-x.png")) for number in range(200)]


@pytest.mark.parametrize("count", [1, 2, 3, 7, 300])
def test_every_job_is_in_exactly_one_shard(count):
    parts = [Shard(number, count).jobs(JOBS) for number in range(1, count + 1)]
    assert sorted(chain(*parts), key=JOBS.index) == JOBS
    assert max(map(len, parts)) <= 2 * len(JOBS) / count + 5


def test_a_job_stays_in_its_shard_when_the_plan_grows():
    for number in (1, 2, 3):
        assert set(Shard(number, 3).jobs(JOBS[::5])) <= set(Shard(number, 3).jobs(JOBS))


def test_shards_are_counted_from_1():
    assert parse_shard("2/4") == Shard(2, 4)
    for text in ("0/4", "5/4", "1", "a/b", "1/0", "-1/4", "1/4/2"):
        with pytest.raises(StylerError, match="shard"):
            parse_shard(text)


def slurm(**numbers):
    return {f"SLURM_ARRAY_TASK_{name}": str(number) for name, number in numbers.items()}


@pytest.mark.parametrize(
    ("environment", "shard"),
    [
        ({}, "1/1"),
        ({"RANK": "0", "WORLD_SIZE": "1"}, "1/1"),
        ({"RANK": "2", "WORLD_SIZE": "4"}, "3/4"),
        (slurm(ID=0, COUNT=8, MIN=0), "1/8"),
        (slurm(ID=8, COUNT=8, MIN=1), "8/8"),
        (slurm(ID=14, COUNT=3, MIN=10, STEP=2), "3/3"),
        (slurm(ID=5), "1/1"),
        (slurm(ID=1, COUNT=2, MIN=1) | {"RANK": "1", "WORLD_SIZE": "2"}, "2/4"),
        (slurm(ID=2, COUNT=2, MIN=1) | {"RANK": "0", "WORLD_SIZE": "2"}, "3/4"),
    ],
)
def test_the_shard_follows_from_the_variables_of_launchers(environment, shard):
    assert str(shard_from_environment(environment)) == shard


@pytest.mark.parametrize("environment", [{"RANK": "4", "WORLD_SIZE": "4"}, {"RANK": "x"}, slurm(ID=9, COUNT=2, MIN=0)])
def test_contradictory_variables_are_an_error(environment):
    with pytest.raises(StylerError, match="cannot determine the shard"):
        shard_from_environment(environment)
