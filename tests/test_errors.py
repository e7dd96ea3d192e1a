import subprocess
import sys

from styler.errors import StylerError


def test_an_error_says_what_is_wrong_and_what_to_do_on_two_lines():
    error = StylerError("no such file: a.png", "check the name")
    assert str(error) == "no such file: a.png\ncheck the name"
    assert (error.what, error.todo) == ("no such file: a.png", "check the name")


def test_errors_import_neither_torch_nor_pillow():
    code = "import sys, styler.errors; print(sorted({'torch', 'PIL', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
