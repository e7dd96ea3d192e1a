"""The server: the application behind its guard, on uvicorn."""

import socket
import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn

from styler.transfer.stylizer import Stylizer
from styler.web.app import make_app
from styler.web.engine import Engine
from styler.web.guard import LOOPBACK, Guard
from styler.web.header_timeout import HeaderTimeoutProtocol
from styler.web.limits import Limits
from styler.web.listening import is_loopback
from styler.web.metrics import Metrics
from styler.web.ray_replicas import ray_renderers
from styler.web.rendering import Renderer

GRACE = 20
"""Seconds that a stopping server waits for requests."""


class Server(uvicorn.Server):
    """A server that tells its engine to stop as soon as a signal comes, so that no request waits for it."""

    def __init__(self, config: uvicorn.Config, engine: Engine, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.engine, self.ready = engine, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        with suppress(FileNotFoundError):  # the request that needs it says so
            tempfile.gettempdir()  # found by writing a file, which a kill would leave, so not while requests come
        await super().startup(sockets)
        self.ready()

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Refuse new requests; those that are running are finished."""
        self.engine.close()
        super().handle_exit(sig, frame)


def make_engine(stylizers: Sequence[Stylizer], *, workers: int, limits: Limits) -> Engine:
    """Return an engine with a thread for each stylizer, or several for one."""
    renderers = [Renderer(one, max_pixels=limits.max_pixels) for one in stylizers]
    return Engine([renderers[index % len(renderers)] for index in range(workers)], limits, Metrics())


@contextmanager
def ray_engine(
    model: str, *, device: str, dtype: str, workers: int, limits: Limits, address: str | None = None
) -> Generator[Engine, None, None]:
    """Yield an engine whose threads have a replica each on a Ray cluster; see `ray_renderers`."""
    with ray_renderers(
        model, device=device, dtype=dtype, count=workers, max_pixels=limits.max_pixels, address=address
    ) as renderers:
        yield Engine(renderers, limits, Metrics())


def guarded_app(engine: Engine, *, host: str, token: str | None) -> Guard:
    """Return the application with its guard."""
    hosts = None if token is not None and not is_loopback(host) else LOOPBACK
    return Guard(make_app(engine), hosts=hosts, token=token, limits=engine.limits)


def make_server(engine: Engine, *, host: str, token: str | None, ready: Callable[[], None]) -> Server:
    """Return a server, whose `run` takes a bound socket and returns when the process is told to stop.

    Args:
        engine: Runs the jobs.
        host: The address that was asked for; other names are refused on the loopback.
        token: See `Guard`.
        ready: Called once requests are taken.
    """
    config = uvicorn.Config(
        guarded_app(engine, host=host, token=token),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=10,
        timeout_graceful_shutdown=GRACE,
        h11_max_incomplete_event_size=1 << 16,
        http=HeaderTimeoutProtocol,
        ws="none",
    )
    return Server(config, engine, ready)
