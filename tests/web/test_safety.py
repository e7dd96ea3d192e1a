"""Attacks on the server, one test each."""

import asyncio
import errno
import json
import random
import socket
import tempfile
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hostile_files import bombs, lying_files, mutated, wrong_files
from uploads import png

from styler.transfer.style_file import style_bytes
from styler.web import forms, header_timeout
from styler.web.guard import Guard
from styler.web.limits import Limits


def is_plain_problem(answer):
    """Whether an answer is a problem without anything of this machine in it."""
    text = answer.text
    is_clean = "Traceback" not in text and str(Path.cwd()) not in text and "site-packages" not in text
    return is_clean and answer.headers["content-type"] == "application/problem+json" and bool(answer.json()["todo"])


@pytest.mark.parametrize("host", ["evil.example", "evil.example:7860", "127.0.0.1.evil.example", "", "192.168.0.1"])
def test_a_foreign_host_is_refused_as_in_dns_rebinding(client, host):
    answer = client.get("/api/styles", headers={"host": host})
    assert answer.status_code in (400, 421)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "LOCALHOST:99", "[::1]:7860"])
def test_the_names_of_this_machine_are_accepted(client, host):
    assert client.get("/api/styles", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "file://", "http://localhost"]
)
def test_a_post_from_another_site_is_refused(client, files, origin):
    answer = client.post("/api/transfer", files=files, headers={"origin": origin})
    assert answer.status_code == 403
    assert is_plain_problem(answer)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_request_that_the_browser_marks_as_foreign_is_refused(client, site):
    assert client.get("/api/styles", headers={"sec-fetch-site": site}).status_code == 403


def test_the_own_page_is_accepted(server, client, files):
    headers = {"origin": server.url, "sec-fetch-site": "same-origin"}
    assert client.post("/api/transfer", files=files, headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/", "/docs", "/api/styles", "/nothing", "/static/app.css", "/api/jobs/x"])
def test_every_answer_has_the_headers_of_safety_and_no_cookie(client, path):
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "set-cookie" not in headers
    assert "access-control-allow-origin" not in headers
    assert "server" not in headers


def test_a_server_on_another_address_needs_a_token():
    with pytest.raises(ValueError, match="token"):
        Guard(None, hosts=None, token=None, limits=Limits())


@pytest.mark.parametrize("given", [None, "Bearer", "Bearer wrong", "Basic secret-token", "Bearer secret-token2"])
def test_without_the_token_nothing_is_told(start, given):
    server = start(token="secret-token", host="0.0.0.0")
    with server.client(headers={"host": "studio.example"}) as client:
        headers = {} if given is None else {"authorization": given}
        for path in ("/api/styles", "/api/info", "/metrics", "/api/jobs/x"):
            answer = client.get(path, headers=headers)
            assert answer.status_code == 401
            assert is_plain_problem(answer)
        assert client.get("/").status_code == 200
        assert client.get("/api/styles", headers={"authorization": "Bearer secret-token"}).status_code == 200


def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_sent(start):
    server = start(limits=Limits(max_bytes=10_000))
    with server.raw() as raw:
        raw.sendall(b"POST /api/transfer HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999\r\n\r\n")
        assert b"413" in raw.recv(1000)


@pytest.mark.parametrize("length", ["-1", "x", "9" * 5000])
def test_a_wrong_length_is_refused(server, length):
    with server.raw() as raw:
        request = f"POST /api/transfer HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {length}\r\n\r\n"
        raw.sendall(request.encode())
        assert raw.recv(100).split()[1][:1] == b"4"


def test_a_body_in_chunks_that_never_ends_is_refused(start):
    server = start(limits=Limits(max_bytes=10_000))

    def parts():
        yield b'--x\r\nContent-Disposition: form-data; name="content"; filename="a"\r\n\r\n'
        for _ in range(50):
            yield bytes(1000)

    with server.client() as client:
        headers = {"content-type": "multipart/form-data; boundary=x"}
        assert client.post("/api/transfer", content=parts(), headers=headers).status_code == 413


def test_pixels_are_counted_before_they_are_decoded(start, painting, monkeypatch):
    server = start(limits=Limits(max_pixels=1000))
    monkeypatch.setattr(server.engine.renderer, "opened", lambda upload: pytest.fail("it was decoded"))
    files = [("content", ("a.png", painting)), ("style", ("b.png", painting))]
    with server.client() as client:
        answer = client.post("/api/transfer", files=files)
    assert answer.status_code == 413
    assert "megapixels" in answer.json()["detail"]


def hostile():
    found = {f"lying {name}": data for name, data in lying_files().items() if "40000" in name or "0x7" in name}
    return found | {f"wrong {index}": data for index, data in enumerate(wrong_files()) if isinstance(data, bytes)}


@pytest.mark.parametrize("place", ["content", "style", "keep"])
@pytest.mark.slow
def test_hostile_uploads_give_4xx_each(client, photo, place):
    for name, data in hostile().items():
        parts = {"content": photo, "style": photo} | {place: data}
        answer = client.post("/api/transfer", files=[(field, (f"{field}.png", one)) for field, one in parts.items()])
        assert 400 <= answer.status_code < 500, (name, answer.status_code, answer.text[:200])
        assert is_plain_problem(answer), name
    files = [("content", ("a.png", photo)), ("style", ("b.png", photo))]
    assert client.post("/api/transfer", files=files).status_code == 200


@pytest.mark.filterwarnings("ignore:.*frames or pages:styler.errors.StylerWarning")
@pytest.mark.slow
def test_bombs_end_in_an_answer(client, photo):
    for name, data in bombs().items():
        answer = client.post("/api/transfer", files=[("content", ("a", data)), ("style", ("b.png", photo))])
        assert answer.status_code == 200 or 400 <= answer.status_code < 500, (name, answer.text[:200])


@pytest.mark.slow
def test_hostile_style_files_give_4xx_each(client, photo, stylizer):
    rng, good = random.Random(0), style_bytes(stylizer.style(photo))
    cases = [b"", b"\xff" * 8, b"\xff" * 99, bytes(100), b"\x10" + bytes(7) + b'{"a":[1]}', good[: len(good) // 2]]
    cases += [mutated(good, rng) for _ in range(40)]
    for data in cases:
        answer = client.post("/api/transfer", files=[("content", ("a.png", photo)), ("style", ("b.style", data))])
        assert answer.status_code == 200 or (400 <= answer.status_code < 500 and is_plain_problem(answer)), answer.text
    assert client.get("/healthz").status_code == 200


PART = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n'
FORMS = [
    (b"", "multipart/form-data"),
    (b"--x", "multipart/form-data; boundary=x"),
    (b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x"),
    (b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--\r\n", "multipart/form-data; boundary=x"),
    (b'--x\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n\xff\r\n--x--\r\n', "multipart/form-data; boundary=x"),
    (b"{}", "application/json"),
    (b"content=a", "application/x-www-form-urlencoded"),
    (b"--" + b"x" * 9000, "multipart/form-data; boundary=" + "x" * 9000),
    (
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 500 + b"--x--",
        "multipart/form-data; boundary=x",
    ),
]


@pytest.mark.parametrize(("body", "kind"), FORMS, ids=[str(index) for index in range(len(FORMS))])
def test_broken_forms_give_4xx(client, body, kind):
    answer = client.post("/api/transfer", content=body, headers={"content-type": kind})
    assert 400 <= answer.status_code < 500
    assert is_plain_problem(answer)


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/static//etc/passwd",
        "/api/styles/..%2f..%2fcatalog/thumbnail",
        "/api/styles/%2e%2e/thumbnail",
        "/api/jobs/..%2f..%2fetc/result",
    ],
)
def test_no_path_leads_out_of_the_files_of_the_page(server, path):
    with server.raw() as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        status = raw.recv(100).split()[1]
    assert status in (b"404", b"400")


@pytest.mark.parametrize(
    "name", ["../../../tmp/x.png", "/etc/cron.d/x.png", "C:\\x.png", "a\0b.png", "\n.png", "..", ""]
)
def test_names_of_uploads_touch_no_disk(client, photo, painting, tmp_path, monkeypatch, name):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = sorted(tmp_path.iterdir())
    body = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n\r\n%s\r\n' % (field, shown, data)
        for field, shown, data in ((b"content", name.encode(), photo), (b"style", b"p.png", painting))
    )
    headers = {"content-type": "multipart/form-data; boundary=x"}
    answer = client.post("/api/jobs", content=body + b"--x--\r\n", headers=headers)
    assert answer.status_code in (202, 400, 422)
    assert sorted(tmp_path.iterdir()) == before


def test_temporary_files_have_no_name_and_are_gone(client, server, tmp_path, monkeypatch, painting):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    seen, render = [], server.engine.renderer.render
    monkeypatch.setattr(
        server.engine.renderer, "render", lambda o, r: (seen.append(list(folder.iterdir())), render(o, r))[1]
    )
    large = png(1000, 900)
    assert len(large) > 1 << 20  # the form's parser puts that into a file
    files = [("content", ("a.png", large)), ("style", ("b.png", painting))]
    assert client.post("/api/transfer", files=files, data={"size": "40"}).status_code == 200
    assert seen == [[]]
    assert list(folder.iterdir()) == []


def test_a_full_disk_costs_that_request_alone(client, files, painting, monkeypatch):
    def full(*args, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    large = [("content", ("a.png", png(1000, 900))), ("style", ("b.png", painting))]
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "TemporaryFile", full)
        answer = client.post("/api/transfer", files=large)
    assert answer.status_code == 507
    assert is_plain_problem(answer)
    assert client.post("/api/transfer", files=files).status_code == 200


class Raising:
    """Raises an error instead of rendering."""

    def __init__(self, error):
        self.error = error

    def __call__(self, orders, report):
        raise self.error


def test_a_failing_model_costs_that_job_alone(client, server, files, monkeypatch):
    render, calls = server.engine.renderer.render, []

    def failing(orders, report):
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("a secret of /home/someone")
        return render(orders, report)

    monkeypatch.setattr(server.engine.renderer, "render", failing)
    answer = client.post("/api/transfer", files=files)
    assert answer.status_code == 500
    assert is_plain_problem(answer)
    assert "secret" not in answer.text
    assert client.post("/api/transfer", files=files).status_code == 200


class Unforeseen(Exception):  # noqa: N818
    """Derived from nothing that the engine knows."""


@pytest.mark.parametrize("error", [EOFError, SyntaxError, zlib.error, MemoryError, OSError(errno.ENOSPC, "full")])
def test_whatever_a_decoder_raises_costs_that_job_alone(client, server, files, monkeypatch, error):
    with monkeypatch.context() as patch:
        patch.setattr(server.engine.renderer, "render", Raising(error))
        answer = client.post("/api/transfer", files=files)
    assert answer.status_code in (500, 507)
    assert is_plain_problem(answer)
    assert client.post("/api/transfer", files=files).status_code == 200


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_error_that_nobody_foresaw_costs_that_job_alone_too(client, server, files, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(server.engine.renderer, "render", Raising(Unforeseen))
        answer = client.post("/api/transfer", files=files)
    assert answer.status_code == 500
    assert is_plain_problem(answer)
    assert client.post("/api/transfer", files=files).status_code == 200


def test_a_full_queue_answers_503_and_when_to_come_again(start, files, monkeypatch):
    server = start(limits=Limits(num_waiting=2))
    free = threading.Event()
    render = server.engine.renderer.render
    monkeypatch.setattr(server.engine.renderer, "render", lambda o, r: (free.wait(30), render(o, r))[1])
    with server.client() as client:
        answers = [client.post("/api/jobs", files=files) for _ in range(6)]
        refused = [answer for answer in answers if answer.status_code == 503]
        free.set()
        assert len(refused) >= 3
        assert all(int(answer.headers["retry-after"]) >= 1 and is_plain_problem(answer) for answer in refused)
        assert 'outcome="refused"} ' in client.get("/metrics").text


def test_waiting_uploads_are_limited_in_bytes(start, files, monkeypatch):
    total = sum(len(data) for _, (_, data) in files)
    server = start(limits=Limits(waiting_bytes=2 * total))
    free = threading.Event()
    render = server.engine.renderer.render
    monkeypatch.setattr(server.engine.renderer, "render", lambda o, r: (free.wait(30), render(o, r))[1])
    with server.client() as client:
        statuses = [client.post("/api/jobs", files=files).status_code for _ in range(6)]
        free.set()
    assert statuses.count(202) <= 4
    assert 503 in statuses


@pytest.mark.parametrize("path", ["/api/jobs", "/api/styles"])
def test_uploads_of_one_request_at_a_time_are_read_into_memory(client, files, photo, monkeypatch, path):
    read, inside, most = forms.in_memory, [], []

    async def slow(file, name):
        inside.append(name)
        most.append(len(inside))
        await asyncio.sleep(0.02)
        inside.remove(name)
        return await read(file, name)

    monkeypatch.setattr(forms, "in_memory", slow)
    sent = files if path == "/api/jobs" else [("picture", ("a.png", photo))]
    with ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda _: client.post(path, files=sent).status_code, range(5)))
    assert set(answers) <= {200, 202}
    assert max(most) == 1


def test_clients_that_hang_block_nobody(server, client, files):
    raws = [server.raw() for _ in range(30)]
    for index, raw in enumerate(raws):
        starts = [
            b"",
            b"POST /api/tr",
            b"POST /api/transfer HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9999\r\n\r\nabc",
        ]
        raw.sendall(starts[index % 3])
    begin = time.monotonic()
    assert client.post("/api/transfer", files=files).status_code == 200
    assert time.monotonic() - begin < 20
    for raw in raws:
        raw.close()


def test_a_head_that_does_not_come_is_not_waited_for(server, client, monkeypatch):
    monkeypatch.setattr(header_timeout, "HEAD_SECONDS", 0.3)
    first = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with server.raw() as silent, server.raw() as slow, server.raw() as later:
        slow.sendall(b"POST /api/tr")
        later.sendall(first)
        answer = later.makefile("rb")
        assert answer.readline().startswith(b"HTTP/1.1 200")
        later.sendall(first[:20])
        answer.read()  # until it is closed
        for raw in (silent, slow):
            assert raw.recv(1000) == b""  # closed
    assert client.get("/healthz").status_code == 200


def test_a_client_that_goes_in_the_middle_of_its_upload_leaves_nothing(server, client, files, tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    part = b'--x\r\nContent-Disposition: form-data; name="content"; filename="a.png"\r\n\r\n' + bytes(3 << 20)
    with server.raw() as raw:
        raw.sendall(b"POST /api/transfer HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9000000\r\n")
        raw.sendall(b"Content-Type: multipart/form-data; boundary=x\r\n\r\n" + part)
    deadline = time.monotonic() + 10
    while server.server.server_state.tasks and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not server.server.server_state.tasks
    assert list(folder.iterdir()) == []
    assert server.engine.jobs == {}
    assert client.post("/api/transfer", files=files).status_code == 200


def test_a_client_that_does_not_read_its_answer_blocks_nobody(server, client, files):
    large = [("content", ("a.png", png(1000, 900))), ("style", ("b.png", png()))]
    job = client.post("/api/jobs", files=large).json()
    while client.get(f"/api/jobs/{job['id']}").json()["state"] != "done":
        time.sleep(0.05)
    raws = [server.raw() for _ in range(10)]
    for raw in raws:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.sendall(f"GET /api/jobs/{job['id']}/result HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    assert client.post("/api/transfer", files=files).status_code == 200
    for raw in raws:
        raw.close()


def test_a_slow_body_is_refused(start, files):
    server = start(limits=Limits(body_seconds=0.3))
    with server.raw() as raw:
        head = b"POST /api/transfer HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9999\r\n"
        raw.sendall(head + b"Content-Type: multipart/form-data; boundary=x\r\n\r\n--x")
        assert b"408" in raw.recv(1000)
    with server.client() as client:
        assert client.get("/healthz").status_code == 200


def test_what_a_client_waited_for_is_cancelled_when_it_goes(server, files, monkeypatch):
    began, free, render = threading.Event(), threading.Event(), server.engine.renderer.render

    def held(orders, report):
        began.set()
        assert free.wait(30)
        return render(orders, report)

    monkeypatch.setattr(server.engine.renderer, "render", held)
    with server.client() as first:
        first.post("/api/jobs", files=files)
        assert began.wait(10)
    with server.client(), pytest.raises(Exception, match="timed out"):
        server.client().post("/api/transfer", files=files, timeout=0.5)
    deadline = time.monotonic() + 10
    while len(server.engine.queue) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(server.engine.queue) == 0
    free.set()


def test_a_listener_that_goes_is_forgotten(server, client, files, monkeypatch):
    free, render = threading.Event(), server.engine.renderer.render
    monkeypatch.setattr(server.engine.renderer, "render", lambda o, r: (free.wait(30), render(o, r))[1])
    job = client.post("/api/jobs", files=files).json()
    with client.stream("GET", f"/api/jobs/{job['id']}/events") as stream:
        assert json.loads(next(stream.iter_lines()).removeprefix("data: "))["state"] in ("waiting", "running")
    deadline = time.monotonic() + 10
    while server.engine.num_listeners and time.monotonic() < deadline:
        time.sleep(0.05)
    free.set()
    assert server.engine.num_listeners == 0


def test_results_are_dropped_when_they_are_old_or_too_many(start, files, wait_for):
    server = start(limits=Limits(result_bytes=1))
    with server.client() as client:
        first = client.post("/api/jobs", files=files).json()
        wait_for(client, first)
        client.post("/api/jobs", files=files)
        assert client.get(f"/api/jobs/{first['id']}").status_code == 404


def test_websockets_are_refused(server):
    with server.raw() as raw:
        raw.sendall(
            b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )
        assert b" 101 " not in raw.recv(200)


def test_only_the_loopback_is_listened_on(server):
    assert server.bound.getsockname()[0] == "127.0.0.1"
    with socket.socket() as other:
        assert other.connect_ex(("127.0.0.2", server.port)) != 0


def test_a_machine_without_a_temporary_folder_starts_all_the_same(start, monkeypatch):
    def missing():
        raise FileNotFoundError("no usable temporary directory")

    monkeypatch.setattr(tempfile, "gettempdir", missing)
    with start().client() as client:
        assert client.get("/healthz").status_code == 200
