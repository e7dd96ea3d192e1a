"""Load on `styler web`: many clients at once, each with one request after the other, over real sockets."""

import http.client
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

TRIES = 100
"""How often a client comes again while the queue is full."""


@dataclass
class Load:
    """What became of all requests.

    Attributes:
        seconds: Latency of each request that was answered with a picture, waiting for a place included.
        num_refused: Answers 503, after which the client came again.
        lost: What became of the others.
        total: Seconds from the first request to the last answer.
        peak_bytes: Largest memory of the server, 0 if unknown.
    """

    seconds: list[float] = field(default_factory=list)
    num_refused: int = 0
    lost: list[str] = field(default_factory=list)
    total: float = 0.0
    peak_bytes: int = 0

    def percentile(self, percent: int) -> float:
        """Return the latency that this share of the requests did not exceed, in seconds."""
        if len(self.seconds) < 2:
            return max(self.seconds, default=0.0)
        return quantiles(self.seconds, n=100, method="inclusive")[percent - 1]


@contextmanager
def running_server(*options: str) -> Generator[tuple[int, int]]:
    """Yield the port and the process id of a new server on this machine."""
    command = [sys.executable, "-m", "styler", "web", "--no-browser", "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            lines = iter(process.stderr.readline, "") if process.stderr else iter(())
            address = next((line.split()[3] for line in lines if line.startswith("styler is at")), None)
            if address is None:
                raise RuntimeError("the server did not start")
            yield int(address.rstrip("/").rpartition(":")[2]), process.pid
        finally:
            process.terminate()


def measured_load(port: int, pid: int | None, picture: bytes, style: str, *, requests: int, clients: int) -> Load:
    """Return what became of `requests` transfers of a PNG, sent by `clients` threads to a server on this machine."""
    load, left, lock = Load(), iter(range(requests)), threading.Lock()
    body, kind = form(picture, style)
    threads = [threading.Thread(target=client, args=(port, body, kind, left, lock, load)) for _ in range(clients)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    load.total = time.perf_counter() - start
    load.peak_bytes = peak_bytes(pid)
    return load


def client(port: int, body: bytes, kind: str, left: Iterator[int], lock: threading.Lock, load: Load) -> None:
    """Send requests while there are any left."""
    while True:
        with lock:
            if next(left, None) is None:
                return
        start = time.perf_counter()
        outcome, refused = answered(port, body, kind)
        with lock:
            load.num_refused += refused
            if outcome == "done":
                load.seconds.append(time.perf_counter() - start)
            else:
                load.lost.append(outcome)


def answered(port: int, body: bytes, kind: str) -> tuple[str, int]:
    """Return "done", or why there was no picture, and how often the queue was full."""
    for refused in range(TRIES):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        try:
            connection.request("POST", "/api/transfer", body, {"Content-Type": kind})
            answer = connection.getresponse()
            data = answer.read()
        except OSError as error:
            return str(error), refused
        finally:
            connection.close()
        if answer.status != 503:
            is_picture = answer.status == 200 and data.startswith(b"\x89PNG")
            return ("done" if is_picture else f"status {answer.status}"), refused
        time.sleep(float(answer.headers.get("Retry-After", 1)))
    return "the queue stayed full", TRIES


def form(picture: bytes, style: str) -> tuple[bytes, str]:
    """Return a form with a photograph and a style's name, and its media type."""
    mark = secrets.token_hex(16)
    head = f'--{mark}\r\nContent-Disposition: form-data; name="content"; filename="photo.png"\r\n\r\n'
    tail = f'\r\n--{mark}\r\nContent-Disposition: form-data; name="style"\r\n\r\n{style}\r\n--{mark}--\r\n'
    return head.encode() + picture + tail.encode(), f"multipart/form-data; boundary={mark}"


def peak_bytes(pid: int | None) -> int:
    """Return the largest memory that a process has had, on Linux; else 0."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM")), 0)
