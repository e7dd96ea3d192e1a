"""`styler models`: the models that come with styler, and files that others have trained."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from styler.cli.console import stdout
from styler.errors import StylerError

app = typer.Typer(no_args_is_help=True, help="List the shipped models, look at them, verify them.")

NameOrFile = Annotated[
    str, typer.Argument(metavar="NAME|FILE", help="A shipped model, or a .safetensors file.", show_default=False)
]


@app.command("list")
def list_models(
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON a model instead.")] = False,
) -> None:
    """List the shipped models, and which of them --model auto takes on this machine."""
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


@app.command()
def show(model: NameOrFile) -> None:
    """Print a model's card: how it was made and how good it is. Of a file without one, what can be read from it."""
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
    stdout.print(f"{path}: no card lies beside it", highlight=False)
    for name, value in rows.items():
        stdout.print(f"  {name:10} {value}", highlight=False)


def show_card(path: Path) -> None:
    """Print a card: laid out on a terminal, as it is for a pipe."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise StylerError(f"can't read {path}: {error.strerror}", "check who may read it") from error
    if not stdout.is_terminal:
        typer.echo(text, nl=False)
        return
    from rich.markdown import Markdown

    stdout.print(Markdown(text), soft_wrap=False)


@app.command()
def verify(
    models: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME|FILE", help="Which models.", show_default="all that are shipped"),
    ] = None,
) -> None:
    """Check that models are whole, as they were shipped (by SHA-256), finite, and make a picture on this machine."""
    from styler.model.catalog import find_model, models_folder, shipped_models, shipped_sha256
    from styler.transfer.verification import verified

    shipped = {*shipped_models(), *(models_folder() / name for name in shipped_sha256())}
    for path in map(find_model, models) if models else sorted(shipped):
        found = verified(path)
        works = f"and works on {found.device} in {found.dtype}"
        if found.is_shipped:
            words = f"{found.name}: as shipped, {works}; SHA-256 {found.sha256}"
        else:
            words = f"{path}: whole, {works}; no SHA-256 to check it by, since it is no shipped model"
        stdout.print(words, highlight=False)


@app.command()
def path(model: NameOrFile) -> None:
    """Print where a model's file is, and nothing else."""
    from styler.model.catalog import find_model

    typer.echo(find_model(model))


def joined(values: tuple[object, ...]) -> str:
    """Return the values, a space between them."""
    return " ".join(map(str, values))
