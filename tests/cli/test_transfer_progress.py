import io

import pytest
from rich.console import Console

from styler.cli import transfer_progress
from styler.cli.transfer_progress import TransferProgress, time_left


@pytest.fixture
def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(transfer_progress.time, "monotonic", lambda: now[0])
    return now


def shown(clock, seconds: float, *, terminal: bool = False) -> str:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=80)
    with console.status("starting …") as status:
        progress = TransferProgress(console, status)
        progress.stage("encode")
        for step in range(1, 11):
            clock[0] += seconds / 10
            progress.advance(step / 10)
        text = str(status.status)
    return text if terminal else console.file.getvalue()


def test_short_work_shows_no_progress(clock):
    assert shown(clock, 1.5) == ""
    assert "left" not in shown(clock, 1.5, terminal=True)


def test_without_a_terminal_lines_come_every_five_seconds_with_the_time_left(clock):
    lines = shown(clock, 20).splitlines()
    assert lines[0] == "stylizing: 30%, about 14 s left"
    assert len(lines) == 3


def test_on_a_terminal_the_status_line_is_kept_up_to_date(clock):
    assert shown(clock, 20, terminal=True) == "stylizing: 90%, about 2 s left"


def test_the_time_left_is_in_seconds_or_minutes():
    assert [time_left(x) for x in (0.2, 14.4, 150)] == ["1 s", "14 s", "2 min"]
