"""`styler video` between the pipes of other programs."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from clips import frames_of, moving_frames, write_clip
from commands import run_process

PAGE = Path(__file__).parents[2] / "docs" / "video.md"


@pytest.mark.slow
def test_raw_frames_are_piped(tiny_file, pair):
    data = b"".join(frame.tobytes() for frame in moving_frames(3))
    options = ["--raw", "64x48", "-o", "-", "--model", tiny_file, "--device", "cpu"]
    result = run_process("video", "-", pair[1], *options, input=data)
    assert (result.returncode, result.stderr) == (0, b"")
    assert np.frombuffer(result.stdout, np.uint8).size == 3 * 48 * 64 * 3


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
@pytest.mark.slow
def test_the_pipe_of_the_page_goes_through_ffmpeg(tiny_file, pair, tmp_path):
    (pipe,) = re.findall(r"^    (ffmpeg (?:.*\\\n)*.*)", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    write_clip(tmp_path / "in.mp4", moving_frames(5, 90, 120))
    shutil.copy(pair[1], tmp_path / "night.jpg")
    options = f"--model {tiny_file} --device cpu"
    pipe = pipe.replace("styler video", f"{sys.executable} -m styler video {options}")
    pipe = re.sub(r"ffplay (.*) -$", r"ffmpeg \1 -i - out.mkv", pipe)  # in place of a window, a file
    done = subprocess.run(["bash", "-o", "pipefail", "-c", pipe], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    frames = frames_of(tmp_path / "out.mkv")
    assert (len(frames), frames[0].width, frames[0].height) == (5, 640, 360)
