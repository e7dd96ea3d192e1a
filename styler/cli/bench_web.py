"""`styler bench web`: load on the server of `styler web`."""

import io
import json
from pathlib import Path
from typing import Annotated

import typer

from styler.cli.console import stdout
from styler.cli.help_pages import examples
from styler.cli.options import DeviceOption, DTypeOption, ModelOption

LOST = 1
"""Exit status if a request was lost."""

EXAMPLES = examples("styler bench web photo.jpg", "styler bench web photo.jpg --requests 20 --clients 4 --size 256")


def bench_web(
    content: Annotated[Path, typer.Argument(help="Photograph.", show_default=False)],
    style: Annotated[str, typer.Option(help="Name of a built-in style.", rich_help_panel="Style")] = "great-wave",
    size: Annotated[
        int, typer.Option(min=1, help="Longer side of the photograph, in pixels.", rich_help_panel="Size")
    ] = 512,
    requests: Annotated[int, typer.Option(min=1, help="Number of requests.", rich_help_panel="Measurement")] = 200,
    clients: Annotated[
        int, typer.Option(min=1, max=1000, help="Clients at a time.", rich_help_panel="Measurement")
    ] = 32,
    model: ModelOption = "auto",
    device: DeviceOption = "auto",
    dtype: DTypeOption = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON.", rich_help_panel="Output")] = False,
) -> None:
    """Send many requests at once to a new server on this machine, and print latency, memory and losses."""
    from styler.benchmarks.web_load import measured_load, running_server
    from styler.images import Picture
    from styler.model.style_catalog import builtin_style

    builtin_style(style)
    picture = io.BytesIO()
    Picture.open(content).resized(size).save(picture, format="png", metadata="strip")
    with running_server("--model", model, "--device", device, "--dtype", dtype) as (port, pid):
        measured_load(port, pid, picture.getvalue(), style, requests=1, clients=1)
        load = measured_load(port, pid, picture.getvalue(), style, requests=requests, clients=clients)
    found = {
        "requests": requests,
        "clients": clients,
        "done": len(load.seconds),
        "lost": len(load.lost),
        "refused": load.num_refused,
        "p50": round(load.percentile(50), 3),
        "p95": round(load.percentile(95), 3),
        "per_second": round(len(load.seconds) / load.total, 2),
        "peak_mib": load.peak_bytes >> 20,
    }
    if as_json:
        typer.echo(json.dumps(found))
    else:
        stdout.print(
            f"{found['done']} of {requests} requests from {clients} clients done, {found['lost']} lost, "
            f"{found['refused']} times the queue was full\n"
            f"latency p50 {found['p50']:.2f} s, p95 {found['p95']:.2f} s; {found['per_second']} pictures/s; "
            f"server's peak {found['peak_mib']} MiB",
            highlight=False,
        )
    if load.lost:
        stdout.print(f"lost: {', '.join(sorted(set(load.lost)))}", highlight=False)
        raise typer.Exit(LOST)
