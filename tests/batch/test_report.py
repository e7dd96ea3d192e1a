import pytest

from styler.batch.ledger import Ledger, ledger_file
from styler.batch.report import report_on
from styler.errors import StylerError


@pytest.fixture
def wrote(tmp_path):
    """Return a function that writes a ledger of what came of "a" … "z", and the files of what is done."""

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


def test_what_is_not_whole_is_told(wrote, tmp_path):
    wrote("1-of-3", 4, a="done", b="failed", c="writing", d="done")
    (tmp_path / "d").unlink()
    report = report_on(wrote("3-of-3", 1))
    assert (report.done, report.failed, report.unfinished, report.missing) == ({"a"}, {"b": "bad"}, {"c"}, {"d"})
    assert report.absent == ["2/3"]
    assert not report.is_whole


def test_a_failure_that_another_run_made_good_is_none(wrote):
    wrote("", 2, a="failed", b="done")
    report = report_on(wrote("1-of-1", 2, a="done", b="done"))
    assert report.is_whole
    assert not report_on(wrote("", 3)).is_whole


def test_a_folder_without_ledgers_has_no_report(tmp_path):
    with pytest.raises(StylerError, match="no ledger"):
        report_on(tmp_path)
