import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest
import torch
from commands import started
from typer.testing import CliRunner
from uploads import png

from styler.cli import app
from styler.cli.web import loaded_stylizers

MAX_LAST_SECONDS = 10
"""Three on an idle machine; tests run beside others."""

COFFEE = Path(__file__).parents[2] / "assets" / "coffee.jpg"
MAX_FIRST_SECONDS = 10
"""Of processor time, which other processes hardly change: it is what two idle cores take at most."""

MAX_LAST_SECONDS = 10
"""Three on an idle machine; tests run beside others."""

COFFEE = Path(__file__).parents[2] / "assets" / "coffee.jpg"
MAX_FIRST_SECONDS = 30
"""Ten are promised for two cores; tests run beside others."""


@contextmanager
def begun(*arguments, browser=False, **options):
    """Yield a server's process and the address that it prints."""
    quiet = [] if browser else ["--no-browser"]
    process = started("web", "--port", 0, *quiet, *arguments, stderr=subprocess.PIPE, **options)
    with process:
        try:
            lines = iter(process.stderr.readline, "")
            yield process, next(line.split()[3] for line in lines if line.startswith("styler is at"))
        finally:
            process.kill()


def get(address, **headers):
    request = urllib.request.Request(address, headers=headers)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
        return answer.read()


def processor_seconds(pid):
    """Return the processor time that a process has used, on Linux."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.slow
def test_the_first_picture_comes_soon_and_the_server_stops_on_an_interrupt():
    with begun("--model", "small") as (process, address):
        with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
            files, fields = {"content": ("coffee.jpg", COFFEE.read_bytes())}, {"style": "great-wave", "size": "512"}
            assert client.post("/api/transfer", files=files, data=fields).status_code == 200
        assert processor_seconds(process.pid) < MAX_FIRST_SECONDS
        assert json.loads(get(f"{address}healthz"))["status"] == "ok"
        assert b"<!doctype html>" in get(address)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) in (0, 130)
        assert "Traceback" not in process.stderr.read()


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
@pytest.mark.slow
def test_what_runs_is_finished_when_the_server_is_told_to_stop(tiny_file):
    body = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="%s"; filename="a.png"\r\n\r\n%s\r\n'
        % (name, png(700, 800, seed=seed))
        for seed, name in enumerate((b"content", b"style"))
    )
    with begun("--model", tiny_file) as (process, address):
        port = int(re.search(r":(\d+)/", address)[1])
        with socket.create_connection(("127.0.0.1", port), timeout=60) as raw:
            head = f"POST /api/transfer HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {len(body) + 7}\r\n"
            raw.sendall(f"{head}Content-Type: multipart/form-data; boundary=x\r\n\r\n".encode() + body + b"--x--\r\n")
            while b"styler_jobs_kept 1" not in get(f"{address}metrics"):
                pass
            process.send_signal(signal.SIGINT)
            answer = raw.recv(12)
        assert answer in (b"HTTP/1.1 200", b"HTTP/1.1 503")  # the latter if it still waited
        assert process.wait(30) in (0, 130)


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
@pytest.mark.slow
def test_a_killed_server_leaves_no_temporary_files(tiny_file, tmp_path):
    folder = tmp_path / "temporary"
    folder.mkdir()
    with begun("--model", tiny_file, env=os.environ | {"TMPDIR": str(folder)}) as (process, address):
        port = int(re.search(r":(\d+)/", address)[1])
        with socket.create_connection(("127.0.0.1", port), timeout=30) as raw:
            head = b'--x\r\nContent-Disposition: form-data; name="content"; filename="a"\r\n\r\n'
            raw.sendall(b"POST /api/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9000000\r\n")
            raw.sendall(b"Content-Type: multipart/form-data; boundary=x\r\n\r\n" + head + bytes(4 << 20))
            get(f"{address}healthz")
            process.kill()
            process.wait(30)
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX limits")
@pytest.mark.slow
def test_a_disk_that_is_full_costs_that_request_alone(tiny_file, tmp_path):
    """The limit of a file's size fails as a full disk does: in the middle of writing."""
    limited = ["sh", "-c", 'ulimit -f 1500; exec "$@"', "sh"]
    place, statuses = os.environ | {"TMPDIR": str(tmp_path)}, []
    with (
        begun("--model", tiny_file, env=place, prefix=limited) as (_, address),
        httpx.Client(base_url=address, timeout=60, trust_env=False) as client,
    ):
        for photo in (png(), png(1000, 900), png()):
            files = {"content": ("a.png", photo), "style": ("b.png", png())}
            statuses.append(client.post("/api/transfer", files=files).status_code)
    assert statuses == [200, 507, 200]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a command for the browser")
@pytest.mark.slow
def test_the_browser_starts_while_the_model_is_loaded(tiny_file, tmp_path):
    script = tmp_path / "browser"
    script.write_text(f'#!/bin/sh\necho "$1" > {tmp_path}/opened\n')
    script.chmod(0o755)
    environment = os.environ | {"BROWSER": f"{script} %s"}
    with begun("--model", tiny_file, env=environment, browser=True) as (_, address):
        ready = time.time()
        opened = tmp_path / "opened"
        assert opened.read_text().strip() == address
        assert opened.stat().st_mtime < ready


def test_an_unknown_model_is_an_error_before_the_browser_is_opened(monkeypatch):
    monkeypatch.setattr("webbrowser.open", lambda page: pytest.fail("it was opened"))
    result = CliRunner().invoke(app, ["web", "--port", "0", "--model", "no-such"])
    assert "no model 'no-such'" in str(result.exception)


@pytest.mark.skipif(not (find_spec("ray") and find_spec("pyarrow")), reason="needs Ray")
@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
@pytest.mark.slow
def test_a_server_with_replicas_is_gone_soon_after_an_interrupt(tiny_file):
    place = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with begun("--model", tiny_file, "--engine", "ray", "--workers", "2", env=place) as (process, address):
        assert json.loads(get(f"{address}healthz"))["status"] == "ok"
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) in (0, 130)
        assert time.monotonic() - begin < MAX_LAST_SECONDS
        assert "Traceback" not in process.stderr.read()


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
@pytest.mark.slow
def test_another_address_gets_a_token(tiny_file):
    with begun("--model", tiny_file, "--host", "0.0.0.0") as (_, address):
        token = re.search(r"#token=(\S+)$", address)[1]
        local = re.sub(r"//[\d.]+:", "//127.0.0.1:", address.partition("#")[0])
        with pytest.raises(urllib.error.HTTPError, match="401"):
            get(f"{local}api/info")
        assert json.loads(get(f"{local}api/info", Authorization=f"Bearer {token}"))["model"] == "tiny"


def test_a_taken_port_is_an_error_that_says_what_to_do(tiny_file):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(app, ["web", "--port", port, "--no-browser", "--model", str(tiny_file)])
    assert "choose another --port" in str(result.exception)


@pytest.mark.parametrize("token", ["short", "ümlaut-token", "with\nnewline"])
def test_a_token_that_no_header_can_bear_is_refused(token):
    assert CliRunner().invoke(app, ["web", "--token", token]).exit_code == 2


def test_an_address_of_a_cluster_is_for_ray():
    assert CliRunner().invoke(app, ["web", "--address", "127.0.0.1:6379"]).exit_code == 2


def test_on_gpus_each_worker_has_its_own_up_to_their_number(monkeypatch):
    monkeypatch.setattr("styler.model.device.find_device", lambda name: torch.device("cuda"))
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.setattr("styler.transfer.stylizer.Stylizer", lambda model, *, device, dtype: device)
    assert loaded_stylizers("base", "auto", "auto", 1) == ["auto"]
    assert loaded_stylizers("base", "auto", "auto", 3) == ["cuda:0", "cuda:1"]


def test_without_the_extra_the_error_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    result = CliRunner().invoke(app, ["web"])
    assert "styler[web]" in str(result.exception)
