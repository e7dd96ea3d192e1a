"""What is read here was made by others: a picture or a model comes out, or one error that names the file."""

import io
import json
import random
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import torch
from hostile_files import bombs, check_error, check_refused, good_files, lying_files, mutated, wrong_files
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import save

from styler.errors import StylerError
from styler.images import Picture
from styler.model.weights import FORMAT, load_model

TALL = {name for name, data in lying_files().items() if "x100000000" in name}  # 0.4 s each, and all alike
PICTURES = {name: data for name, data in (lying_files() | bombs() | wrong_files()).items() if name not in TALL}
MAX_MIB = 2048
NUM_MUTATIONS = 25


pytestmark = pytest.mark.filterwarnings("ignore:.*frames or pages:styler.errors.StylerWarning")


def error_of(path):
    """Load a picture; return what is wrong with it, after checking how that is said."""
    try:
        image = Picture.open(path).image
    except StylerError as error:
        check_error(error, path)
        return error.what
    assert image.ndim == 4
    assert 0 <= image.min() <= image.max() <= 1
    return None


def test_there_are_hundreds_of_them():
    assert len(PICTURES) > 150
    assert NUM_MUTATIONS * len(good_files()) > 400


@pytest.mark.parametrize("kind", PICTURES)
def test_a_hostile_picture_loads_or_fails_with_its_name(tmp_path, capfd, kind):
    (tmp_path / "a").write_bytes(PICTURES[kind])
    error = error_of(tmp_path / "a")
    assert capfd.readouterr() == ("", "")
    assert error or not kind.endswith(("40000x25000", "65535x65535", "0x7"))


@pytest.mark.parametrize("kind", good_files())
def test_a_mutated_picture_loads_or_fails_with_its_name(tmp_path, capfd, kind):
    rng, data = random.Random(kind), good_files()[kind]
    for _ in range(NUM_MUTATIONS):
        (tmp_path / "a").write_bytes(mutated(data, rng))
        error_of(tmp_path / "a")
    assert capfd.readouterr() == ("", "")


@given(kind=st.sampled_from(sorted(good_files())), cut=st.floats(0, 1), junk=st.binary(max_size=40), keep=st.booleans())
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_picture_with_junk_in_it_loads_or_fails_with_its_name(tmp_path, kind, cut, junk, keep):
    data = good_files()[kind]
    at = int(cut * len(data))
    (tmp_path / "a").write_bytes(data[:at] + junk + (data[at + len(junk) :] if keep else b""))
    error_of(tmp_path / "a")


def test_threads_get_their_own_pictures_and_errors(tmp_path):
    good, limit = good_files(), Image.MAX_IMAGE_PIXELS
    rng = random.Random(0)
    for name, data in good.items():
        (tmp_path / f"{name} good").write_bytes(data)
        (tmp_path / f"{name} bad").write_bytes(mutated(data, rng))
    paths = sorted(tmp_path.iterdir())
    expected, found = {path: error_of(path) for path in paths}, {}

    def load(mine):
        for path in mine:
            found[path] = error_of(path)

    threads = [threading.Thread(target=load, args=(paths[k::6],)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == expected
    assert limit == Image.MAX_IMAGE_PIXELS


DRIVER = """
import io, json, sys
from contextlib import redirect_stderr
from styler.cli import main

def peak():
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) >> 10

for command in json.load(sys.stdin):
    sys.argv, words, status = ["styler", *command], io.StringIO(), 0
    with redirect_stderr(words):
        try:
            main()
        except SystemExit as end:
            status = end.code
    said = words.getvalue()
    print(json.dumps([command, status, said]))
print(json.dumps(peak()))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc")
@pytest.mark.slow
def test_the_command_line_survives_the_nastiest_in_bounded_memory(tmp_path, picture_file):
    style, commands = picture_file("style.png"), []
    nastiest = {name: data for name, data in lying_files().items() if name.endswith("10000x10000")}
    nastiest |= {name: lying_files()[name] for name in ("tiff 8 1x100000000", "webp 65535x65535")}
    nastiest |= {name: bombs()[name] for name in ("png text", "png many texts", "tiff tile", "tiff tags", "webp lying")}
    for index, data in enumerate([*nastiest.values(), *wrong_files().values()][:32]):
        (tmp_path / f"bad{index}").write_bytes(data)
        commands.append(["transfer", str(tmp_path / f"bad{index}"), str(style), "-o", str(tmp_path / "out.png")])
    done = subprocess.run(
        [sys.executable, "-c", DRIVER], input=json.dumps(commands), capture_output=True, text=True, timeout=240
    )
    assert done.stderr == ""
    *results, peak = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(results) == len(commands)
    for command, status, said in results:
        assert status in (1, 2, 3)
        assert said.startswith("error: ")
        assert len(said.splitlines()) <= 2
        assert command[1] in said.splitlines()[0]
    assert peak < MAX_MIB
    assert not (tmp_path / "out.png").exists()


def model_files():
    """Files that are no whole model."""
    good = save({"encoder.convs.conv1_1.weight": torch.zeros(4, 3, 3, 3)}, {"format": FORMAT})
    (length,) = struct.unpack_from("<Q", good)

    def with_header(header, data=b"", claimed=None):
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        return struct.pack("<Q", len(text) if claimed is None else claimed) + text + data

    def tensor(dtype, shape, offsets):
        return with_header(
            {"__metadata__": {"format": FORMAT}, "x": {"dtype": dtype, "shape": shape, "data_offsets": offsets}}
        )

    rng = random.Random(0)
    buffer = io.BytesIO()
    torch.save({"x": torch.zeros(3)}, buffer)
    kinds = {
        "pickle": buffer.getvalue(),
        "old pickle": b"\x80\x02}q\x00X\x01\x00\x00\x00aq\x01K\x01s.",
        "header of a billion bytes": with_header({}, claimed=10**9),
        "header of all bytes": with_header({}, claimed=2**64 - 1),
        "header that is no text": with_header(b"\xff" * 50),
        "header of many brackets": with_header(b"[" * 100_000),
        "unknown type": tensor("F17", [1], [0, 4]),
        "shape too large": tensor("F32", [2**31, 2**31], [0, 4]),
        "shape that overflows": tensor("F32", [2**63, 4], [0, 0]),
        "negative shape": tensor("F32", [-1], [0, 4]),
        "offsets beyond the end": tensor("F32", [10**9], [0, 4 * 10**9]),
        "offsets backwards": tensor("F32", [1], [4, 0]),
        "integers": save({"encoder.convs.conv1_1.weight": torch.zeros(4, 3, 3, 3).long()}, {"format": FORMAT}),
        "a wrong shape": save({"encoder.convs.conv1_1.weight": torch.zeros(3)}, {"format": FORMAT}),
        "many levels": save({f"decoder.relu{k}_1.x": torch.zeros(1) for k in range(99)}, {"format": FORMAT}),
        "a picture": good_files()["png"],
    }
    kinds |= {f"wrong {index}": data for index, data in enumerate(wrong_files().values()) if index % 4 == 0}
    kinds |= {f"cut at {at}": good[:at] for at in (1, 7, 8, 9, length, length + 8, len(good) - 1)}
    return kinds | {f"mutation {index}": mutated(good, rng) for index in range(30)}


MODELS = model_files()


@pytest.mark.parametrize("data", MODELS.values(), ids=MODELS)
def test_a_broken_model_is_refused_by_name(tmp_path, data):
    check_refused(load_model, tmp_path / "a.safetensors", data)


def test_a_shipped_model_with_changed_bytes_loads_or_is_refused_by_name(tiny_file, tmp_path):
    rng, data, path = random.Random(0), tiny_file.read_bytes(), tmp_path / "b.safetensors"
    for _ in range(60):
        path.write_bytes(mutated(data, rng))
        try:
            load_model(path)
        except StylerError as error:
            check_error(error, path)
