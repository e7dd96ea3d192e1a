import pytest
import torch

from styler.benchmarks.operators import slowest_operators

CPU = torch.device("cpu")


def test_operators_come_slowest_first_with_their_share_of_the_whole():
    a = torch.ones(200, 200)
    found = slowest_operators(lambda: [a @ a, a @ a, a + a], CPU, count=100)
    calls = {operator.name: operator.calls for operator in found}
    assert (calls["aten::mm"], calls["aten::add"]) == (2, 1)
    assert [operator.seconds for operator in found] == sorted((operator.seconds for operator in found), reverse=True)
    assert sum(operator.share for operator in found) == pytest.approx(1)


def test_no_more_operators_come_than_are_wanted():
    assert len(slowest_operators(lambda: torch.ones(3) + 1, CPU, count=1)) == 1
