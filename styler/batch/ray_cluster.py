"""Connections to a Ray cluster, or to one that is started on this machine."""

import logging
import os
import socket
from importlib.util import find_spec
from typing import Any

from styler.errors import StylerError

CONNECT_TIMEOUT = 10
"""Seconds."""


def connect_to_ray(address: str | None) -> Any:
    """Return the `ray` module, connected to a cluster, with usage statistics disabled.

    Raises:
        StylerError: If Ray is not installed, or there is no cluster at the address.
    """
    if find_spec("ray") is None or find_spec("pyarrow") is None:
        raise StylerError("--engine ray needs Ray, which is not installed", "pip install 'styler[ray]'")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault(
        "RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0"
    )  # otherwise workers under `uv run` install every package again
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # it logs restarts that are expected
    import ray

    try:
        if address is None:
            place: dict[str, Any] = {"_node_ip_address": "127.0.0.1"}
            ray.init("local", include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR, **place)
        else:
            check_reachable(address)
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
    except Exception as error:  # Ray raises a bare one when a node does not start in time; subclasses are filtered
        if type(error) is not Exception and not isinstance(error, (OSError, ValueError, RuntimeError)):
            raise
        reason = " ".join(str(error).split())
        raise StylerError(
            f"cannot connect to Ray at {address or 'this machine'}: {reason}", "run `ray status` there"
        ) from error
    return ray


def check_reachable(address: str) -> None:
    """Raise OSError if HOST:PORT does not accept a connection; Ray itself would wait for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host, int(port)), timeout=CONNECT_TIMEOUT).close()
