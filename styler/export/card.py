"""The card that lies beside exported graphs: what they are, their terms, and how to feed them."""

from collections.abc import Mapping
from pathlib import Path

TEMPLATE = """# {model}, exported by styler {version}

The universal style transfer of styler as graphs, {format}, networks in {dtype}, roots in float32.

- Licence: {licence}
- Model: `{model}`, SHA-256 `{model_sha256}`
- Encoder: `{encoder}`; a `.style` file fits if its metadata say the same

| graph | input | shape | meaning |
|---|---|---|---|
| style | `picture` | (1, 3, height, width) | the style picture, RGB, float32 in [0, 1], any size |
| transfer | `content` | (1, 3, height, width) | the photograph, likewise |
| transfer | `strength` | ({num_levels}) | by level ({levels}), 0 to 1; negative leaves a level out |
| transfer | `roughness` | (1) | an output of the style graph; 0 adds no noise to flat parts |
| transfer | {moments} | (1, C), (1, C, C) | mean and covariance: outputs of the style graph |
{masks}
The output `stylized` has the size of the content, in [0, 1]. Several styles mix by their moments: with shares that sum
to 1, the mean is the mean of the means, the covariance the mean of covariance + (mean − common mean)(…)ᵀ, and the
roughness the mean.

SHA-256 of the files:

{hashes}
"""

MASKS = """
The graph transfer-masks takes `masks` (masks, 1, height, width), too, 0 to 1, and `roughness` and moments of as many
styles and one more along their first axis: the first style goes where no mask is white, each other to its mask.
"""


def card_text(facts: Mapping[str, str], levels: tuple[str, ...], hashes: Mapping[str, str]) -> str:
    """Return the card in Markdown.

    Args:
        facts: The metadata of the graphs, see `styler.export.writing.facts_of`.
        levels: Coarse to fine.
        hashes: SHA-256 by file name.
    """
    return TEMPLATE.format(
        **facts,
        num_levels=len(levels),
        levels=", ".join(levels),
        moments=", ".join(f"`{level}.mean`, `{level}.covariance`" for level in levels),
        masks=MASKS if "transfer-masks" in {Path(name).stem for name in hashes} else "",
        hashes="\n".join(f"    {digits}  {name}" for name, digits in hashes.items()),
    )
