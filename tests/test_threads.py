import os
import subprocess
import sys

import pytest

from styler import process

CODE = """
import os, sys
import styler.cli
try:
    styler.cli.main()
except SystemExit:
    assert "torch" not in sys.modules
    print(os.environ.get("GOMP_SPINCOUNT"))
"""


def test_the_environment_has_its_way(monkeypatch):
    monkeypatch.setenv("GOMP_SPINCOUNT", "5")
    process.reduce_thread_spinning()
    assert os.environ["GOMP_SPINCOUNT"] == "5"


@pytest.mark.parametrize(
    ("command", "spins"), [(["transfer"], "1000"), (["batch"], "1000"), (["bench", "sqrt"], "None")]
)
def test_threads_are_told_before_torch_is_there(command, spins):
    environment = {key: value for key, value in os.environ.items() if key != "GOMP_SPINCOUNT"}
    arguments = [sys.executable, "-c", CODE, *command, "--no-such-option"]
    result = subprocess.run(arguments, check=True, env=environment, capture_output=True, text=True)
    assert result.stdout.split() == [spins]
