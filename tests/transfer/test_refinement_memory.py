import pytest

from styler.model.encoder import Encoder
from styler.transfer.loss_network import LossNetwork
from styler.transfer.refinement_memory import refinement_tile

GIB = 1 << 30


@pytest.fixture(scope="module")
def network():
    return LossNetwork(Encoder(), "vgg", "")


@pytest.mark.parametrize(
    ("side", "max_memory", "tile"),
    [(512, 2 * GIB, None), (1024, 2 * GIB, 384), (2048, 2 * GIB, 256), (4096, 2 * GIB, 128), (1024, 8 * GIB, None)],
)
def test_larger_pictures_have_smaller_tiles_and_more_memory_larger_ones(side, max_memory, tile, network):
    assert refinement_tile(side, side, network, max_memory=max_memory) == tile


@pytest.mark.parametrize(("asked", "tile"), [(0, None), (64, 128), (200, 200), (201, 208)])
def test_a_side_that_is_asked_for_is_taken_in_whole_cells(asked, tile, network):
    assert refinement_tile(4096, 4096, network, tile=asked, max_memory=2 * GIB) == tile
