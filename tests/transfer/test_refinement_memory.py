import subprocess
import sys

import pytest

from styler.model.encoder import Encoder
from styler.transfer.loss_network import LossNetwork
from styler.transfer.refinement_memory import HELD, even, refinement_tile

GIB = 1 << 30


@pytest.fixture(scope="module")
def network():
    return LossNetwork(Encoder(), "vgg", "")


@pytest.mark.parametrize(
    ("side", "max_memory", "tile"),
    [(512, 2 * GIB, None), (1024, 2 * GIB, 344), (2048, 2 * GIB, 256), (4096, 2 * GIB, 192), (1024, 8 * GIB, None)],
)
def test_larger_pictures_have_smaller_tiles_and_more_memory_larger_ones(side, max_memory, tile, network):
    assert refinement_tile(side, side, network, max_memory=max_memory) == tile


@pytest.mark.parametrize(("asked", "tile"), [(0, None), (64, 128), (200, 200), (201, 208)])
def test_a_side_that_is_asked_for_is_taken_in_whole_cells(asked, tile, network):
    assert refinement_tile(4096, 4096, network, tile=asked, max_memory=2 * GIB) == tile


def test_what_is_held_of_a_larger_picture_makes_tiles_smaller(network):
    assert refinement_tile(512, 512, network, held=0, max_memory=2 * GIB) is None
    assert refinement_tile(512, 512, network, held=GIB, max_memory=2 * GIB) == 128


def test_tiles_are_even():
    assert (even(384, 1024), even(128, 1000), even(192, 4096)) == (344, 128, 192)


def test_a_side_as_long_as_the_picture_is_no_tile(network):
    assert refinement_tile(300, 200, network, tile=300, max_memory=2 * GIB) is None


NARROW = """
import torch
from styler.model.encoder import Encoder
from styler.process import keep_freed_memory, peak_mib
from styler.transfer.loss_network import LossNetwork
from styler.transfer.refinement import Views, refined
from styler.transfer.style import style_of

keep_freed_memory()
torch.manual_seed(0)
network = LossNetwork(Encoder((4, 6, 8, 512)).requires_grad_(False), "narrow", "")  # as deep at the content's level
styles = [style_of(network.encoder, torch.rand(1, 3, 64, 64))]
for side in (256, 2048):
    content = torch.randint(256, (1, 3, side, side), dtype=torch.uint8)
    start = torch.zeros(1, 3, side, side, dtype=torch.uint16)
    options = {"num_steps": 1, "strengths": {"relu2_1": 1.0}, "tile": 128, "max_memory": 2**31}
    with torch.no_grad():
        refined(start, Views(content), network, lambda share: styles, **options)
    print(peak_mib())
"""


@pytest.mark.slow
def test_a_picture_in_tiles_takes_no_more_than_its_estimate():
    done = subprocess.run([sys.executable, "-c", NARROW], check=True, capture_output=True, text=True)
    small, large = map(int, done.stdout.split())
    assert large - small < 1.1 * HELD * 2048**2 / 2**20  # the heap's gaps are not the same from run to run
