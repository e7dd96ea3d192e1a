import io
import os
import sys
import warnings

import pytest
from commands import run_process

from styler.cli import main
from styler.cli.plain_output import collected_warnings, plain_warnings, printable
from styler.errors import StylerWarning


def test_what_a_terminal_would_obey_or_cannot_show_is_escaped():
    assert printable("caf\udce9\n\x1b[31m写真 :cat: [bold]") == "caf\\udce9\\n\\x1b[31m写真 :cat: [bold]"


def test_warnings_are_one_line_each(capsys):
    with plain_warnings():
        warnings.warn("two\nlines", StylerWarning, stacklevel=1)
    assert capsys.readouterr().err == "warning: two\\nlines\n"


def test_only_warnings_of_styler_are_collected():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with collected_warnings() as found:
            warnings.warn("one", StylerWarning, stacklevel=1)
            warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert list(map(str, found)) == ["one"]


ENCODINGS = ("ascii", "cp437", "cp1252", "cp932", "utf-8")


@pytest.fixture
def console(monkeypatch, tmp_path):
    """Return a function that runs the command line with a console of an encoding: (exit status, standard error)."""

    monkeypatch.chdir(tmp_path)

    def run(encoding: str, *arguments: object) -> tuple[int, bytes]:
        streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict") for _ in range(2)]
        monkeypatch.setattr(sys, "stdout", streams[0])
        monkeypatch.setattr(sys, "stderr", streams[1])
        monkeypatch.setattr(sys, "argv", ["styler", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        for stream in streams:
            stream.flush()
        return ended.value.code or 0, streams[1].buffer.getvalue()

    return run


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse names that are not UTF-8")
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_names_that_the_console_cannot_show_are_escaped(
    console, picture_file, tiny_file, tmp_path, monkeypatch, encoding
):
    monkeypatch.chdir(tmp_path)
    picture_file("x.png")
    for name in ("caf\udce9.png", "写真 → [bold] :cat:.png"):
        picture_file(f"c/{name}")
    for more in (["--dry-run"], []):
        status, err = console(
            encoding, "batch", "c", "x.png", "--model", tiny_file, "--device", "cpu", "-o", "out", *more
        )
        assert status == 0, err
    names = sorted(path.name for path in (tmp_path / "out").glob("*.png"))
    assert names == ["caf\udce9-x.png", "写真 → [bold] :cat:-x.png"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse names that are not UTF-8")
@pytest.mark.slow
def test_a_process_with_a_poor_console_ends_without_a_traceback(picture_file, tiny_file, tmp_path):
    picture_file("x.png")
    picture_file("c/caf\udce9.png")
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    command = ["batch", "c", "x.png", "--model", tiny_file, "--device", "cpu", "-o", "out"]
    ran = run_process(*command, cwd=tmp_path, env=environment)
    assert ran.returncode == 0, ran.stderr


def test_a_model_card_is_shown_in_any_encoding():
    environment = os.environ | {"PYTHONIOENCODING": "cp437"}
    ran = run_process("models", "show", "base", env=environment)
    assert (ran.returncode, ran.stderr) == (0, b"")
