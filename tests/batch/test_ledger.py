import json
import os

import pytest

from styler.batch.ledger import Ledger, latest_lines, ledger_file, ledger_lines
from styler.errors import StylerError


def line(out, outcome="done", **facts):
    return {"outcome": outcome, "out": out, **facts}


@pytest.fixture
def path(tmp_path):
    return ledger_file(tmp_path)


def test_appended_lines_are_on_the_disk_and_can_be_read(path):
    with Ledger(path) as ledger:
        ledger.append(line("a.png"))
        ledger.append(line("ü\udc80.png"))
        assert [one["out"] for one in ledger_lines(path)] == ["a.png", "ü\udc80.png"]


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_an_incomplete_last_line_is_skipped_and_removed(path, cut):
    with Ledger(path) as ledger:
        ledger.append(line("a.png"))
        ledger.append(line("b.png"))
    path.write_bytes(path.read_bytes()[:-cut])
    assert [one["out"] for one in ledger_lines(path)][:1] == ["a.png"]
    with Ledger(path) as ledger:
        ledger.append(line("c.png"))
    assert [json.loads(text)["out"] for text in path.read_text().splitlines()] == ["a.png", "c.png"]


def test_a_full_disk_leaves_only_complete_lines(path, monkeypatch):
    with Ledger(path) as ledger:
        ledger.append(line("a.png"))
        write = os.write
        monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:5]) and full())
        with pytest.raises(StylerError, match="cannot write"):
            ledger.append(line("b.png"))
        monkeypatch.undo()
        ledger.append(line("c.png"))
    assert [json.loads(text)["out"] for text in path.read_text().splitlines()] == ["a.png", "c.png"]


def full():
    raise OSError(28, "No space left on device")


def test_the_latest_line_of_all_ledgers_counts(tmp_path):
    for writer in ("1-of-2", "2-of-2"):
        with Ledger(ledger_file(tmp_path, writer)) as ledger:
            ledger.append(line("a.png", "writing", writer=writer))
            ledger.append(line("a.png", "failed", error="bad"))
    assert latest_lines(tmp_path, "writing", "done")["a.png"]["writer"] == "2-of-2"
    assert latest_lines(tmp_path, "done") == {}


@pytest.mark.skipif(os.name == "nt", reason="needs flock")
def test_one_run_at_a_time_writes_a_ledger(path):
    with Ledger(path), pytest.raises(StylerError, match="another run") as caught:
        Ledger(path)
    assert "--shard" in caught.value.todo
    Ledger(path).close()


def test_unknown_lines_are_skipped(path):
    path.write_text('[]\n"x"\n{"outcome": "done"}\nnonsense\n\xff\n{"outcome": "done", "out": "a.png", "time": 1}\n')
    assert [one["out"] for one in ledger_lines(path)] == ["a.png"]
