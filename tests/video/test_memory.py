import subprocess
import sys

import pytest
from clips import moving_frames, write_clip

SCRIPT = """
import sys
from pathlib import Path
from styler.process import peak_mib
from styler.transfer.stylizer import Stylizer
from styler.video.clip import stylize_clip
from styler.video.clip_output import Output
from styler.video.settings import VideoSettings

model, style, *clips = map(Path, sys.argv[1:])
stylizer = Stylizer(model, device="cpu", dtype="float32")
for clip in clips:
    stylize_clip(clip, stylizer, VideoSettings((style,)), Output(clip.with_suffix(".mkv")))
    print(peak_mib())
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_length(tiny_file, style, tmp_path):
    frames = moving_frames(20, 96, 128)
    frames += frames[::-1]
    clips = [write_clip(tmp_path / f"{n}.mp4", frames * n, options={"bf": "0"}) for n in (1, 4)]
    command = [sys.executable, "-c", SCRIPT, str(tiny_file), str(style), *map(str, clips)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    short, long = map(int, done.stdout.split())
    held = 120 * 96 * 128 * 3 * 4 / 2**20  # MiB, if the frames that the longer clip has more were kept
    assert long - short < held / 2
