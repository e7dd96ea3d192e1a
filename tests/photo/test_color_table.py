import pytest
import torch

from styler.photo.color_table import ColorTable, blended, identity_table, largest_fall, resampled
from styler.photo.lookup import looked_up


def random_table(num_points: int = 5) -> ColorTable:
    return ColorTable(torch.rand(num_points, num_points, num_points, 3))


def test_points_are_indexed_by_blue_green_and_red():
    table = identity_table(3)
    torch.testing.assert_close(table.values[0, 1, 2], torch.tensor([1.0, 0.5, 0.0]))


def test_strength_0_is_the_identity_and_1_the_table():
    table = random_table()
    torch.testing.assert_close(blended(table, 0.0).values, identity_table(5).values)
    torch.testing.assert_close(blended(table, 1.0).values, table.values)


def test_a_blended_table_is_the_blend_of_its_colors():
    table, colors = random_table(), torch.rand(1, 3, 8, 8)
    expected = torch.lerp(colors, looked_up(colors, *table), 0.3)
    torch.testing.assert_close(looked_up(colors, *blended(table, 0.3)), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize(("low", "high"), [((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)), ((-0.5, 0.0, 0.1), (1.5, 2.0, 1.0))])
def test_more_points_give_the_same_colors(low, high):
    table, colors = random_table()._replace(low=low, high=high), torch.rand(1, 3, 8, 8)
    torch.testing.assert_close(looked_up(colors, *resampled(table, 9)), looked_up(colors, *table), atol=1e-5, rtol=0)


def test_swapped_greys_are_found():
    table = identity_table(5)
    assert largest_fall(table) == 0
    table.values[3, 3, 3] = 0.2
    assert largest_fall(table) == pytest.approx(0.3)
    assert largest_fall(table._replace(values=1 - identity_table(5).values)) == pytest.approx(1)
