"""Reading and writing pictures as arrays imports no torch, for engines without it."""

import subprocess
import sys


def test_files_are_read_and_written_as_arrays_without_torch(picture_file, tmp_path):
    source, target = picture_file(), tmp_path / "out.png"
    code = f"""
import sys
from styler.images.encoding import encode
from styler.images.loading import read_file
found = read_file({str(source)!r})
with open({str(target)!r}, "x+b") as file:
    encode(file, list(found.samples), None, found.metadata, "PNG")
again = read_file({str(target)!r})
print((again.samples == found.samples).all(), sorted({{"torch", "torchvision"}} & set(sys.modules)))
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "True []\n"
