import io
import json
import threading

import pytest
import torch
from PIL import Image, ImageCms

from styler.images import Picture
from styler.model.device import auto_dtype, find_dtype
from styler.transfer.style_file import style_bytes
from styler.transfer.stylizer import Stylizer
from styler.web.app import command_options

CPU = torch.device("cpu")


def test_a_transfer_answers_with_the_picture(client, files):
    answer = client.post("/api/transfer", files=files)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    assert Picture.open(answer.content).size == (40, 48)


@pytest.mark.parametrize("format", ["png", "jpg", "webp", "tiff"])
def test_the_file_has_the_format_that_was_asked_for(client, files, format):
    answer = client.post("/api/transfer", files=files, data={"format": format})
    assert Image.open(io.BytesIO(answer.content)).format == {"jpg": "JPEG"}.get(format, format.upper())
    assert answer.headers["content-type"] == f"image/{'jpeg' if format == 'jpg' else format}"


OPTIONS = [
    {},
    {"alpha": "0.6"},
    {"alpha": "relu1_1=0.5,relu4_1=0.8", "levels": "relu4_1,relu1_1"},
    {"preserve_color": "luma", "detail": "0.5", "strokes": "bold"},
    {"preserve_color": "match", "style_scale": "0.5", "strokes": "3"},
    {"size": "32", "style_size": "24", "transform": "adain", "format": "jpg"},
    {"metadata": "strip", "format": "webp"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: ",".join(options) or "none")
def test_a_job_makes_the_same_bytes_as_the_command(client, wait_for, tiny_file, files, tmp_path, monkeypatch, options):
    from typer.testing import CliRunner

    from styler.cli import app

    job = client.post("/api/jobs", files=files, data=options).json()
    assert wait_for(client, job)["state"] == "done"
    monkeypatch.chdir(tmp_path)
    for _, (name, data) in files:
        (tmp_path / name).write_bytes(data)
    out = f"out.{options.get('format', 'png')}"
    named = [f"--{name.replace('_', '-')}={value}" for name, value in options.items() if name != "format"]
    place = ["--model", str(tiny_file), "--device", "cpu", "--dtype", "float32"]
    command = ["transfer", "photo.png", "painting.png", "-o", out, *named, *place]
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0, result.output
    assert (tmp_path / out).read_bytes() == client.get(f"/api/jobs/{job['id']}/result").content


def test_masks_mixtures_and_style_files_make_the_same_bytes_too(
    client, stylizer, wait_for, tiny_file, photo, painting, tmp_path, monkeypatch
):
    from typer.testing import CliRunner

    from styler.cli import app

    monkeypatch.chdir(tmp_path)
    mask = io.BytesIO()
    Image.new("L", (48, 40), 128).save(mask, "PNG")
    named = {"photo.png": photo, "a.png": painting, "m.png": mask.getvalue(), "k.png": mask.getvalue()}
    named["b.style"] = style_bytes(stylizer.style(painting))
    for name, data in named.items():
        (tmp_path / name).write_bytes(data)
    parts = [("content", "photo.png"), ("style", "a.png"), ("style", "b.style")]
    parts += [("mask", "m.png"), ("mask_style", "b.style"), ("keep", "k.png")]
    files = [(field, (name, named[name])) for field, name in parts]
    job = client.post("/api/jobs", files=files, data={"weights": "0.7,0.3"}).json()
    assert wait_for(client, job)["problem"] is None
    command = "transfer photo.png a.png b.style --mask m.png --style b.style --keep k.png --weights 0.7,0.3 -o out.png"
    place = ["--model", str(tiny_file), "--device", "cpu", "--dtype", "float32"]
    result = CliRunner().invoke(app, [*command.split(), *place])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out.png").read_bytes() == client.get(f"/api/jobs/{job['id']}/result").content


def test_metadata_and_depth_are_kept(client, painting):
    import numpy as np

    file = io.BytesIO()
    deep = Picture.of(np.random.default_rng(0).integers(0, 65535, (40, 48, 3)).astype(np.uint16))
    deep.save(file, format="tiff")
    files = [("content", ("deep.tiff", file.getvalue())), ("style", ("painting.png", painting))]
    made = Picture.open(client.post("/api/transfer", files=files, data={"format": "tiff"}).content)
    assert made.depth == 16
    assert json.loads(made.metadata.settings)["content"]["name"] == "deep.tiff"


def test_profile_and_time_of_the_photograph_are_kept(client, painting):
    profile, exif = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(), Image.Exif()
    exif[306] = "2026:01:02 03:04:05"
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(file, "JPEG", icc_profile=profile, exif=exif)
    files = [("content", ("a.jpg", file.getvalue())), ("style", ("b.png", painting))]
    for metadata, is_kept in (("keep", True), ("strip", False)):
        made = client.post("/api/transfer", files=files, data={"format": "jpg", "metadata": metadata})
        with Image.open(io.BytesIO(made.content)) as found:
            assert (found.getexif().get(306) == exif[306]) == is_kept
            assert found.info.get("icc_profile", profile) == profile


def test_the_options_of_the_command_are_what_the_server_does_not_choose_itself(tiny_file):
    assert command_options(Stylizer(tiny_file)) == {"model": "tiny"}
    unusual = next(one for one in ("float32", "bfloat16") if find_dtype(one, CPU) != auto_dtype(CPU))
    found = command_options(Stylizer(tiny_file, device="cpu", dtype=unusual))
    assert found["dtype"] == unusual


def test_events_tell_progress_until_the_end(client, files):
    job = client.post("/api/jobs", files=files).json()
    with client.stream("GET", f"/api/jobs/{job['id']}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        events = [json.loads(line.removeprefix("data: ")) for line in stream.iter_lines() if line]
    assert events[-1]["state"] == "done"
    assert events[-1]["progress"] == 1
    assert [one["progress"] for one in events] == sorted(one["progress"] for one in events)


class Held:
    """Makes the renderer wait until it is released."""

    def __init__(self, engine, monkeypatch):
        self.began, self.free = threading.Event(), threading.Event()
        render = engine.renderer.render

        def held(orders, report):
            self.began.set()
            assert self.free.wait(30)
            return render(orders, report)

        monkeypatch.setattr(engine.renderer, "render", held)


def test_a_job_that_waits_is_cancelled_at_once(server, client, files, wait_for, monkeypatch):
    held = Held(server.engine, monkeypatch)
    first, second = (client.post("/api/jobs", files=files).json() for _ in range(2))
    assert held.began.wait(10)
    assert client.delete(f"/api/jobs/{second['id']}").status_code == 204
    assert client.get(f"/api/jobs/{second['id']}").status_code == 404
    held.free.set()
    assert wait_for(client, first)["state"] == "done"


def test_a_job_that_runs_ends_at_its_next_stage_when_cancelled(server, client, files, monkeypatch):
    held = Held(server.engine, monkeypatch)
    job = client.post("/api/jobs", files=files).json()
    assert held.began.wait(10)
    found = server.engine.jobs[job["id"]]
    client.delete(f"/api/jobs/{job['id']}")
    held.free.set()
    for _ in range(300):
        if found.has_ended:
            break
        threading.Event().wait(0.02)
    assert found.state == "cancelled"
    assert found.order is None


def test_requests_of_one_size_that_wait_are_made_together(server, client, files, monkeypatch):
    held, sizes = Held(server.engine, monkeypatch), []
    together = server.engine.renderer.render
    monkeypatch.setattr(server.engine.renderer, "render", lambda o, r: (sizes.append(len(o)), together(o, r))[1])
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(client.post("/api/transfer", files=files))) for _ in range(5)
    ]
    threads[0].start()
    assert held.began.wait(10)
    for thread in threads[1:]:
        thread.start()
    while len(server.engine.queue) < 4:
        threading.Event().wait(0.01)
    held.free.set()
    for thread in threads:
        thread.join()
    assert sizes == [1, 4]
    images = [Picture.open(answer.content).image for answer in answers]
    assert all(float((image - images[0]).abs().max()) <= 1 / 255 for image in images)


def test_built_in_styles_are_listed_with_credits_and_thumbnails(client):
    styles = client.get("/api/styles").json()
    assert len(styles) >= 24
    assert {"name", "title", "painter", "year", "museum", "licence"} == styles[0].keys()
    answer = client.get(f"/api/styles/{styles[0]['name']}/thumbnail")
    assert answer.headers["content-type"] == "image/webp"
    assert Image.open(io.BytesIO(answer.content)).format == "WEBP"


def test_a_style_is_saved_and_used(client, photo, painting):
    saved = client.post("/api/styles", files={"picture": ("painting.png", painting)})
    assert saved.status_code == 200
    files = [("content", ("photo.png", photo)), ("style", ("painting.style", saved.content))]
    assert client.post("/api/transfer", files=files).status_code == 200


@pytest.mark.parametrize(
    ("data", "word"),
    [
        ({"alpha": "2"}, "alpha"),
        ({"alpha": "nan"}, "alpha"),
        ({"alpha": "relu9_1=1"}, "alpha"),
        ({"strokes": "huge"}, "strokes"),
        ({"size": "-3"}, "size"),
        ({"size": "1e9"}, "size"),
        ({"weights": "1,2"}, "weights"),
        ({"format": "exe"}, "format"),
        ({"metadata": "all"}, "metadata"),
        ({"tile": "8"}, "tile"),
        ({"style": "/etc/passwd"}, "no style"),
        ({"style": "http://127.0.0.1:9/a.png"}, "no style"),
        ({"style": "great-wav"}, "great-wave"),
        ({"keep": "text"}, "keep"),
        ({"mask_style": "irises"}, "mask"),
        ({"size": "900000"}, "pixels"),
    ],
)
def test_a_wrong_field_is_a_problem_that_names_it(client, files, data, word):
    answer = client.post("/api/transfer", files=files, data=data)
    assert 400 <= answer.status_code < 500
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert word in f"{body['detail']} {body['todo']}"
    assert body["status"] == answer.status_code


def test_a_scale_for_a_built_in_style_is_refused(client, photo):
    files = [("content", ("photo.png", photo))]
    answer = client.post("/api/transfer", files=files, data={"style": "irises", "style_scale": "2"})
    assert "does nothing" in answer.json()["detail"]


def test_health_metrics_and_the_reference_are_there(client, files):
    client.post("/api/transfer", files=files)
    assert client.get("/healthz").json()["status"] == "ok"
    text = client.get("/metrics").text
    assert 'styler_jobs_total{outcome="done"} 1' in text
    assert "styler_transfer_seconds_count 1" in text
    schema = client.get("/openapi.json").json()
    assert "multipart/form-data" in schema["paths"]["/api/transfer"]["post"]["requestBody"]["content"]
    assert client.get("/api/info").json()["model"] == "tiny"
    for path in ("/", "/docs"):
        page = client.get(path)
        assert page.status_code == 200
        assert "http://" not in page.text.replace("http://www.w3.org", "")
        assert "https://" not in page.text


def test_what_is_not_there_is_a_problem_too(client):
    for answer in (client.get("/nothing"), client.get("/api/jobs/x"), client.put("/api/styles")):
        assert answer.status_code in (404, 405)
        assert answer.json()["todo"]
