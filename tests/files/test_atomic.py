import errno
import os
import stat
from pathlib import Path

import pytest

from styler.errors import StylerError
from styler.files import atomic_file


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def write(path, data=b"new", **options):
    with atomic_file(path, **options) as file:
        file.write(data)


def fail(number):
    def raise_it(*_, **__):
        raise OSError(number, os.strerror(number))

    return raise_it


def test_the_file_appears_only_when_the_block_has_ended(tmp_path):
    with atomic_file(tmp_path / "a") as file:
        file.write(b"new")
        assert not (tmp_path / "a").exists()
    assert (tmp_path / "a").read_bytes() == b"new"
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("exception", [KeyboardInterrupt, ValueError, SystemExit])
def test_a_block_that_fails_leaves_the_folder_as_it_was(tmp_path, exception):
    (tmp_path / "a").write_bytes(b"old")

    def write_half():
        with atomic_file(tmp_path / "a", overwrite=True) as file:
            file.write(b"half")
            raise exception

    with pytest.raises(exception):
        write_half()
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"


@pytest.mark.parametrize(("step", "overwrite"), [("fsync", False), ("fsync", True), ("link", False), ("replace", True)])
def test_a_failure_at_any_step_leaves_no_file_behind(tmp_path, monkeypatch, step, overwrite):
    monkeypatch.setattr(os, step, fail(errno.ENOSPC))
    with pytest.raises(StylerError, match="No space left"):
        write(tmp_path / "a", overwrite=overwrite)
    assert names(tmp_path) == []


def test_a_file_that_exists_is_kept_unless_it_may_be_overwritten(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    with pytest.raises(StylerError, match=r"exists already\n.*--overwrite"):
        write(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"old"
    write(tmp_path / "a", overwrite=True)
    assert (tmp_path / "a").read_bytes() == b"new"
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("links", [True, False], ids=["with hard links", "without hard links"])
def test_a_file_that_comes_meanwhile_is_not_overwritten(tmp_path, monkeypatch, links):
    if not links:
        monkeypatch.setattr(os, "link", fail(errno.EPERM))

    def write_too_late():
        with atomic_file(tmp_path / "a") as file:
            file.write(b"mine")
            (tmp_path / "a").write_bytes(b"theirs")

    with pytest.raises(StylerError, match="exists already"):
        write_too_late()
    assert (tmp_path / "a").read_bytes() == b"theirs"
    assert names(tmp_path) == ["a"]


def test_a_filesystem_without_hard_links_will_do(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", fail(errno.EPERM))
    write(tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert names(tmp_path) == ["a"]


def test_a_failed_rename_takes_back_the_claimed_name(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", fail(errno.EPERM))
    monkeypatch.setattr(Path, "replace", fail(errno.EIO))
    with pytest.raises(StylerError, match="Input/output error"):
        write(tmp_path / "a")
    assert names(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX")
def test_the_mode_follows_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write(tmp_path / "a")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_a_symbolic_link_is_written_through(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    write(tmp_path / "link", overwrite=True)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


@pytest.mark.parametrize(
    ("number", "todo"),
    [(errno.ENOSPC, "free some space"), (errno.EDQUOT, "free some space"), (errno.EROFS, "choose a folder")],
)
def test_the_error_says_what_to_do(tmp_path, monkeypatch, number, todo):
    monkeypatch.setattr(os, "fsync", fail(number))
    with pytest.raises(StylerError) as caught:
        write(tmp_path / "a")
    assert str(tmp_path / "a") in caught.value.what
    assert todo in caught.value.todo


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(StylerError, match=r"No such file or directory\ncreate the folder first: mkdir -p .*none"):
        write(tmp_path / "none" / "a")
