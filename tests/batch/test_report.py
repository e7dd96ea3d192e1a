import pytest

from styler.batch.ledger import Ledger, ledger_file
from styler.batch.report import report_on
from styler.errors import StylerError


@pytest.fixture
def wrote(tmp_path):
    """Return a function that writes a ledger with outcomes by result, and the files of finished results."""

    def write(writer, planned, **outcomes):
        with Ledger(ledger_file(tmp_path, writer)) as ledger:
            ledger.append({"outcome": "planned", "jobs": planned})
            for out, outcome in outcomes.items():
                ledger.append({"outcome": outcome, "out": out, "error": "bad"})
                if outcome == "done":
                    (tmp_path / out).touch()
        return tmp_path

    return write


def test_all_ledgers_count_together(wrote):
    wrote("1-of-2", 2, a="done", b="done")
    report = report_on(wrote("2-of-2", 1, c="done"))
    assert (report.done, report.planned, report.is_whole) == ({"a", "b", "c"}, 3, True)


def test_an_incomplete_batch_is_reported(wrote, tmp_path):
    wrote("1-of-3", 4, a="done", b="failed", c="writing", d="done")
    (tmp_path / "d").unlink()
    report = report_on(wrote("3-of-3", 1))
    assert (report.done, report.failed, report.unfinished, report.missing) == ({"a"}, {"b": "bad"}, {"c"}, {"d"})
    assert report.absent == ["2/3"]
    assert not report.is_whole


def test_a_failure_that_a_later_run_fixed_does_not_count(wrote):
    wrote("", 2, a="failed", b="done")
    report = report_on(wrote("1-of-1", 2, a="done", b="done"))
    assert report.is_whole
    assert not report_on(wrote("", 3)).is_whole


def test_a_folder_without_ledgers_has_no_report(tmp_path):
    with pytest.raises(StylerError, match="no ledger"):
        report_on(tmp_path)
