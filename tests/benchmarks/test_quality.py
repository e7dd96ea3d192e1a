import sys

import pytest
import torch
from samples import picture

from styler.benchmarks.quality.fidelity import fidelity_of
from styler.benchmarks.quality.judges import Judge, load_judge
from styler.benchmarks.quality.pairs import all_pairs, held_out_pictures, write_squares
from styler.benchmarks.quality.rows import CONTENT, STYLE, quality_rows
from styler.benchmarks.quality.samples import one_pair_per_content, sample_sheet
from styler.benchmarks.quality.tools import Cost, OtherTool, OurModel, run_tools, tool_folder
from styler.choices import LEVELS
from styler.errors import StylerError
from styler.images import Picture
from styler.images.saving import save_image
from styler.model.encoder import Encoder

COPY = (
    f'{sys.executable} -c "import shutil, sys; shutil.copy(*sys.argv[1:3]); print(*sys.argv[3:])" {{content}} {{out}}'
)


@pytest.fixture
def folders(tmp_path):
    """Return two folders of pictures and one for results."""
    for name in ("photos", "paintings"):
        (tmp_path / name).mkdir()
        for seed in range(2):
            save_image(picture(40, 56, seed=seed + len(name)), tmp_path / name / f"{seed}.png")
    return tmp_path / "photos", tmp_path / "paintings", tmp_path / "out"


@pytest.fixture
def pairs(folders):
    photos, paintings, out = folders
    return all_pairs(
        write_squares(held_out_pictures(photos, 2), out / "photos", 32),
        write_squares(held_out_pictures(paintings, 2), out / "paintings", 32),
    )


@pytest.fixture
def judge():
    encoder = Encoder((4, 6, 8, 10)).requires_grad_(False)
    return Judge("random", lambda image: [encoder.pyramid(image)[level] for level in reversed(LEVELS)])


def test_pairs_are_squares_of_every_content_in_every_style(pairs):
    assert len(pairs) == len({pair.name for pair in pairs}) == 4
    assert {tuple(Picture.open(pair.content).samples.shape) for pair in pairs} == {(1, 3, 32, 32)}
    assert [(x.content.stem[0], x.style.stem[0]) for x in one_pair_per_content(pairs)] == [("0", "0"), ("1", "1")]


def test_squares_of_pictures_with_the_same_name_have_different_names(folders, pairs):
    photos, _, out = folders
    assert not {pair.content for pair in pairs} & {pair.style for pair in pairs}  # 0.png and 1.png in both folders
    larger = write_squares(held_out_pictures(photos, 2), out / "squares", 48)
    assert not {pair.content for pair in pairs} & set(larger)
    assert Picture.open(pairs[0].content).samples.shape[-1] == 32


def test_controls_are_first_and_a_copying_tool_scores_like_the_content(pairs, judge, folders):
    tools = [OtherTool("copy", COPY)]
    costs = list(run_tools(tools, pairs, folders[2]))
    content, style, copied = quality_rows(judge, pairs, tools, costs, folders[2])
    assert costs == [None]
    assert (content.name, content.content_left, content.style_left) == (CONTENT, 0, 1)
    assert (style.name, style.content_left) == (STYLE, 1)
    assert style.style_left == pytest.approx(0, abs=1e-5)
    assert (copied.content_left, copied.style_left, copied.ssim) == (0, 1, pytest.approx(1, abs=1e-6))


@pytest.mark.slow
def test_a_model_is_measured_in_a_process_of_its_own(pairs, judge, folders, tiny_file):
    tools = [OurModel(str(tiny_file))]
    (cost,) = run_tools(tools, pairs, folders[2])
    assert cost.seconds > 0
    assert cost.peak_mib > 50
    *_, row = quality_rows(judge, pairs, tools, [cost], folders[2])
    assert row.content_left > 0
    sheet = sample_sheet(pairs, tools, folders[2], size=16)
    assert sheet.samples.dtype == torch.uint8
    assert sheet.samples.shape[1] == 3


def test_existing_results_of_another_tool_are_reused_with_their_cost(pairs, folders):
    tool = OtherTool("copy", COPY + """ '{{"seconds": [3, 1, 2], "peak_mib": 7}}'""")
    assert list(run_tools([tool], pairs, folders[2])) == [Cost(2, 7)]
    place = tool_folder(tool, folders[2])
    before = {path: path.stat().st_mtime_ns for path in place.iterdir()}
    assert list(run_tools([tool], pairs, folders[2])) == [Cost(2, 7)]
    assert before == {path: path.stat().st_mtime_ns for path in place.iterdir()}


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (f"{sys.executable} -c \"raise SystemExit('no such weights')\" {{out}}", "no such weights"),
        (f"{sys.executable} -c pass {{out}}", "status 0, no picture"),
        ("no-such-tool {out}", "can't run no-such-tool"),
    ],
)
def test_a_tool_that_fails_is_named_with_its_reason(pairs, folders, command, reason):
    with pytest.raises(StylerError, match=reason):
        list(run_tools([OtherTool("broken", command)], pairs, folders[2]))


def test_fidelity_has_each_level_and_the_rounding_of_half_precision(pairs, tiny_file):
    found = fidelity_of(str(tiny_file), pairs)
    assert list(found.psnr) == list(LEVELS)
    assert all(0 < value < 30 for value in found.psnr.values())
    assert 0 <= found.rounding < 20
    assert (found.rounding == 0) == (found.dtype == "float32")


def test_an_invalid_judge_is_refused(tmp_path):
    (tmp_path / "broken.pt2").write_bytes(b"no program")
    for source in (tmp_path / "broken.pt2", tmp_path / "missing.pt2", tmp_path / "missing.safetensors"):
        with pytest.raises(StylerError, match=source.name):
            load_judge(str(source))
