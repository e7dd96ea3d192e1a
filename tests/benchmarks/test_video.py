import json
import sys

import pytest
import torch
from samples import picture

from styler.benchmarks.video.clips import known_clips, sampled
from styler.benchmarks.video.scores import blurred, blurred_to, sharpness, style_left, video_scores, warp_error
from styler.images import Picture


@pytest.fixture(scope="module")
def clips():
    smooth = [torch.nn.functional.avg_pool2d(picture(300, 400, seed=seed), 5, 1, 2)[0] for seed in (1, 2)]
    return {clip.name: clip for clip in known_clips(*smooth, count=4)}


@pytest.mark.parametrize("name", ["pan", "object", "static", "ramp"])
def test_frames_follow_their_flow(name, clips):
    clip = clips[name]
    frames = clip.frames()
    source, seen = clip.flow(3, 2)
    away = (frames[3] - sampled(frames[2], source))[:, seen].abs().mean()
    assert seen.float().mean() > 0.8
    assert away < (0.08 if name == "ramp" else 0.02)


def test_what_the_object_covers_and_uncovers_is_not_compared(clips):
    _, seen = clips["object"].flow(3, 0)
    _, seen_in_pan = clips["pan"].flow(3, 0)
    assert seen.float().mean() < seen_in_pan.float().mean()


def test_frames_alone_have_ratios_of_one(clips):
    clip, alone = clips["pan"], torch.rand(4, 3, 240, 320)
    scores = video_scores("same", clip, alone, alone, distances=lambda image: [float(image.mean()), 1.0])
    assert (scores.near, scores.far, scores.late_sharpness, scores.effect) == (1, 1, 1, 1)
    assert scores.near_over_blur == pytest.approx(1)
    assert scores.style_left == 1


def test_style_left_is_the_mean_over_levels_of_what_is_left_of_each_distance():
    frames, contents = torch.full((4, 3, 8, 8), 0.5), torch.ones(4, 3, 8, 8)
    found = style_left(lambda image: [float(image.mean()), 100 * float(image.mean()) ** 2], frames, contents)
    assert found == pytest.approx((0.5 + 0.25) / 2)


def test_steadier_frames_have_a_smaller_error_and_a_blur_is_told_from_them(clips):
    clip = clips["pan"]
    contents = clip.frames()
    alone = (contents + 0.1 * torch.randn_like(contents)).clamp(0, 1)
    steadier = torch.lerp(contents, alone, 0.3)
    assert warp_error(clip, steadier, 1) < 0.5 * warp_error(clip, alone, 1)
    assert video_scores("blur", clip, blurred(alone, 1.0), alone).near_over_blur == pytest.approx(1, abs=0.02)


def test_a_blur_of_equal_sharpness_is_found():
    frames = torch.rand(2, 3, 40, 50)
    wanted = 0.5 * sharpness(frames)
    assert sharpness(blurred_to(frames, wanted)) == pytest.approx(wanted, rel=1e-2)


def test_missing_frames_are_an_error(clips):
    with pytest.raises(ValueError, match=r"expected frames \(4, 3, 240, 320\), got \(3, 3, 240, 320\)"):
        video_scores("few", clips["pan"], torch.rand(3, 3, 240, 320), torch.rand(4, 3, 240, 320))


@pytest.mark.slow
def test_the_table_has_our_model_and_a_peer(tmp_path, tiny_file, monkeypatch, capfd):
    from styler import cli

    (tmp_path / "photos").mkdir()
    for seed in range(2):
        Picture.of(picture(60, 80, seed=seed)).save(tmp_path / "photos" / f"{seed}.png")
    Picture.of(picture(40, 40, seed=5)).save(tmp_path / "style.png")
    monkeypatch.setattr("styler.benchmarks.video.clips.HEIGHT", 48)
    copy = f"{sys.executable} -c \"import shutil;shutil.copytree(r'{{content}}',r'{{out}}',dirs_exist_ok=True)\""
    words = ["bench", "video", tmp_path / "photos", tmp_path / "style.png", "--frames", "4", "--peer", f"copy={copy}"]
    monkeypatch.setattr(sys, "argv", ["styler", *map(str, words), "-m", str(tiny_file), "--json"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert not ended.value.code
    assert [(row["tool"], row["clip"]) for row in rows[:2]] == [("tiny", "pan"), ("copy", "pan")]
    assert len(rows) == 8
    assert rows[1]["effect"] == 0


@pytest.mark.slow
def test_the_table_of_speed_has_a_row_for_each_size(tmp_path, tiny_file, monkeypatch, capfd):
    from styler import cli

    (tmp_path / "photos").mkdir()
    Picture.of(picture(60, 80)).save(tmp_path / "photos" / "a.png")
    Picture.of(picture(40, 40, seed=5)).save(tmp_path / "style.png")
    monkeypatch.setattr("styler.video.speed.SIZES", {(36, 64): 3, (72, 128): 2})
    words = ["bench", "video", tmp_path / "photos", tmp_path / "style.png", "--speed", "-m", tiny_file]
    monkeypatch.setattr(sys, "argv", ["styler", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    rows = [line for line in capfd.readouterr().out.splitlines() if "×" in line]
    assert not ended.value.code
    assert [row.split(" | ")[1] for row in rows] == ["64×36", "128×72"]
