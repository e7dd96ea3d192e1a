"""The application: routes of the API and of the page."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.staticfiles import StaticFiles

import styler
from styler.choices import LEVELS, MAX_SIZE
from styler.errors import StylerError
from styler.model.device import auto_dtype, find_device
from styler.model.style_catalog import builtin_styles, thumbnail_bytes
from styler.transfer.style_file import style_bytes
from styler.transfer.stylizer import Stylizer
from styler.web.engine import Engine
from styler.web.forms import order_of, read_form, uploads
from styler.web.jobs import Job, media_type
from styler.web.problems import Problem, answer_problem, problem_of, stopping
from styler.web.reference import REQUESTS
from styler.web.uploads import Upload

STATIC = Path(__file__).parent / "static"
HEARTBEAT = 10.0
"""Seconds between lines of a stream of events in which nothing happens: they show who has gone."""


def make_app(engine: Engine) -> FastAPI:
    """Return the application around an engine, which is stopped with it; see `styler.web.guard` for what guards it."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None, None]:
        yield
        await run_in_threadpool(engine.stop)

    about = "Style transfer over HTTP. Fields of forms have the names and values of the options of `styler transfer`."
    app = FastAPI(
        title="styler", version=styler.__version__, description=about, docs_url=None, redoc_url=None, lifespan=lifespan
    )
    app.add_exception_handler(Problem, answer_problem)
    app.add_exception_handler(StylerError, answer_styler_error)
    app.add_exception_handler(HTTPException, answer_http_error)
    app.add_exception_handler(OSError, answer_disk_error)
    app.add_exception_handler(ClientDisconnect, answer_disconnect)
    app.add_exception_handler(Exception, answer_unexpected)
    add_pages(app)
    add_facts(app, engine)
    add_transfers(app, engine)
    add_jobs(app, engine)
    add_styles(app, engine)
    return app


async def answer_styler_error(request: Request, error: Exception) -> JSONResponse:
    """Answer with what is wrong and what to do."""
    return problem_of(error).response() if isinstance(error, StylerError) else stopping().response()


async def answer_http_error(request: Request, error: Exception) -> JSONResponse:
    """Answer what no route takes."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    what = {404: "there is nothing here", 405: "this method is not allowed here"}.get(status, "the request is wrong")
    return Problem(status, what, "see /docs").response()


async def answer_disk_error(request: Request, error: Exception) -> JSONResponse:
    """Answer when no temporary file could be written."""
    return Problem(507, "the server can't store the upload", "try again later, or send a smaller file").response()


async def answer_disconnect(request: Request, error: Exception) -> Response:
    """Answer a client that has gone in the middle of its upload, which nobody reads."""
    return Response(status_code=400)


async def answer_unexpected(request: Request, error: Exception) -> JSONResponse:
    """Answer after an error of ours, of which the log has the traceback."""
    return Problem(500, f"the server failed: {type(error).__name__}", "report what it has logged").response()


def add_pages(app: FastAPI) -> None:
    """Add the page, its files, and the page of the API."""

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(STATIC / "index.html", media_type="text/html")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> FileResponse:
        return FileResponse(STATIC / "docs.html", media_type="text/html")

    app.mount("/static", StaticFiles(directory=STATIC), name="static")


def add_facts(app: FastAPI, engine: Engine) -> None:
    """Add what tells how the server is."""
    stylizer = engine.renderer.stylizer

    @app.get("/healthz", summary="Whether the server takes requests.")
    async def healthz() -> dict[str, Any]:
        if engine.queue.is_closed:
            raise stopping()
        return {"status": "ok", "version": styler.__version__, "waiting": len(engine.queue)}

    @app.get("/metrics", summary="Counters in Prometheus' text format.", response_class=PlainTextResponse)
    async def metrics() -> PlainTextResponse:
        gauges = {"jobs_waiting": len(engine.queue), "jobs_kept": len(engine.jobs)}
        return PlainTextResponse(engine.metrics.text(gauges), media_type="text/plain; version=0.0.4")

    @app.get("/api/info", summary="Model, levels and limits.")
    async def info() -> dict[str, Any]:
        limits = engine.limits
        return {
            "version": styler.__version__,
            "model": stylizer.model.name,
            "device": stylizer.device.type,
            "command": command_options(stylizer),
            "levels": stylizer.cascade_levels(None),
            "all_levels": LEVELS,
            "max_size": MAX_SIZE,
            "max_bytes": limits.max_bytes,
            "max_pixels": limits.max_pixels,
        }


def command_options(stylizer: Stylizer) -> dict[str, str]:
    """Return the options with which `styler transfer` computes as this server does, but for those it chooses itself."""
    found = {"model": stylizer.model.name}
    if stylizer.device.type != find_device().type:
        found["device"] = stylizer.device.type
    if stylizer.dtype != auto_dtype(stylizer.device):
        found["dtype"] = str(stylizer.dtype).removeprefix("torch.")
    return found


def add_transfers(app: FastAPI, engine: Engine) -> None:
    """Add the route that answers with the picture."""

    @app.post(
        "/api/transfer",
        summary="Stylize a photograph, and answer with the picture.",
        openapi_extra=REQUESTS["transfer"],
        response_class=Response,
    )
    async def transfer(request: Request) -> Response:
        job = await submitted(request, engine, may_batch=True)
        await ended_or_gone(request, job, engine)
        engine.forget(job)
        if job.problem is not None:
            raise job.problem
        return Response(job.result, media_type=media_type(job.format))


def add_jobs(app: FastAPI, engine: Engine) -> None:
    """Add the routes of jobs, which are asked about while they run."""

    @app.post(
        "/api/jobs", status_code=202, summary="Queue a transfer of full size.", openapi_extra=REQUESTS["transfer"]
    )
    async def create(request: Request) -> JSONResponse:
        job = await submitted(request, engine, may_batch=False)
        return JSONResponse(job.facts(), 202, {"Location": f"/api/jobs/{job.id}"})

    @app.get("/api/jobs/{id}", summary="State, progress and seconds left of a job.")
    async def read(id: str) -> dict[str, Any]:
        return found(engine, id).facts()

    @app.get("/api/jobs/{id}/events", summary="The same as server-sent events, until it has ended.")
    async def events(id: str) -> StreamingResponse:
        job = found(engine, id)
        if engine.num_listeners >= engine.limits.num_listeners:
            raise Problem(503, "too many listen", "ask for the job instead", headers={"Retry-After": "1"})
        return StreamingResponse(event_lines(job, engine), media_type="text/event-stream")

    @app.get("/api/jobs/{id}/result", summary="The picture of a job that is done.", response_class=Response)
    async def result(id: str) -> Response:
        job = found(engine, id)
        if job.problem is not None:
            raise job.problem
        if job.state != "done":
            raise Problem(409, f"the job is {job.state}", "wait until it is done")
        return Response(job.result, media_type=media_type(job.format))

    @app.delete("/api/jobs/{id}", status_code=204, summary="Cancel a job, and drop its result.")
    async def delete(id: str) -> Response:
        engine.forget(found(engine, id))
        return Response(status_code=204)


def add_styles(app: FastAPI, engine: Engine) -> None:
    """Add the routes of styles."""

    @app.get("/api/styles", summary="The built-in styles, with credits.")
    async def styles() -> list[dict[str, str]]:
        keys = ("name", "title", "painter", "year", "museum", "licence")
        return [{key: getattr(style, key) for key in keys} for style in builtin_styles()]

    @app.get("/api/styles/{name}/thumbnail", summary="A photograph in a style.", response_class=Response)
    async def thumbnail(name: str) -> Response:
        try:
            return Response(thumbnail_bytes(name), media_type="image/webp", headers={"Cache-Control": "max-age=3600"})
        except StylerError as error:
            raise Problem(404, error.what, error.todo) from error

    @app.post(
        "/api/styles",
        summary="Save the style of a picture as a .style file.",
        openapi_extra=REQUESTS["style"],
        response_class=Response,
    )
    async def save(request: Request) -> Response:
        async with read_form_of(request) as form, engine.style_lock:
            pictures = await uploads(form, "picture")
            if len(pictures) != 1:
                raise Problem(422, f"{len(pictures)} files picture", "send one")
            data = await run_in_threadpool(style_of_upload, pictures[0], engine)
        return Response(data, media_type="application/octet-stream")


@asynccontextmanager
async def read_form_of(request: Request) -> AsyncGenerator[Any, None]:
    """Yield the form of a request, whose temporary files are closed afterwards."""
    form = await read_form(request)
    try:
        yield form
    finally:
        await form.close()


def style_of_upload(upload: Upload, engine: Engine) -> bytes:
    """Return the .style file of a picture."""
    upload.checked_size(engine.limits.max_pixels)
    style = engine.renderer.stylizer.style(engine.renderer.opened(upload))
    return style_bytes(replace(style, sources=(upload.facts._asdict(),)))


async def submitted(request: Request, engine: Engine, *, may_batch: bool) -> Job:
    """Return the job of a request."""
    if engine.queue.is_closed:
        raise stopping()
    async with read_form_of(request) as form, engine.order_lock:
        order = await order_of(form, engine.renderer, engine.limits, may_batch=may_batch)
        try:
            return engine.submit(order)
        except Problem:
            engine.metrics.count("refused")
            raise


async def ended_or_gone(request: Request, job: Job, engine: Engine) -> None:
    """Wait until a job has ended; cancel it when its client has gone."""
    with job.watched() as changes:
        while not job.has_ended:
            if not await changes.within(0.5) and await request.is_disconnected():
                engine.cancel(job)


async def event_lines(job: Job, engine: Engine) -> AsyncGenerator[str, None]:
    """Yield a server-sent event for each change of a job, until it has ended or the server stops."""
    engine.num_listeners += 1
    try:
        with job.watched() as changes:
            while True:
                yield f"data: {json.dumps(job.facts())}\n\n"
                if job.has_ended or engine.queue.is_closed:
                    return
                await changes.within(HEARTBEAT)
    finally:
        engine.num_listeners -= 1


def found(engine: Engine, id: str) -> Job:
    """Return a job by its id."""
    job = engine.jobs.get(id)
    if job is None:
        raise Problem(404, "there is no such job", "it may have been dropped; send it again")
    return job
