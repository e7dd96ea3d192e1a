import os
import time

import pytest

from styler.batch.watching import Settling, wakened
from styler.errors import StylerError


def test_a_file_settles_when_it_has_not_changed_for_a_while(tmp_path):
    path, settling = tmp_path / "a", Settling(0.1)
    path.write_bytes(b"1")
    assert settling.split([path]) == (set(), {path})
    path.write_bytes(b"12")
    time.sleep(0.15)
    assert settling.split([path]) == (set(), {path})  # it was larger than at the last look
    time.sleep(0.15)
    assert settling.split([path]) == ({path}, set())


def test_an_old_file_has_settled_at_once(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"1")
    os.utime(path, (1, 1))
    settling = Settling(60)
    assert settling.split([path]) == ({path}, set())
    assert settling.split([path]) == ({path}, set())


def test_an_empty_file_has_not_settled_and_a_missing_one_is_nothing(tmp_path):
    path = tmp_path / "a"
    path.touch()
    os.utime(path, (1, 1))
    assert Settling(0).split([path, tmp_path / "b"]) == (set(), {path})


def test_a_change_below_the_folder_wakes_up(tmp_path):
    (tmp_path / "deep").mkdir()
    with wakened([tmp_path]) as changed:
        assert not changed.wait(0.2)
        (tmp_path / "deep" / "a").write_bytes(b"1")
        assert changed.wait(10)


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(StylerError, match="cannot watch"), wakened([tmp_path / "no"]):
        pass


def test_without_watchdog_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "watchdog.events", None)
    with pytest.raises(StylerError, match=r"styler\[watch\]"), wakened([tmp_path]):
        pass
