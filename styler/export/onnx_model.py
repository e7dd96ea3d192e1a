"""Traced graphs as ONNX: named for people, compact, and the same bytes each time."""

import logging
from collections.abc import Mapping

import onnx
import torch

from styler.export.compaction import compact
from styler.export.programs import Program

OPSET = 18
SIZES = {2: "height", 3: "width"}
"""Names of the axes of pictures, `(1, 3, height, width)`."""


def onnx_model(program: Program, *, name: str, properties: Mapping[str, str]) -> onnx.ModelProto:
    """Return a program as an ONNX model.

    Args:
        program: The traced graph.
        name: That of the graph.
        properties: Metadata that are stored in the model.
    """
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    found = torch.onnx.export(
        program.exported,
        (),
        dynamo=True,
        opset_version=OPSET,
        input_names=program.inputs,
        output_names=program.outputs,
        verbose=False,
    )
    assert found is not None  # it is None only where a file is written
    model = found.model_proto
    compact(model)
    name_sizes(model)
    model.producer_name, model.graph.name = "styler", name
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, dict(sorted(properties.items())))
    onnx.checker.check_model(model, full_check=True)
    check_operators(model)
    return model


def check_operators(model: onnx.ModelProto) -> None:
    """Raise a ValueError unless a model needs the standard operators of one opset alone."""
    domains = {entry.domain: entry.version for entry in model.opset_import}
    strange = {f"{node.domain}.{node.op_type}" for node in model.graph.node if not is_standard(node)}
    if domains != {"": OPSET} or strange or model.functions:
        raise ValueError(f"expected operators of opset {OPSET}, got {domains}, {sorted(strange)}")


def is_standard(node: onnx.NodeProto) -> bool:
    """Return whether a node is an operator of the opset."""
    return node.domain == "" and onnx.defs.has(node.op_type, max_inclusive_version=OPSET)


def name_sizes(model: onnx.ModelProto) -> None:
    """Give the variable axes of inputs and outputs names."""
    for value in (*model.graph.input, *model.graph.output):
        for axis, size in enumerate(value.type.tensor_type.shape.dim):
            if size.HasField("dim_param"):
                size.dim_param = SIZES.get(axis, "masks" if value.name == "masks" else "styles")
