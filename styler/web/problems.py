"""Errors of the API: what is wrong and what to do, as problem+json (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse

from styler.errors import StylerError

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):  # noqa: N818  the word of the RFC
    """A refused request: status, one line on what is wrong, one on what to do."""

    def __init__(self, status: int, what: str, todo: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(what)
        self.status, self.what, self.todo, self.headers = status, what, todo, dict(headers or {})

    def response(self) -> JSONResponse:
        """Return the answer."""
        return JSONResponse(self.body(), self.status, self.headers, MEDIA_TYPE)

    def body(self) -> dict[str, object]:
        """Return the members of problem+json; `todo` is an extension of ours."""
        title = HTTPStatus(self.status).phrase
        return {"type": "about:blank", "title": title, "status": self.status, "detail": self.what, "todo": self.todo}


def problem_of(error: StylerError) -> Problem:
    """Return the problem for an error that the sender of a request can fix."""
    return Problem(422, error.what, error.todo.replace(" with --max-pixels", " when the server is started"))


def busy(seconds: float = 2) -> Problem:
    """Return the problem for a full queue."""
    return Problem(503, "the queue is full", "try again later", headers={"Retry-After": str(max(1, round(seconds)))})


def stopping() -> Problem:
    """Return the problem for a server that is being stopped."""
    return Problem(503, "the server is stopping", "try again later", headers={"Retry-After": "10"})


async def answer_problem(request: Request, error: Exception) -> JSONResponse:
    """Answer a request with a `Problem`."""
    return error.response() if isinstance(error, Problem) else stopping().response()
