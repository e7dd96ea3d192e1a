import os
import signal
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest
import torch

from styler.errors import StylerError
from styler.files import PassedOver
from styler.images import Picture
from styler.training import data
from styler.training.data import (
    RandomCrops,
    augmentation,
    batches,
    find_pictures,
    interrupts_blocked,
    load_square,
    split_held_out,
)


def test_readable_and_unreadable_pictures_are_separated(folder):
    path = folder("photos", 3)
    (path / "deep").mkdir()
    (path / "deep" / "broken.jpg").write_bytes(b"not a picture")
    (path / "1.png").write_bytes((path / "1.png").read_bytes()[:200])
    (path / "notes.txt").write_text("no picture at all")
    with pytest.warns(PassedOver, match=r"no pictures .*notes\.txt"):
        good, bad = find_pictures(path)
    assert [x.name for x in good] == ["0.png", "2.png"]
    assert [x.name for x in bad] == ["1.png", "broken.jpg"]


@pytest.mark.skipif(os.name == "nt", reason="links need a permission on Windows")
def test_linked_folders_are_searched_once_and_pipes_are_not_read(folder, tmp_path):
    photos = folder("photos", 1)
    (photos / "data").symlink_to(folder("elsewhere", 2))
    (photos / "loop").symlink_to(photos)
    os.mkfifo(photos / "pipe.png")
    with pytest.warns(PassedOver, match=r"pipe\.png"):
        good, _ = find_pictures(photos)
    assert [path.relative_to(photos).as_posix() for path in good] == ["0.png", "data/0.png", "data/1.png"]


def test_names_that_are_not_utf_8_can_be_split():
    paths = [Path(f"\udce9{number}.png") for number in range(100)]
    assert sorted(chain(*split_held_out(paths))) == sorted(paths)


def test_a_folder_without_pictures_is_an_error(tmp_path):
    with pytest.raises(StylerError, match="no readable picture"):
        find_pictures(tmp_path)
    with pytest.raises(StylerError, match="no such folder"):
        find_pictures(tmp_path / "none")


def test_held_out_pictures_stay_held_out_when_a_folder_grows(tmp_path):
    names = [tmp_path / f"{i}.jpg" for i in range(500)]
    learnt, held = split_held_out(names)
    assert sorted(learnt + held) == sorted(names)
    assert 5 <= len(held) <= 50
    assert set(split_held_out(names[:250])[1]) == {path for path in held if path in names[:250]}


def test_too_few_pictures_to_split_are_used_for_both(tmp_path):
    names = [tmp_path / "only.jpg"]
    assert split_held_out(names) == (names, names)


def test_squares_are_cut_from_the_center(tmp_path):
    samples = torch.zeros(3, 40, 80)
    samples[..., 20:60] = 1
    Picture.of(samples).save(tmp_path / "a.png")
    torch.testing.assert_close(load_square(tmp_path / "a.png", 24), torch.ones(3, 24, 24))


def test_squares_have_the_requested_size(picture_file):
    assert load_square(picture_file("a.png", 40, 80), 24).shape == (3, 24, 24)
    assert load_square(picture_file("b.png", 5, 3), 24).shape == (3, 24, 24)


@pytest.fixture
def crops(folder):
    paths, _ = find_pictures(folder("photos", 4))
    return RandomCrops(
        (paths, augmentation(32, scale=(0.3, 1.0))), (paths, augmentation(32, scale=(0.1, 1.0))), num_items=12, seed=7
    )


def test_a_crop_depends_on_the_seed_and_its_index_only(crops):
    first = crops[5]
    torch.rand(3)
    torch.testing.assert_close(first, crops[5], rtol=0, atol=0)
    other = RandomCrops(*crops.sources, num_items=12, seed=8)
    assert not torch.equal(other[5][0], crops[5][0])
    assert not torch.equal(crops[4][0], crops[5][0])


def test_a_crop_does_not_change_the_global_random_state(crops):
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    crops[0]
    torch.testing.assert_close(torch.rand(4), expected)


def test_a_resumed_sequence_is_the_rest_of_the_uninterrupted_one(crops):
    whole = list(batches(crops, batch_size=4))
    rest = list(batches(crops, batch_size=4, first=1))
    assert len(whole) == 3
    torch.testing.assert_close(rest, whole[1:], rtol=0, atol=0)


@pytest.mark.slow
def test_worker_processes_give_the_same_batches(crops, monkeypatch):
    alone = list(batches(crops, batch_size=4))
    monkeypatch.setattr(data, "MIN_CROPS_FOR_WORKERS", 0)
    torch.testing.assert_close(list(batches(crops, batch_size=4)), alone, rtol=0, atol=0)


@pytest.mark.parametrize("min_crops", [0, 1000], ids=["worker processes", "this process"])
@pytest.mark.slow
def test_a_picture_that_vanishes_is_named(crops, folder, monkeypatch, min_crops):
    monkeypatch.setattr(data, "MIN_CROPS_FOR_WORKERS", min_crops)
    for path in crops.sources[0][0]:
        path.unlink()
    with pytest.raises(StylerError, match=r"no such file: .*png"):
        list(batches(crops, batch_size=4))


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="needs signal masks")
def test_interrupts_are_blocked_in_processes_that_start_in_the_block():
    words = "import signal; print(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))"
    with interrupts_blocked():
        assert subprocess.check_output([sys.executable, "-c", words]) == b"True\n"
    assert subprocess.check_output([sys.executable, "-c", words]) == b"False\n"
