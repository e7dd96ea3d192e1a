"""The guard in front of every request: host, origin, token, size and time of the body, and the headers of answers.

A page of another site can make a browser send requests to 127.0.0.1, and with DNS rebinding even read the answers.
Both carry a foreign Origin or Host, so both are refused. A server on another address needs a token besides.
"""

import asyncio
import secrets
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from styler.web.limits import Limits
from styler.web.problems import Problem

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob: data:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "x-frame-options": "DENY",
}
OPEN_PATHS = ("/", "/docs", "/openapi.json", "/healthz")
"""What needs no token, besides /static/: it holds nothing of anyone's."""


class Guard:
    """ASGI middleware that refuses what is not from our own page or an authorised client."""

    def __init__(self, app: ASGIApp, *, hosts: Collection[str] | None, token: str | None, limits: Limits) -> None:
        """Wrap an application.

        Args:
            app: The application.
            hosts: Names in the Host header that are accepted, without port; None accepts all, with a token only.
            token: What an Authorization header must bear; None for none.
            limits: Of the body.
        """
        if hosts is None and token is None:
            raise ValueError("expected a token for a server that accepts any host, got none")
        self.app, self.hosts, self.token, self.limits = app, hosts, token, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # no websockets
            await send({"type": "websocket.close", "code": 1008})
            return
        secured = with_headers(send, is_private=not scope["path"].startswith("/static/"))
        try:
            self.check(scope)
            await self.app(scope, LimitedBody(scope, receive, self.limits), secured)
        except Problem as problem:
            await problem.response()(scope, receive, secured)

    def check(self, scope: Scope) -> None:
        """Raise a Problem for a request that is not accepted."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host", "")
        if self.hosts is not None and without_port(host) not in self.hosts:
            raise Problem(421, "this server has another name", "open it at the address that it printed")
        check_origin(headers, host)
        if self.token is not None and not (scope["path"] in OPEN_PATHS or scope["path"].startswith("/static/")):
            given = headers.get("authorization", "").removeprefix("Bearer ")
            if not secrets.compare_digest(given.encode(), self.token.encode()):
                todo = "send the header Authorization: Bearer TOKEN, or open the address that the server printed"
                raise Problem(401, "the token is missing or wrong", todo, headers={"WWW-Authenticate": "Bearer"})
        length = headers.get("content-length", "0")
        if not length.isdecimal() or len(length) > 18 or int(length) > self.limits.max_bytes:
            raise too_large(self.limits)


def check_origin(headers: Mapping[str, str], host: str) -> None:
    """Raise a Problem for a request that a page of another site made."""
    origin = headers.get("origin")
    is_foreign = origin is not None and urlsplit(origin).netloc.lower() != host.lower()
    if is_foreign or headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        raise Problem(403, "the request comes from a page of another site", "use the page of this server")


def without_port(host: str) -> str:
    """Return the name in a Host header, in lower case."""
    name, colon, port = host.lower().rpartition(":")
    return name if colon and port.isdecimal() and (name.endswith("]") or ":" not in name) else host.lower()


def too_large(limits: Limits) -> Problem:
    """Return the problem for a body that is too large."""
    most = f"{limits.max_bytes >> 20} MiB" if limits.max_bytes >> 20 else f"{limits.max_bytes} bytes"
    return Problem(413, f"the request has more than {most}", "send a smaller file")


class LimitedBody:
    """The messages of a request, with a limit of bytes and a time by which the last must have come."""

    def __init__(self, scope: Scope, receive: Receive, limits: Limits) -> None:
        self.receive, self.limits = receive, limits
        self.num_bytes, self.is_whole = 0, False
        self.deadline = asyncio.get_running_loop().time() + limits.body_seconds

    async def __call__(self) -> Message:
        """Return the next message.

        Raises:
            Problem: If the body is too large or too slow.
        """
        if self.is_whole:  # what follows is the end of the connection
            return await self.receive()
        try:
            async with asyncio.timeout_at(self.deadline):
                message = await self.receive()
        except TimeoutError:
            raise Problem(408, "the request was too slow", "send it again", headers={"Connection": "close"}) from None
        self.num_bytes += len(message.get("body", b""))
        if self.num_bytes > self.limits.max_bytes:
            raise too_large(self.limits)
        self.is_whole = not message.get("more_body", False)
        return message


def with_headers(send: Send, *, is_private: bool) -> Send:
    """Return `send` with the headers of safety, and for all but static files one against caches."""
    added = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
    added.append((b"cache-control", b"no-store" if is_private else b"no-cache"))

    async def secured(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message.get("headers", [])}
            extra = [(name, value) for name, value in added if name not in given]
            message = {**message, "headers": [*message.get("headers", []), *extra]}
        await send(message)

    return secured
