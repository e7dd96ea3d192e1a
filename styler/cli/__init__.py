"""The command line: one file a command. Only here is anything printed or an exit status set."""

import os
import sys

import typer

import styler
from styler.cli import bench, models, style_files, train
from styler.cli.batch import batch
from styler.cli.replay import replay
from styler.cli.transfer import transfer
from styler.errors import StylerError
from styler.process import reduce_thread_spinning

app = typer.Typer(
    help="Give any photograph the style of any picture.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(transfer)
app.command()(batch)
app.command()(replay)
app.add_typer(style_files.app, name="style")
app.add_typer(models.app, name="models")
app.add_typer(train.app, name="train")
app.add_typer(bench.app, name="bench")


def print_version(wanted: bool) -> None:
    """Print the version and end."""
    if wanted:
        typer.echo(f"styler {styler.__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    version: bool = typer.Option(False, "--version", callback=print_version, is_eager=True, help="Print the version."),
) -> None:
    """Take the options that stand before the command."""
    if context.invoked_subcommand != "bench":  # which measures what others' programs will see, or says so itself
        reduce_thread_spinning()


def main() -> None:
    """Run the command line: exit 0 done, 1 the run failed, 2 wrong usage, 3 some of a batch failed, 130 interrupted."""
    try:
        app()
    except StylerError as error:
        if os.environ.get("STYLER_DEBUG") == "1":
            raise
        sys.stderr.write(f"error: {error}\n")
        sys.exit(1)
