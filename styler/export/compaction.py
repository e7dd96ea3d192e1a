"""ONNX models without what only their exporter needs: two thirds of the bytes of the graphs of `small`.

Computed values stay the same to the last bit: constants are only stored in another way, and runtimes unfold them when
they load a model.
"""

import numpy as np
from onnx import GraphProto, ModelProto, TensorProto, helper, numpy_helper

WORTHWHILE = 64
"""Numbers from which a constant is worth a node that restores it."""


def compact(model: ModelProto) -> None:
    """Make a model smaller in place."""
    graph = model.graph
    strip_notes(graph)
    share_constants(graph)
    restored = [node for tensor in list(graph.initializer) for node in stored_in_half(graph, tensor)]
    nodes = [*restored, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    share_constants(graph)


def strip_notes(graph: GraphProto) -> None:
    """Remove stack traces, names of nodes and the types of inner values, which follow from the inputs."""
    del graph.value_info[:], graph.metadata_props[:]
    for node in graph.node:
        del node.metadata_props[:]
        node.name = node.doc_string = ""
    for tensor in graph.initializer:
        tensor.doc_string = ""


def share_constants(graph: GraphProto) -> None:
    """Keep one of each group of equal constants."""
    first: dict[tuple, str] = {}
    renamed, kept = {}, []
    for tensor in graph.initializer:
        key = (tensor.data_type, tuple(tensor.dims), numpy_helper.to_array(tensor).tobytes())
        renamed[tensor.name] = first.setdefault(key, tensor.name)
        if first[key] == tensor.name:
            kept.append(tensor)
    del graph.initializer[:]
    graph.initializer.extend(kept)
    for node in graph.node:
        for index, name in enumerate(node.input):
            node.input[index] = renamed.get(name, name)


def stored_in_half(graph: GraphProto, tensor: TensorProto) -> list:
    """Store a constant in half precision if that holds it exactly, and return the nodes that restore it.

    Multiples of the identity are stored as the identity and a factor.
    """
    values = numpy_helper.to_array(tensor)
    if values.dtype != np.float32 or values.size < WORTHWHILE:
        return []
    name, factor = tensor.name, factor_of_identity(values)
    stored = values if factor is None else np.eye(values.shape[-1], dtype=np.float32)
    half = stored.astype(np.float16)
    if not np.array_equal(half.astype(np.float32), stored):
        return []
    inner = f"{name}_half"
    graph.initializer.remove(tensor)
    graph.initializer.append(numpy_helper.from_array(half, inner))
    if factor is None:
        return [helper.make_node("Cast", [inner], [name], to=TensorProto.FLOAT)]
    graph.initializer.append(numpy_helper.from_array(factor, f"{name}_factor"))
    cast = helper.make_node("Cast", [inner], [f"{name}_identity"], to=TensorProto.FLOAT)
    return [cast, helper.make_node("Mul", [f"{name}_identity", f"{name}_factor"], [name])]


def factor_of_identity(values: np.ndarray) -> np.ndarray | None:
    """Return the factor of a matrix that is a multiple of the identity, None of any other."""
    if values.ndim != 2 or values.shape[0] != values.shape[1]:
        return None
    factor = values[0, 0]
    return np.asarray(factor) if np.array_equal(values, factor * np.eye(len(values), dtype=np.float32)) else None
