import http.server
import json
import sys
import threading

import pytest
from typer.testing import CliRunner

from styler.benchmarks.web_load import Load, form, measured_load, peak_bytes
from styler.cli import app


class Handler(http.server.BaseHTTPRequestHandler):
    statuses = ()

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            status = self.server.statuses.pop() if self.server.statuses else 200
        body = b"\x89PNG" if status == 200 else b"no"
        self.send_response(status)
        self.send_header("Retry-After", "0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def stub():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.lock, server.statuses = threading.Lock(), []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_every_request_is_counted_once(stub):
    stub.statuses = [503, 503, 500]
    load = measured_load(stub.server_port, None, b"x", "night", requests=20, clients=4)
    assert (len(load.seconds), load.num_refused, load.lost) == (19, 2, ["status 500"])
    assert 0 < load.percentile(50) <= load.percentile(95)


def test_percentiles_of_a_hundred_latencies():
    load = Load(seconds=[float(k) for k in range(1, 102)])
    assert (load.percentile(50), load.percentile(95)) == (51.0, 96.0)
    assert Load().percentile(95) == 0


def test_the_form_ends_with_its_mark():
    body, kind = form(b"x", "night")
    assert body.endswith(f"--{kind.partition('boundary=')[2]}--\r\n".encode())


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_the_peak_of_this_process_is_known():
    import os

    assert peak_bytes(os.getpid()) > 1 << 20
    assert peak_bytes(None) == 0


@pytest.mark.slow
def test_no_request_to_the_real_server_is_lost(picture_file):
    photo = picture_file("photo.png", 48, 64)
    result = CliRunner().invoke(
        app, ["bench", "web", str(photo), "--requests", "12", "--clients", "6", "--size", "64", "--json"]
    )
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    assert (found["done"], found["lost"]) == (12, 0)
    assert 0 < found["p50"] <= found["p95"]
