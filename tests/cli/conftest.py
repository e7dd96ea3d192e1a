"""Fixtures: the command line in this process, and a photograph with its style."""

import sys

import pytest

from styler import cli


@pytest.fixture
def styler(monkeypatch, tmp_path, capfd):
    """Return a function that runs the command line in tmp_path: (exit status, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["styler", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capfd.readouterr()
        return ended.value.code or 0, out, err

    return run


@pytest.fixture
def pair(picture_file):
    return picture_file("photo.jpg", 40, 56), picture_file("painting.png", 48, 48, seed=1)
