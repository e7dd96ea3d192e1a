"""What a server accepts: bytes, pixels, seconds, and how much waits."""

from dataclasses import dataclass

from styler.choices import MAX_PIXELS


@dataclass(frozen=True)
class Limits:
    """Limits of a server.

    Attributes:
        max_bytes: Bytes of a request's body.
        max_pixels: Pixels of an uploaded picture, checked before it is decoded; see `Picture.open`.
        max_style_bytes: Bytes of an uploaded .style file.
        body_seconds: Time in which a request's body must have arrived.
        num_waiting: Jobs that wait.
        waiting_bytes: Bytes of their uploads.
        result_bytes: Bytes of finished results that are kept; the oldest are dropped.
        result_seconds: How long a finished job is kept.
        num_listeners: Streams of events at a time.
    """

    max_bytes: int = 128 << 20
    max_pixels: int = MAX_PIXELS
    max_style_bytes: int = 8 << 20
    body_seconds: float = 120
    num_waiting: int = 64
    waiting_bytes: int = 256 << 20
    result_bytes: int = 512 << 20
    result_seconds: float = 3600
    num_listeners: int = 64
