"""The graphs traced by torch.export, with the names and the sizes that their users see."""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from styler.export.graphs import StyleGraph, TransferGraph, levels_of, moment_names
from styler.model.vgg import block
from styler.model.weights import Model

MAX_SIDE = 2**15
"""Longest side of a picture, in pixels."""

EXAMPLE = (203, 157)
"""Height and width of the picture that is traced: no multiples of eight, so that nothing is taken for fixed."""


class Program(NamedTuple):
    """A traced graph, and the names of its inputs and outputs."""

    exported: ExportedProgram
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def programs_of(model: Model, *, half: bool = False) -> dict[str, Program]:
    """Return the graphs "style" and "transfer" of a model.

    Args:
        model: It is copied.
        half: Whether the networks compute in half precision; moments and roots are in float32 in any case.
    """
    copy = model.copy()
    copy = copy.to(torch.device("cpu"), torch.float16) if half else copy
    levels = levels_of(copy)
    names = moment_names(levels)
    given = (torch.ones(len(levels)), torch.zeros(1), *example_moments(copy))
    style, transfer = traced(StyleGraph(copy.encoder, levels)), traced(TransferGraph(copy), *given)
    return {
        "style": Program(style, ("picture",), (*names, "roughness")),
        "transfer": Program(transfer, ("content", "strength", "roughness", *names), ("stylized",)),
    }


def example_moments(model: Model) -> list[Tensor]:
    """Return moments of the right sizes, in the order of `moment_names`."""
    widths = [model.encoder.widths[block(level)] for level in levels_of(model)]
    return [x for width in widths for x in (torch.zeros(1, width), torch.eye(width)[None])]


def traced(graph: nn.Module, *others: Tensor) -> ExportedProgram:
    """Return the trace of a graph that takes a picture of any size, and other tensors of one."""
    sides: dict[int, Dim] = {2: Dim("height", min=1, max=MAX_SIDE), 3: Dim("width", min=1, max=MAX_SIDE)}
    arguments = (torch.rand(1, 3, *EXAMPLE), *others)
    # One entry for each parameter of `forward`: those that collect arguments take a tuple.
    strength_roughness, moments = others[:2], others[2:]
    shapes = (sides, *({} for _ in strength_roughness), *([tuple({} for _ in moments)] if moments else []))
    with torch.no_grad():
        return torch.export.export(graph.eval(), arguments, dynamic_shapes=shapes, strict=False)
