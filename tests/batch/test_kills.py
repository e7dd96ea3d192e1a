import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

DRIVER = Path(__file__).parents[1] / "killed_batches.py"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.slow
def test_a_batch_killed_at_any_moment_resumes_and_leaves_no_partial_results(tiny_file, picture_file, tmp_path):
    for name in ("c/0", "c/1", "c/2", "c1/0"):
        picture_file(f"{name}.png", 32, 40, seed=int(name[-1]))
    picture_file("s/x.png", 32, 32, seed=5)
    command = [sys.executable, str(DRIVER), str(tmp_path)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    told = json.loads(result.stdout)
    assert (told["status"], told["pictures"], told["wrong"]) == (0, 3, [])
    assert told["steps"] >= 9  # three lines written and synced, a picture synced, linked, its temporary unlinked
