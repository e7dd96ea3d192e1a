"""The graphs traced by torch.export, with the names and the sizes that their users see."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram

from styler.export.graphs import MaskedTransferGraph, StyleGraph, TransferGraph, moment_names
from styler.model.vgg import block
from styler.model.weights import Model

MAX_SIDE = 2**15
"""Longest side of a picture, in pixels."""

MAX_MASKS = 255

HEIGHT, WIDTH = (Dim(name, min=1, max=MAX_SIDE) for name in ("height", "width"))
PICTURE = {2: HEIGHT, 3: WIDTH}
MASKS = Dim("masks", min=1, max=MAX_MASKS)
STYLES = MASKS + 1
"""One for each mask, and the one that goes elsewhere."""

EXAMPLE, EXAMPLE_MASKS = (203, 157), 2
"""Height and width of the picture that is traced, and number of masks: no multiples of eight, so that nothing is taken
for fixed."""

MASKED = "transfer-masks"
"""Name of the graph that takes masks."""


class Program(NamedTuple):
    """A traced graph, and the names of its inputs and outputs."""

    exported: ExportedProgram
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def programs_of(model: Model, *, half: bool = False, masks: bool = False) -> dict[str, Program]:
    """Return the graphs "style" and "transfer" of a model, and "transfer-masks" if it is wanted.

    Args:
        model: It is copied.
        half: Whether the networks compute in half precision; moments and roots are in float32 in any case.
        masks: Whether to add the graph that takes masks.
    """
    copy = model.copy()
    copy = copy.to(torch.device("cpu"), torch.float16) if half else copy
    levels = copy.levels
    names = moment_names(levels)
    programs = {
        "style": Program(style_program(StyleGraph(copy.encoder, levels)), ("picture",), (*names, "roughness")),
        "transfer": Program(
            transfer_program(TransferGraph(copy)), ("content", "strength", "roughness", *names), ("stylized",)
        ),
    }
    if masks:
        inputs = ("content", "masks", "strength", "roughness", *names)
        programs[MASKED] = Program(masked_program(MaskedTransferGraph(copy)), inputs, ("stylized",))
    return programs


def style_program(graph: StyleGraph) -> ExportedProgram:
    """Return the trace of a style graph, for any size of picture."""
    return traced(graph, [torch.rand(1, 3, *EXAMPLE)], (PICTURE,))


def transfer_program(graph: TransferGraph) -> ExportedProgram:
    """Return the trace of a transfer graph, for any size of picture."""
    moments = example_moments(graph)
    arguments = [torch.rand(1, 3, *EXAMPLE), torch.ones(len(graph.levels)), torch.zeros(1), *moments]
    return traced(graph, arguments, (PICTURE, {}, {}, tuple({} for _ in moments)))


def masked_program(graph: MaskedTransferGraph) -> ExportedProgram:
    """Return the trace of a transfer graph with masks, for any size of picture and number of masks."""
    count = EXAMPLE_MASKS + 1
    moments = example_moments(graph, count=count)
    pictures = [torch.rand(1, 3, *EXAMPLE), torch.rand(EXAMPLE_MASKS, 1, *EXAMPLE)]
    arguments = [*pictures, torch.ones(len(graph.levels)), torch.zeros(count), *moments]
    return traced(
        graph, arguments, (PICTURE, {0: MASKS, **PICTURE}, {}, {0: STYLES}, tuple({0: STYLES} for _ in moments))
    )


def example_moments(graph: TransferGraph, *, count: int = 1) -> list[Tensor]:
    """Return moments of `count` styles, of the right sizes, in the order of `moment_names`."""
    widths = [graph.encoder.widths[block(level)] for level in graph.levels]
    return [x for width in widths for x in (torch.zeros(count, width), torch.eye(width).repeat(count, 1, 1))]


def traced(graph: nn.Module, arguments: Sequence[Tensor], dynamic_shapes: tuple[Any, ...]) -> ExportedProgram:
    """Return the trace of a graph.

    Args:
        graph: The module.
        arguments: Examples.
        dynamic_shapes: The variable axes of each parameter of `forward`; a tuple for one that collects arguments.
    """
    with torch.no_grad():
        return torch.export.export(graph.eval(), tuple(arguments), dynamic_shapes=dynamic_shapes, strict=False)
