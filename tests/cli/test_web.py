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
from pathlib import Path

import httpx
import pytest
from commands import started
from typer.testing import CliRunner
from uploads import png

import styler.web
from styler.cli import app

COFFEE = Path(__file__).parents[2] / "assets" / "coffee.jpg"
MAX_FIRST_SECONDS = 30
"""Ten are promised for two cores; tests run beside others."""


@contextmanager
def begun(*arguments, **options):
    """Yield a server's process and the address that it prints."""
    process = started("web", "--port", 0, "--no-browser", *arguments, stderr=subprocess.PIPE, **options)
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


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_the_first_picture_comes_soon_and_the_server_stops_on_an_interrupt():
    begin = time.monotonic()
    with begun("--model", "small") as (process, address):
        port = int(re.search(r":(\d+)/", address)[1])
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
            files, fields = {"content": ("coffee.jpg", COFFEE.read_bytes())}, {"style": "great-wave", "size": "512"}
            assert client.post("/api/transfer", files=files, data=fields).status_code == 200
        assert time.monotonic() - begin < MAX_FIRST_SECONDS
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


def test_without_the_extra_the_error_names_it(monkeypatch):
    monkeypatch.setattr("styler.web", styler.web)  # importing it again sets it, which must not last
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    for name in [name for name in sys.modules if name.startswith("styler.web")]:
        monkeypatch.delitem(sys.modules, name)
    result = CliRunner().invoke(app, ["web"])
    assert "styler[web]" in str(result.exception)
