"""A server of the tiny model in this process, and a client."""

import socket
import threading
import time

import httpx
import pytest
from uploads import png

from styler.transfer.stylizer import Stylizer
from styler.web.limits import Limits
from styler.web.listening import bound_socket
from styler.web.server import make_engine, make_server


class Running:
    """A server in a thread of this process."""

    def __init__(self, engine, *, token=None, host="127.0.0.1"):
        self.engine = engine
        self.bound = bound_socket("127.0.0.1", 0)
        self.port = self.bound.getsockname()[1]
        ready = threading.Event()
        self.server = make_server(self.engine, host=host, token=token, ready=ready.set)
        self.thread = threading.Thread(target=self.server.run, args=([self.bound],), daemon=True)
        self.thread.start()
        assert ready.wait(30)
        self.url = f"http://127.0.0.1:{self.port}"

    def stop(self):
        self.server.should_exit = True
        self.thread.join(30)
        self.bound.close()

    def client(self, **options):
        return httpx.Client(base_url=self.url, timeout=120, trust_env=False, **options)

    def raw(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)


@pytest.fixture
def stylizer(tiny_file):
    return Stylizer(tiny_file, device="cpu", dtype="float32")


@pytest.fixture
def serve():
    """Return a function that starts a server around an engine, which is stopped at the end."""
    running = []

    def serve(engine, **options):
        running.append(Running(engine, **options))
        return running[-1]

    yield serve
    for one in running:
        one.stop()


@pytest.fixture
def start(serve, stylizer):
    """Return a function that starts a server with an engine of this process."""

    def start(*, limits=None, workers=1, **options):
        return serve(make_engine([stylizer], workers=workers, limits=limits or Limits()), **options)

    return start


@pytest.fixture
def server(start):
    return start()


@pytest.fixture
def client(server):
    with server.client() as client:
        yield client


@pytest.fixture
def photo():
    return png()


@pytest.fixture
def painting():
    return png(seed=3)


@pytest.fixture
def files(photo, painting):
    return [("content", ("photo.png", photo)), ("style", ("painting.png", painting))]


@pytest.fixture
def wait_for():
    """Return a function that asks for a job until it has ended."""

    def wait_for(client, job, *, state=None):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            found = client.get(f"/api/jobs/{job['id']}").json()
            if found["state"] in ((state,) if state else ("done", "failed", "cancelled")):
                return found
            time.sleep(0.02)
        raise AssertionError(found)

    return wait_for
