"""`styler models`: shipped models and model files."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from styler.cli.console import stdout
from styler.cli.help_pages import HelpGroup, HelpPage, examples, make_app
from styler.errors import StylerError

app = make_app(
    cls=HelpGroup,
    no_args_is_help=True,
    help="List, show and verify models.",
    epilog=examples("styler models list", "styler models show small"),
)

NameOrFile = Annotated[
    str,
    typer.Argument(metavar="NAME|FILE", help="Name of a shipped model, or a .safetensors file.", show_default=False),
]


@app.command("list", cls=HelpPage, epilog=examples("styler models list", "styler models list --json"))
def list_models(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one line of JSON per model.", rich_help_panel="Output")
    ] = False,
) -> None:
    """List the shipped models, and which one --model auto chooses on this machine."""
    from rich.table import Table

    from styler.model.catalog import AUTO, model_facts, shipped_models
    from styler.model.device import find_device

    device = find_device().type
    table = Table("name", "widths", "parameters", "MB", "levels", f"auto on {device}")
    for facts in map(model_facts, shipped_models()):
        is_auto = facts.name == AUTO[device]
        if as_json:
            typer.echo(json.dumps(asdict(facts) | {"path": str(facts.path), "auto": is_auto}))
        size = f"{facts.num_parameters:,}", f"{facts.num_bytes / 1e6:.2f}"
        table.add_row(facts.name, joined(facts.widths), *size, joined(facts.levels), "yes" if is_auto else "")
    if not as_json:
        stdout.print(table)


@app.command(cls=HelpPage, epilog=examples("styler models show small", "styler models show mine.safetensors"))
def show(model: NameOrFile) -> None:
    """Print the model card: how the model was trained and its quality. Without a card, print the facts of the file."""
    from styler.files import sha256
    from styler.model.catalog import find_model, model_facts

    path = find_model(model)
    card = path.with_suffix(".md")
    if card.is_file():
        show_card(card)
        return
    facts = model_facts(path)
    rows = {
        "widths": joined(facts.widths),
        "levels": joined(facts.levels) or "none",
        "parameters": f"{facts.num_parameters:,}",
        "bytes": f"{facts.num_bytes:,}",
        "SHA-256": sha256(path),
    }
    stdout.print(f"{path}: no model card", highlight=False)
    for name, value in rows.items():
        stdout.print(f"  {name:10} {value}", highlight=False)


def show_card(path: Path) -> None:
    """Print a model card: formatted on a terminal, as plain Markdown to a pipe."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise StylerError(f"can't read {path}: {error.strerror}", "check the permissions") from error
    if not stdout.is_terminal:
        typer.echo(text, nl=False)
        return
    from rich.markdown import Markdown

    stdout.print(Markdown(text), soft_wrap=False)


@app.command(cls=HelpPage, epilog=examples("styler models verify", "styler models verify base mine.safetensors"))
def verify(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME|FILE...",
            help="Names of shipped models, or .safetensors files. Repeatable.",
            show_default="all shipped models",
        ),
    ] = None,
) -> None:
    """Check that models are complete, finite and work here, and that shipped ones are unchanged (SHA-256)."""
    from styler.model.catalog import find_model, models_folder, shipped_models, shipped_sha256
    from styler.transfer.verification import verified

    shipped = {*shipped_models(), *(models_folder() / name for name in shipped_sha256())}
    for path in map(find_model, models) if models else sorted(shipped):
        found = verified(path)
        works = f"works on {found.device} in {found.dtype}"
        if found.is_shipped:
            text = f"{found.name}: unchanged since shipping, {works}; SHA-256 {found.sha256}"
        else:
            text = f"{path}: complete, {works}; SHA-256 not checked, because it is not a shipped model"
        stdout.print(text, highlight=False)


@app.command(cls=HelpPage, epilog=examples("styler models path small", "styler models path base"))
def path(model: NameOrFile) -> None:
    """Print the path of a model file."""
    from styler.model.catalog import find_model

    typer.echo(find_model(model))


def joined(values: tuple[object, ...]) -> str:
    """Return the values, separated by spaces."""
    return " ".join(map(str, values))
