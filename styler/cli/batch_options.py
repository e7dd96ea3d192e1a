"""Options of `styler batch` alone; those that other commands have too are in `styler.cli.options`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from styler.choices import OutputFormat, Pairs

WatchOption = Annotated[
    bool,
    typer.Option(
        "--watch",
        help="Keep running, and stylize new pictures in the folders and their subfolders as they come.",
        rich_help_panel="Run",
    ),
]
Engine = Literal["threads", "ray"]

PathsArgument = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="CONTENTS... STYLE",
        help="Photographs or folders of them, then a style picture or a folder of styles; "
        "or a CSV manifest with columns content,style,alpha,out. Repeatable.",
        show_default=False,
    ),
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="Output folder.", show_default=False, rich_help_panel="Output"),
]
PairsOption = Annotated[
    Pairs,
    typer.Option(
        help="Pair every content with every style (all), or pair them in order (zip).", rich_help_panel="Input"
    ),
]
RecursiveOption = Annotated[
    bool,
    typer.Option(
        "--recursive",
        "-r",
        help="Search subfolders too; the output folder gets the same tree.",
        rich_help_panel="Input",
    ),
]
NameOption = Annotated[
    str,
    typer.Option(
        help="Pattern of output names; also {content_type}, {style_type}, {style_folder}, {alpha}.",
        rich_help_panel="Output",
    ),
]
FormatOption = Annotated[OutputFormat, typer.Option(help="Output format.", rich_help_panel="Output")]
StyleOption = Annotated[
    list[Path] | None,
    typer.Option(
        help="Style picture or folder; all other paths are contents. With --mask: its style. Repeatable.",
        rich_help_panel="Style",
    ),
]
WeightsOption = Annotated[
    str | None,
    typer.Option(
        help="Mix the styles with these weights, e.g. 0.7,0.3.",
        show_default="each style alone",
        rich_help_panel="Style",
    ),
]
ReplaceOption = Annotated[
    bool,
    typer.Option("--overwrite", help="Replace existing files that would differ.", rich_help_panel="Output"),
]
VerifyOption = Annotated[
    bool,
    typer.Option(
        "--verify",
        help="Find changed results by their hashes too, not only by their sizes.",
        rich_help_panel="Run",
    ),
]
FailFastOption = Annotated[bool, typer.Option("--fail-fast", help="Stop at the first failure.", rich_help_panel="Run")]
DryRunOption = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="List the outputs and estimate time and memory; write nothing.", rich_help_panel="Run"
    ),
]
JobsOption = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        "-j",
        min=1,
        help="Reader threads, and as many writer threads.",
        show_default="cores",
        rich_help_panel="Run",
    ),
]
ShardOption = Annotated[
    str | None,
    typer.Option(
        help="Process part I/N of the pictures, from 1/N to N/N.",
        show_default="from RANK or Slurm's array, or all",
        rich_help_panel="Run",
    ),
]
MergeOption = Annotated[
    Path | None,
    typer.Option(help="Print a summary of all runs in this output folder and exit.", rich_help_panel="Run"),
]
EngineOption = Annotated[
    Engine,
    typer.Option(help="Run in this process (threads) or on a Ray cluster (ray).", rich_help_panel="Run"),
]
AddressOption = Annotated[
    str | None,
    typer.Option(help="Address of the Ray cluster.", show_default="a local one", rich_help_panel="Run"),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(min=1, help="Number of Ray actors.", show_default="one per GPU, or per core", rich_help_panel="Run"),
]
EventsAsJsonOption = Annotated[
    bool, typer.Option("--json", help="Print one line of JSON per event.", rich_help_panel="Output")
]
