import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from styler.errors import StylerError
from styler.model.device import DTYPES, auto_dtype, exact_float32, find_device, find_dtype


def test_auto_finds_a_device_that_works():
    device = find_device("auto")
    assert torch.ones(1, device=device).item() == 1


@pytest.mark.parametrize("name", ["cuda:99", "tpu", "", "cpu:7", "cuda:x", "meta"])
def test_a_device_that_is_not_there_is_an_error(name):
    with pytest.raises(StylerError, match="no device"):
        find_device(name)


def test_precisions_are_found_by_name():
    cpu = torch.device("cpu")
    assert all(find_dtype(name, cpu) == dtype for name, dtype in DTYPES.items())
    assert find_dtype("auto", cpu) == auto_dtype(cpu)
    with pytest.raises(StylerError, match="no precision"):
        find_dtype("int8", cpu)


def test_half_precision_is_chosen_only_where_it_is_native(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True}, raising=False)
    assert auto_dtype(torch.device("cpu")) == torch.float32
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True}, raising=False)
    assert auto_dtype(torch.device("cpu")) == torch.bfloat16
    assert auto_dtype(torch.device("cuda")) == torch.float16


def test_float32_is_exact_on_cuda_in_the_block_and_as_it_was_after_the_last_thread_left():
    conv = torch.backends.cudnn.conv
    before, inside = conv.fp32_precision, threading.Barrier(2)

    def nested() -> str:
        with exact_float32(torch.device("cuda")):
            inside.wait()
            inside.wait()  # the other one has left
            return conv.fp32_precision

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(nested)
        with exact_float32(torch.device("cuda")):
            inside.wait()
            assert conv.fp32_precision == "ieee"
        inside.wait()
        assert other.result() == "ieee"
    assert conv.fp32_precision == before
    with exact_float32(torch.device("cpu")):
        assert conv.fp32_precision == before
