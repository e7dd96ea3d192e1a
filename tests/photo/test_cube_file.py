from pathlib import Path

import pytest
import torch

from styler.errors import StylerError
from styler.photo.color_table import ColorTable, identity_table
from styler.photo.cube_file import cube_text, read_cube, table_in, write_cube

GOOD = cube_text(identity_table(2), title="two")
LINES = GOOD.splitlines()
NAME = Path("look.cube")


def with_line(number: int, text: str) -> str:
    return "\n".join([*LINES[: number - 1], text, *LINES[number:]])


def test_a_table_is_read_as_it_was_written(tmp_path):
    table = ColorTable(torch.rand(5, 5, 5, 3) * 3 - 1, (-0.5, 0.0, 0.25), (1.5, 1.0, 2.0))
    write_cube(table, tmp_path / "look.cube", title='a "title"\nLUT_3D_SIZE é')
    found = read_cube(tmp_path / "look.cube")
    assert (found.low, found.high) == (table.low, table.high)
    torch.testing.assert_close(found.values, table.values, atol=1e-6, rtol=0)
    assert (tmp_path / "look.cube").read_text().startswith('TITLE "a ?title??LUT_3D_SIZE ?"\n')
    with pytest.raises(StylerError, match="exists"):
        write_cube(table, tmp_path / "look.cube", title="")


def test_red_runs_fastest():
    assert LINES[4:7] == ["0.000000 0.000000 0.000000", "1.000000 0.000000 0.000000", "0.000000 1.000000 0.000000"]


def test_files_of_other_programs_are_read():
    colors = "\r\n".join(LINES[4:])
    text = f"\ufeff# made elsewhere\r\n\r\nLUT_3D_SIZE 2\r\nLUT_3D_INPUT_RANGE -1 2\r\n{colors}\r\n# end\r\n"
    found = table_in(text.removeprefix("\ufeff"), NAME)
    assert (found.low, found.high) == ((-1, -1, -1), (2, 2, 2))
    assert found.values.equal(identity_table(2).values)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no LUT_3D_SIZE"),
        (with_line(2, "LUT_3D_SIZE 3"), "has 8 colors, and its header says 3³ = 27"),
        (GOOD + "0 0 0\n", "has 9 colors"),
        ("\n".join(LINES[:-1]), "has 7 colors"),
        (with_line(2, "LUT_3D_SIZE 1"), "from 2 to 129"),
        (with_line(2, "LUT_3D_SIZE 99999999999999999999"), "from 2 to 129"),
        (with_line(2, "LUT_3D_SIZE two"), "from 2 to 129"),
        (with_line(2, "LUT_3D_SIZE 2 2 2"), "from 2 to 129"),
        (with_line(2, "LUT_1D_SIZE 8"), "one-dimensional"),
        (with_line(3, "LUT_3D_SIZE 2"), "LUT_3D_SIZE twice, in lines 2 and 3"),
        (with_line(3, "LUT_5D 2"), "unknown word in line 3: 'LUT_5D'"),
        (with_line(3, "DOMAIN_MIN 0 0"), "no 3 numbers in line 3"),
        (with_line(3, "DOMAIN_MIN nan 0 0"), "no 3 numbers in line 3"),
        (with_line(4, "DOMAIN_MAX 1 0 1"), "a domain that does not rise"),
        (with_line(7, "nan 0 0"), "not finite in line 7"),
        (with_line(7, "0 -inf 0"), "not finite in line 7"),
        (with_line(7, "0 1e999 0"), "not finite in line 7"),
        (with_line(7, "0 0"), "2 words instead of 3 numbers in line 7"),
        (with_line(7, "0 0 x"), "no 3 numbers in line 7"),
        (GOOD + "DOMAIN_MIN 0 0 0\n", "4 words instead of 3 numbers in line 13"),
        ("\0\x01PNG", "has an unknown word in line 1"),
    ],
)
def test_a_file_that_is_wrong_is_one_error(text, words):
    with pytest.raises(StylerError) as error:
        table_in(text, NAME)
    assert words in str(error.value)
    assert str(error.value).startswith("look.cube ")


def test_a_file_that_is_not_there_is_one_error(tmp_path):
    with pytest.raises(StylerError, match="no such file"):
        read_cube(tmp_path / "none.cube")
    with pytest.raises(StylerError):
        read_cube(tmp_path)


def test_huge_colors_are_clamped():
    assert table_in(with_line(7, "0 1e300 0"), NAME).values.max() == 1e6
