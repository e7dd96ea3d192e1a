"""Sessions of onnxruntime, with the optimized graph kept beside the exported one. Does not import torch."""

import hashlib
import os
import platform
import secrets
from importlib import import_module
from pathlib import Path

import onnxruntime

from styler.errors import StylerError

CPU_FACTS = Path("/proc/cpuinfo")
ERRORS = import_module("onnxruntime.capi.onnxruntime_pybind11_state")
UNREADABLE = (ERRORS.Fail, ERRORS.InvalidArgument, ERRORS.InvalidGraph, ERRORS.InvalidProtobuf, ERRORS.NoSuchFile)
QUIET = 3
"""Errors only: of an optimized graph that is saved onnxruntime warns that it is for this processor."""


def load_session(graph: Path) -> onnxruntime.InferenceSession:
    """Return a session for a graph on the processor; it loads in half the time from the second on.

    Raises:
        StylerError: If the graph can't be read.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = QUIET
    # Waiting threads leave the cores to other processes.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    known = graph.with_name(f"{graph.stem}-{machine_key()}.onnx")
    if known.is_file():
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        return opened(known, options)
    if not os.access(graph.parent, os.W_OK):
        return opened(graph, options)
    fresh = known.with_name(f".{secrets.token_hex(8)}.onnx")
    options.optimized_model_filepath = str(fresh)
    session = opened(graph, options)
    os.replace(fresh, known)  # noqa: PTH105  whole or not at all, and over one that another process wrote
    return session


def opened(graph: Path, options: onnxruntime.SessionOptions) -> onnxruntime.InferenceSession:
    """Return a session for exactly this file.

    Raises:
        StylerError: If it can't be read.
    """
    try:
        return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    except UNREADABLE as error:
        todo = f"delete its folder and export it again: {graph.parent}"
        raise StylerError(f"can't read {graph}: {str(error).splitlines()[0]}", todo) from error


def machine_key() -> str:
    """Return what an optimized graph depends on, as few digits: version of onnxruntime, and kind of processor."""
    lines = CPU_FACTS.read_text().splitlines() if CPU_FACTS.is_file() else []
    processor = next((line for line in lines if line.startswith("flags")), platform.processor())
    text = f"{onnxruntime.__version__} {platform.machine()} {processor}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]
