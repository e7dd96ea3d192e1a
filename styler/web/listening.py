"""The socket that a server listens on. Imports neither torch nor uvicorn: it is there before they are loaded."""

import socket
from ipaddress import ip_address

from styler.errors import StylerError

BACKLOG = 512
"""Connections that wait to be accepted; those that come before the server is ready, too."""


def is_loopback(host: str) -> bool:
    """Return whether an address can be reached from this machine alone."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def bound_socket(host: str, port: int) -> socket.socket:
    """Return a socket bound to an address.

    Raises:
        StylerError: If the address is not this machine's, or the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host.strip("[]"), port))
    except OSError as error:
        bound.close()
        raise StylerError(
            f"cannot listen on {host}:{port}: {error.strerror}", "choose another --port or --host"
        ) from error
    bound.listen(BACKLOG)
    return bound
