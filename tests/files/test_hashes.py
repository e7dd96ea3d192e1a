import shutil
import subprocess

import pytest

from styler.errors import StylerError
from styler.files import read_sha256_list, sha256

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_the_hash_is_that_of_the_bytes(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    assert sha256(tmp_path / "x") == ABC


@pytest.mark.parametrize("line", ["{}  a b.bin\n", "{} *a b.bin\n", "{}  a b.bin\r\n\r\n"])
def test_a_list_may_be_of_text_or_binary_files(tmp_path, line):
    (tmp_path / "SUMS").write_bytes(line.format(ABC).encode())
    assert read_sha256_list(tmp_path / "SUMS") == {"a b.bin": ABC}


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs sha256sum")
def test_a_list_is_what_sha256sum_writes(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    (tmp_path / "y").write_bytes(b"")
    out = subprocess.run(["sha256sum", "x", "y"], cwd=tmp_path, capture_output=True, check=True).stdout
    (tmp_path / "SUMS").write_bytes(out)
    assert read_sha256_list(tmp_path / "SUMS") == {name: sha256(tmp_path / name) for name in ("x", "y")}


@pytest.mark.parametrize("content", [None, b"one-word\n", b"\xff\xff  x\n"])
def test_a_list_that_cannot_be_read_is_an_error_that_names_it(tmp_path, content):
    if content is not None:
        (tmp_path / "SUMS").write_bytes(content)
    with pytest.raises(StylerError, match="SUMS"):
        read_sha256_list(tmp_path / "SUMS")
