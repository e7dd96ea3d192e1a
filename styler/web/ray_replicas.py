"""Renderers on a Ray cluster: an actor with its own model for each, which Ray starts again when it dies.

An order that was being rendered by an actor that died is rendered again. The machine of the server checks requests and
keeps the queue; it has the model too, on its processor.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from styler.batch.ray_cluster import connect_to_ray
from styler.errors import StylerError
from styler.model.catalog import AUTO
from styler.process import keep_freed_memory
from styler.transfer.stylizer import Stylizer
from styler.web.jobs import Order
from styler.web.problems import Problem
from styler.web.rendering import Cancelled, Renderer

POLL = 0.1
"""Seconds between two questions for the progress."""

NUM_RETRIES = 3
"""How often an order is rendered again after actors that died; it may be what kills them."""

CONTROL = "control"
"""The thread of an actor that answers while another renders."""


class Replica:
    """What an actor runs: a renderer, its progress, and whether its present call is cancelled."""

    def __init__(self, model: str, device: str, dtype: str, max_pixels: int) -> None:
        keep_freed_memory()
        self.renderer = Renderer(Stylizer(model, device=device, dtype=dtype), max_pixels=max_pixels)
        self.call, self.progress, self.cancelled = 0, 0.0, 0

    def render(self, call: int, orders: Sequence[Order]) -> list[bytes]:
        """Return the files of orders; `call` is larger than in calls before."""
        self.call, self.progress = call, 0.0
        return self.renderer.render(orders, self._report)

    def _report(self, progress: float) -> None:
        self.progress = progress
        if self.cancelled >= self.call:
            raise Cancelled

    def progress_of(self, call: int) -> float:
        """Return the progress of a call, 0 to 1."""
        return self.progress if self.call == call else 0.0

    def cancel(self, call: int) -> None:
        """End a call at its next stage."""
        self.cancelled = call


class RayRenderer(Renderer):
    """Renders orders with an actor; for one thread."""

    def __init__(self, stylizer: Stylizer, *, max_pixels: int, ray: Any, actor: Any) -> None:
        super().__init__(stylizer, max_pixels=max_pixels)
        self.ray, self.actor, self.num_calls = ray, actor, 0

    def render(self, orders: Sequence[Order], report: Callable[[float], None]) -> list[bytes]:
        """Return the files of orders with the same `batch_key`; see `Renderer.render`.

        Raises:
            Problem: If the actor died too often.
        """
        self.num_calls += 1
        work = self.actor.render.remote(self.num_calls, list(orders))
        try:
            while not self.ray.wait([work], timeout=POLL)[0]:
                self._report(report)
            return self.ray.get(work)
        except self.ray.exceptions.RayTaskError as error:
            raise error.cause from None
        except self.ray.exceptions.RayError:
            raise Problem(503, "the replica died", "try again later", headers={"Retry-After": "10"}) from None

    def _report(self, report: Callable[[float], None]) -> None:
        """Report the progress, unless the actor does not answer at the moment."""
        asked = self.actor.progress_of.options(concurrency_group=CONTROL).remote(self.num_calls)
        progress = self.ray.get(asked) if self.ray.wait([asked], timeout=POLL)[0] else 0.0
        try:
            report(progress)
        except Cancelled:
            self.actor.cancel.options(concurrency_group=CONTROL).remote(self.num_calls)
            raise


@contextmanager
def ray_renderers(
    model: str, *, device: str, dtype: str, count: int, max_pixels: int, address: str | None = None
) -> Generator[list[Renderer], None, None]:
    """Yield renderers, each with an actor; afterwards the connection is closed, and a cluster of this machine stopped.

    Args:
        model: See `Stylizer`; "auto" chooses by whether the cluster has GPUs.
        device: Of the actors.
        dtype: Of the actors.
        count: Number of actors, each with a GPU if there are any.
        max_pixels: See `Picture.open`.
        address: Address of a cluster; by default one is started on this machine.

    Raises:
        StylerError: If Ray is not installed, there is no cluster at the address, or it is too small.
    """
    ray, actors = connect_to_ray(address), []
    try:
        resources = actor_resources(ray, count)
        name = AUTO["cuda" if "num_gpus" in resources else "cpu"] if model == "auto" else model
        stylizer = Stylizer(name, device="cpu")
        kind = ray.remote(concurrency_groups={CONTROL: 1}, max_restarts=-1, max_task_retries=NUM_RETRIES, **resources)
        place = str(Path(name).absolute()) if Path(name).suffix else name
        actors = [kind(Replica).remote(place, device, dtype, max_pixels) for _ in range(count)]
        try:
            ray.get([actor.progress_of.remote(0) for actor in actors])
        except ray.exceptions.RayError as error:
            reason = str(error).strip().rpartition("\n")[2]
            raise StylerError(f"a replica could not start: {reason}", "install styler on all machines") from error
        yield [RayRenderer(stylizer, max_pixels=max_pixels, ray=ray, actor=actor) for actor in actors]
    finally:
        for actor in actors:
            ray.kill(actor)  # otherwise Ray waits seconds for each to end by itself
        ray.shutdown()


def actor_resources(ray: Any, count: int) -> dict[str, int]:
    """Return what each of `count` actors reserves: a GPU, or its share of the processors.

    Raises:
        StylerError: If there is not enough.
    """
    gpus, cores = (int(ray.cluster_resources().get(name, 0)) for name in ("GPU", "CPU"))
    if count > (gpus or cores):
        what = f"{count} workers, but the Ray cluster has {gpus or cores} {'GPUs' if gpus else 'processor cores'}"
        raise StylerError(what, "choose fewer --workers")
    if gpus:
        return {"num_gpus": 1}
    smallest = min(int(node["Resources"]["CPU"]) for node in ray.nodes() if node["Resources"].get("CPU"))
    return {"num_cpus": max(1, min(smallest, cores // count))}
