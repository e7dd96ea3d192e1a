"""`styler web`: the page and the HTTP API."""

import secrets
import threading
import webbrowser
from contextlib import ExitStack
from importlib.util import find_spec
from typing import Annotated, Any

import typer

from styler.cli.batch_options import AddressOption, EngineOption
from styler.cli.console import message_console
from styler.cli.help_pages import HelpPage, examples, make_app
from styler.cli.options import DeviceOption, DTypeOption, ModelOption, QuietOption
from styler.errors import StylerError
from styler.process import garbage_collection_paused
from styler.web.listening import bound_socket, is_loopback

app = make_app()

PACKAGES = ("fastapi", "uvicorn", "python_multipart")
"""Of the extra styler[web]."""

EXAMPLES = examples("styler web", "styler web --host 0.0.0.0 --port 8000 --no-browser")


@app.command(cls=HelpPage, epilog=EXAMPLES)
def web(
    host: Annotated[
        str, typer.Option(help="Address to listen on; any but this machine's own needs a token.", rich_help_panel="Run")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.", rich_help_panel="Run")
    ] = 7860,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Do not open the page in the browser.", rich_help_panel="Run")
    ] = False,
    token: Annotated[
        str | None,
        typer.Option(
            help="Token that requests must bear; the page is opened with it.",
            show_default="none on this machine's own address, else a random one",
            rich_help_panel="Run",
        ),
    ] = None,
    workers: Annotated[
        int,
        typer.Option(
            min=1,
            max=64,
            help="Pictures made at a time; on GPUs, worker N uses GPU N; with Ray, the number of replicas.",
            rich_help_panel="Run",
        ),
    ] = 1,
    engine: EngineOption = "threads",
    address: AddressOption = None,
    model: ModelOption = "auto",
    device: DeviceOption = "auto",
    dtype: DTypeOption = "auto",
    quiet: QuietOption = False,
) -> None:
    """Open a page in the browser, and serve an HTTP API."""
    missing = next((name for name in PACKAGES if find_spec(name) is None), None)
    if missing is not None:
        raise StylerError(f"styler web needs {missing}", 'install it: pip install "styler[web]"')
    if token is not None and not (token.isascii() and token.isprintable() and len(token) >= 8):
        raise typer.BadParameter("--token: expected at least 8 printable ASCII characters")
    if token is None and not is_loopback(host):
        token = secrets.token_urlsafe(18)
    if address is not None and engine != "ray":
        raise typer.BadParameter("--address is for --engine ray")
    from styler.model.catalog import find_model

    find_model(model)  # an unknown one is an error before anything is opened
    bound = bound_socket(host, port)
    console = message_console(quiet=quiet)
    shown = f"[{host}]" if ":" in host and not host.startswith("[") else host
    page = f"http://{shown}:{bound.getsockname()[1]}/" + (f"#token={token}" if token else "")
    if not no_browser:  # it starts while the model is loaded, and waits for the page
        threading.Thread(target=webbrowser.open, args=(page,), daemon=True).start()

    def ready() -> None:
        console.print(f"styler is at {page}  (Ctrl-C stops it)", highlight=False)

    with ExitStack() as stack:
        with console.status("loading the model …", spinner_style="cyan"):
            with garbage_collection_paused("torch"):
                from styler.web.limits import Limits
                from styler.web.server import make_engine, make_server, ray_engine
            if engine == "ray":
                options: dict[str, Any] = {"device": device, "dtype": dtype, "workers": workers, "address": address}
                running = stack.enter_context(ray_engine(model, **options, limits=Limits()))
            else:
                stylizers = loaded_stylizers(model, device, dtype, workers)
                running = make_engine(stylizers, workers=workers, limits=Limits())
        make_server(running, host=host, token=token, ready=ready).run([bound])


def loaded_stylizers(model: str, device: str, dtype: str, workers: int) -> list:
    """Return one stylizer, or with CUDA one for each of the first `workers` GPUs."""
    import torch

    from styler.model.device import find_device
    from styler.transfer.stylizer import Stylizer

    found = find_device(device)
    if found.type != "cuda" or found.index is not None or workers == 1:
        return [Stylizer(model, device=device, dtype=dtype)]
    count = min(workers, torch.cuda.device_count())
    return [Stylizer(model, device=f"cuda:{index}", dtype=dtype) for index in range(count)]
