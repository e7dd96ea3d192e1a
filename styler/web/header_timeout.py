"""Connections that are closed when the head of a request does not come: uvicorn itself would wait for ever.

The time of bodies is limited by `styler.web.guard`, the time between requests by uvicorn.
"""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 30.0
"""From the connection, or from the first byte of a later request, to the end of the head."""


class HeaderTimeoutProtocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, with a limit of time for the head of each request."""

    head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request."""
        super().connection_made(transport)  # ty: ignore[invalid-argument-type]
        self._start_timer()

    def data_received(self, data: bytes) -> None:
        """Take a part of a request; stop the timer once its head is complete."""
        is_between = self.cycle is None or self.cycle.response_complete
        if is_between and self.head_timer is None:
            self._start_timer()
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer."""
        self._stop_timer()
        super().connection_lost(exc)

    def _start_timer(self) -> None:
        self.head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _stop_timer(self) -> None:
        if self.head_timer is not None:
            self.head_timer.cancel()
            self.head_timer = None
