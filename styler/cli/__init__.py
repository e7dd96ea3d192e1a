"""The command line: one file a command. Only this package prints, and sets the exit status."""

import os
import sys

import typer

import styler
from styler.cli.help_pages import LazyGroup, examples
from styler.cli.plain_output import escape_unencodable_output, plain_warnings
from styler.errors import StylerError
from styler.files import write_error
from styler.process import reduce_thread_spinning

COMMANDS = {
    "transfer": ("styler.cli.transfer", "Stylize a photograph with one or more style pictures."),
    "photo": ("styler.cli.photo", "Give a photograph the colors of a style; edges and texture stay."),
    "batch": ("styler.cli.batch", "Stylize many photographs with many styles."),
    "video": ("styler.cli.video", "Stylize a video with one or more style pictures, steadily and with its sound."),
    "webcam": ("styler.cli.webcam", "Show the camera in a style, live; press q in the window to quit."),
    "replay": ("styler.cli.replay", "Recreate a picture from the settings stored in it."),
    "style": ("styler.cli.style_files", "Save, show and mix styles as files."),
    "styles": ("styler.cli.styles", "List and show the built-in styles."),
    "web": ("styler.cli.web", "Open a page in the browser, and serve an HTTP API."),
    "export": ("styler.cli.export", "Write the transfer as portable graphs, ONNX or torch.export."),
    "models": ("styler.cli.models", "List, show and verify models."),
    "train": ("styler.cli.train", "Train a model: first its encoder, then its decoders."),
    "bench": ("styler.cli.bench", "Measure speed, memory and quality on this machine."),
}
"""Module and help line of each command; the module is imported when the command is run."""


class StylerGroup(LazyGroup):
    """All commands."""

    modules = {name: module for name, (module, _) in COMMANDS.items()}  # noqa: RUF012  declared in LazyGroup


app = typer.Typer(
    cls=StylerGroup,
    help="Give any photograph the style of any picture.",
    epilog=examples("styler transfer photo.jpg painting.jpg", "styler batch photos painting.jpg --out results"),
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def placeholder() -> None:
    """Stand for a command in the list of commands, until it is imported."""


for name, (_, help_line) in COMMANDS.items():
    app.command(name, help=help_line)(placeholder)


def print_version(wanted: bool) -> None:
    """Print the version and exit."""
    if wanted:
        typer.echo(f"styler {styler.__version__}")
        raise typer.Exit


@app.callback()
def set_up(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", callback=print_version, is_eager=True, help="Print the version."),
) -> None:
    """Prepare the process before a command is imported."""
    if context.invoked_subcommand != "bench":  # benchmarks measure the default, or reduce the spinning themselves
        reduce_thread_spinning()


def main() -> None:
    """Run the command line.

    Exit status: 0 done, 1 the run failed, 2 wrong usage, 3 some pictures of a batch failed, 130 interrupted.
    """
    escape_unencodable_output()
    try:
        with plain_warnings():
            app()
    except (StylerError, RuntimeError, MemoryError, OSError) as error:
        shown = known_error(error)
        if shown is None or os.environ.get("STYLER_DEBUG") == "1":
            raise
        sys.stderr.write(f"error: {shown}\n")
        sys.exit(1)


def known_error(error: BaseException) -> StylerError | None:
    """Return the error as one that the user can fix, or None."""
    if isinstance(error, StylerError):
        return error
    if isinstance(error, OSError):  # what concerns a file has been caught where it was read or written
        return write_error("standard output", error) if error.filename is None else None
    from styler.transfer.memory import is_out_of_memory

    if is_out_of_memory(error):
        return StylerError("out of memory", "choose a smaller --size or --max-memory")
    return None
