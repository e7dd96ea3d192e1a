import sys
from pathlib import Path

import pytest

from styler.files.user_cache import user_cache


def test_a_variable_names_the_folder(monkeypatch):
    monkeypatch.setenv("STYLER_CACHE", "/somewhere")
    assert user_cache() == Path("/somewhere")


@pytest.mark.parametrize(
    ("system", "expected"),
    [("linux", "x/styler"), ("darwin", "home/Library/Caches/styler"), ("win32", "local/styler")],
)
def test_it_is_in_the_cache_of_the_system(monkeypatch, system, expected):
    monkeypatch.delenv("STYLER_CACHE")
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(Path, "home", lambda: Path("home"))
    monkeypatch.setenv("XDG_CACHE_HOME", "x")
    monkeypatch.setenv("LOCALAPPDATA", "local")
    assert user_cache() == Path(expected)
