from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from styler.choices import MAX_MEMORY
from styler.model.encoder import Encoder
from styler.model.weights import Model
from styler.transfer.memory import BYTES_PER_PIXEL, MARGIN, PROCESS, SPARE, TILES, Tiling, tiling_for
from styler.transfer.tiling import MULTIPLE


def model(*widths: int, dtype: torch.dtype = torch.float32) -> Model:
    with torch.device("meta"):
        made = Model(Encoder(widths))
    made.encoder.to(dtype)
    return made


SMALL = {dtype: model(16, 32, 64, 128, dtype=dtype) for dtype in (torch.float32, torch.bfloat16, torch.float16)}
BYTES = st.integers(0, 1 << 36)
SIDES = st.integers(1, 40_000)


def tiling(height: int, width: int, max_memory: int = MAX_MEMORY, *, batch: int = 1, dtype=torch.float32) -> Tiling:
    image = torch.empty(1, dtype=torch.uint8).expand(batch, 3, height, width)
    return tiling_for(image, SMALL[dtype], max_memory=max_memory)


def fineness(found: Tiling) -> float:
    return float("inf") if found.tile is None else found.tile


def test_small_pictures_go_at_once():
    assert tiling(1, 1) == tiling(1000, 1500) == Tiling(None, 0)


def test_large_ones_by_tiles():
    assert tiling(10_000, 10_000).tile == max(TILES)


def test_where_nothing_fits_the_smallest_tiles_are_taken():
    assert tiling(3000, 3000, 0) == tiling(3000, 3000, PROCESS) == Tiling(min(TILES), 0)


@given(SIDES, SIDES, BYTES, BYTES)
def test_more_memory_never_means_smaller_tiles(height, width, one, other):
    less, more = sorted((one, other))
    assert fineness(tiling(height, width, less)) <= fineness(tiling(height, width, more))


@given(SIDES, SIDES, SIDES, BYTES)
def test_a_larger_picture_never_means_larger_tiles(width, one, other, max_memory):
    low, high = sorted((one, other))
    assert fineness(tiling(low, width, max_memory)) >= fineness(tiling(high, width, max_memory))


@given(SIDES, SIDES, BYTES)
def test_what_is_kept_fits_beside_the_rest(height, width, max_memory):
    found = tiling(height, width, max_memory)
    assert found.kept_bytes >= 0
    working = BYTES_PER_PIXEL[torch.float32]
    if found.tile is None:
        assert PROCESS + working * height * width <= max_memory
    elif found.kept_bytes:
        assert PROCESS + SPARE * working * (found.tile + MARGIN) ** 2 + found.kept_bytes <= max_memory


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_takes_larger_pictures_at_once(dtype):
    assert tiling(2200, 2200).tile is not None
    assert tiling(2200, 2200, dtype=dtype).tile is None


def test_a_batch_takes_the_memory_of_all_its_pictures():
    assert tiling(1200, 1200).tile is None
    assert tiling(1200, 1200, batch=8).tile is not None


def test_wider_networks_take_more():
    image = torch.empty(1).expand(1, 3, 1200, 1200)
    assert tiling_for(image, SMALL[torch.float32]).tile is None
    assert tiling_for(image, model(64, 128, 256, 512)).tile is not None


def test_smaller_and_smaller_tiles_come_to_an_end():
    seen, now = [], Tiling(None, 99)
    while now is not None:
        seen.append(now)
        now = now.smaller()
    assert [one.tile for one in seen[1:]] == list(TILES)
    assert all(one.kept_bytes == 0 for one in seen[1:])


@pytest.mark.parametrize("tile", [1, 64, 127, 128, 129, 500, 4000])
def test_tiles_asked_for_lie_on_the_grid(tile):
    image, tiny = torch.empty(1, 3, 16, 16, dtype=torch.uint8), model(4, 6, 8, 10)
    found = tiling_for(image, tiny, tile=tile)
    assert found.tile is not None
    assert found.tile % MULTIPLE == 0
    assert found.tile in (min(TILES), *range(tile, tile + MULTIPLE))
    assert tiling_for(image, tiny, tile=0, max_memory=1) == Tiling(None, 0)


def test_tiles_are_tried_from_large_to_small():
    assert all(large > small for large, small in pairwise(TILES))
    assert all(tile % MULTIPLE == 0 for tile in TILES)


def test_a_gpus_tiles_come_from_its_free_memory(monkeypatch):
    free = {"bytes": 60 << 30}
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (free["bytes"], 80 << 30))
    for name in ("memory_reserved", "memory_allocated"):
        monkeypatch.setattr(torch.cuda, name, lambda device: 0)
    monkeypatch.setattr(Model, "device", torch.device("cuda", 0))
    image, base = torch.empty(1).expand(1, 3, 8000, 8000), model(32, 64, 128, 256, dtype=torch.float16)
    assert tiling_for(image, base).tile is None
    assert tiling_for(image, base).peak_bytes <= free["bytes"]
    free["bytes"] = 4 << 30
    assert tiling_for(image, base).tile is not None


def test_the_peak_of_tiles_is_within_the_limit_and_that_of_a_whole_picture_grows_with_it():
    assert tiling(3000, 4000).peak_bytes <= MAX_MEMORY
    small, large = (tiling(side, side).peak_bytes for side in (500, 1000))
    assert large - small == pytest.approx(3 * 500**2 * BYTES_PER_PIXEL[torch.float32])
