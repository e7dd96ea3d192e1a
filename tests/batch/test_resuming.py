import pytest

from styler.batch.ledger import ledger_file
from styler.batch.plan import Job

OTHER, FOREIGN = "made with other settings or inputs", "not made by this command"


def reasons(found):
    return sorted(set(found.skipped.values()))


@pytest.fixture
def one(jobs):
    return jobs[:1]


def test_finished_pictures_are_skipped(run, jobs):
    run(jobs[:3])
    found, outcomes = run(jobs)
    assert set(found.skipped) == set(jobs[:3])
    assert reasons(found) == ["done before"]
    assert len(outcomes) == len(jobs) - 3
    assert run(jobs, overwrite=True)[1] == []


@pytest.mark.parametrize("change", ["settings", "alpha", "content", "style"])
def test_changed_settings_and_inputs_are_reported_and_overwrite_makes_them_again(run, one, picture_file, change):
    run(one)
    job, settings = one[0], {"size": 20} if change == "settings" else {}
    if change == "alpha":
        job = Job(job.content, job.style, 0.3, job.out)
    if change in ("content", "style"):
        path = getattr(job, change)
        path.write_bytes(picture_file("new.png", seed=9).read_bytes())
    found, outcomes = run([job], settings=settings)
    assert (reasons(found), outcomes) == ([OTHER], [])
    assert len(run([job], settings=settings, overwrite=True)[1]) == 1
    assert reasons(run([job], settings=settings)[0]) == ["done before"]


def test_moved_inputs_count_as_the_same(run, one, tmp_path):
    run(one)
    moved = one[0].content.rename(tmp_path / "moved.png")
    assert reasons(run([Job(moved, one[0].style, 1.0, one[0].out)])[0]) == ["done before"]


def test_a_file_not_made_by_styler_is_kept_without_overwrite(run, one, tmp_path):
    path = tmp_path / "out" / one[0].out
    path.parent.mkdir(parents=True)
    path.write_bytes(b"precious")
    found, outcomes = run(one)
    assert (reasons(found), outcomes, path.read_bytes()) == ([FOREIGN], [], b"precious")
    assert len(run(one, overwrite=True)[1]) == 1
    path.write_bytes(b"precious")
    assert len(run(one, overwrite=True)[1]) == 1
    assert path.read_bytes() != b"precious"


def test_deleted_and_failed_pictures_are_made(run, jobs, tmp_path):
    good = jobs[1].content.read_bytes()
    jobs[1].content.write_bytes(b"bad")
    run(jobs[:2])
    jobs[1].content.write_bytes(good)
    (tmp_path / "out" / jobs[0].out).unlink()
    assert sorted(outcome.job.key for outcome in run(jobs[:2])[1]) == ["x/0.png", "x/1.png"]


@pytest.mark.parametrize("appeared", [True, False])
def test_a_ledger_line_lost_in_a_kill_is_restored_from_the_hash_of_the_file(run, one, tmp_path, appeared):
    run(one)
    path = ledger_file(tmp_path / "out")
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    if not appeared:
        (tmp_path / "out" / one[0].out).write_bytes(b"another's")
    found, outcomes = run(one)
    assert (reasons(found), outcomes) == (["done before" if appeared else FOREIGN], [])
    assert [line["outcome"] for line in found.unwritten] == ["done"] * appeared


def test_the_ledgers_of_other_shards_count_too(run, one, tmp_path):
    run(one)
    folder = tmp_path / "out"
    ledger_file(folder).rename(ledger_file(folder, "1-of-2"))
    assert reasons(run(one)[0]) == ["done before"]


@pytest.mark.parametrize("change", ["emptied", "truncated", "replaced", "folder"])
def test_a_result_that_was_changed_since_is_made_again(run, jobs, tmp_path, change):
    run(jobs[:2])
    path = tmp_path / "out" / jobs[0].out
    whole = path.read_bytes()
    if change == "folder":
        path.unlink()
        path.mkdir()
    else:
        path.write_bytes({"emptied": b"", "truncated": whole[:-7], "replaced": b"another's"}[change])
    found, outcomes = run(jobs[:2])
    assert (found.changed, reasons(found)) == (jobs[:1], ["done before"])
    if change == "folder":
        assert "cannot write" in outcomes[0].error.what
    else:
        assert ([outcome.error for outcome in outcomes], path.read_bytes()) == ([None], whole)


def test_verify_compares_hashes(run, one, tmp_path):
    run(one)
    path = tmp_path / "out" / one[0].out
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"?")
    assert reasons(run(one)[0]) == ["done before"]
    found, _ = run(one, verify=True)
    assert (found.changed, path.read_bytes()) == (one, whole)
    assert reasons(run(one, verify=True)[0]) == ["done before"]


def test_a_changed_result_is_made_again_after_a_kill_while_it_was(run, one, tmp_path):
    run(one)
    path, ledger = tmp_path / "out" / one[0].out, ledger_file(tmp_path / "out")
    path.write_bytes(b"")
    run(one)
    path.write_bytes(b"")  # as before the kill, which came between the lines "writing" and "done"
    ledger.write_bytes(b"".join(ledger.read_bytes().splitlines(keepends=True)[:-1]))
    assert run(one)[0].changed == one
    assert path.stat().st_size > 0
