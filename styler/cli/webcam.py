"""`styler webcam`: the camera in a style, live."""

from pathlib import Path
from typing import Annotated

import typer

from styler.cli.console import message_console
from styler.cli.help_pages import HelpPage, examples, make_app
from styler.cli.options import DeviceOption, DTypeOption, ModelOption, QuietOption

EXAMPLES = examples("styler webcam painting.jpg", "styler webcam painting.jpg --size 480 --virtual")

app = make_app()


@app.command(cls=HelpPage, epilog=EXAMPLES)
def webcam(
    style: Annotated[Path, typer.Argument(help="Style picture or .style file.", show_default=False)],
    camera: Annotated[int, typer.Option(min=0, help="Number of the camera.", rich_help_panel="Input")] = 0,
    virtual: Annotated[
        bool,
        typer.Option("--virtual", help="Write to a virtual camera instead of a window.", rich_help_panel="Output"),
    ] = False,
    alpha: Annotated[float, typer.Option(min=0, max=1, help="Style strength, 0 to 1.", rich_help_panel="Style")] = 1.0,
    steady: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="How much of the frame before is blended in along the motion.",
            show_default="0.75",
            rich_help_panel="Style",
        ),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(
            min=16,
            help="Longer side at which frames are stylized, in pixels.",
            show_default="as large as keeps up",
            rich_help_panel="Size",
        ),
    ] = None,
    model: ModelOption = "auto",
    device: DeviceOption = "auto",
    dtype: DTypeOption = "auto",
    quiet: QuietOption = False,
) -> None:
    """Show the camera in a style, live; press q in the window to quit."""
    from styler.video.extra import check_installed

    check_installed()
    from styler.transfer.stylizer import Stylizer
    from styler.video.blending import STEADY
    from styler.video.settings import VideoSettings
    from styler.video.webcam import VirtualCamera, Window, opened_camera, show_camera

    source = opened_camera(camera)
    found, frame = source.read()
    screen = VirtualCamera(frame.shape[1], frame.shape[0]) if virtual and found else Window()
    settings = VideoSettings((style,), alpha=alpha, steady=STEADY if steady is None else steady)
    stylizer = Stylizer(model, device=device, dtype=dtype)
    with message_console(quiet=quiet).status("starting …") as status:

        def on_frame(width: int, height: int, seconds: float) -> None:
            status.update(f"{width}×{height}, {1 / max(seconds, 1e-6):.1f} frames/s")

        show_camera(stylizer, settings, source, screen, side=size, on_frame=on_frame)
