"""Two replicas on a Ray of this machine, of which one is killed while requests come."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from uploads import png

from styler.errors import StylerError
from styler.images import Picture
from styler.web.engine import failure
from styler.web.jobs import Order
from styler.web.limits import Limits
from styler.web.problems import Problem
from styler.web.ray_replicas import RayRenderer, Replica, actor_resources
from styler.web.rendering import Cancelled
from styler.web.server import ray_engine
from styler.web.uploads import Upload

NUM_REQUESTS = 16


def process_of(renderer):
    return renderer.ray.get(renderer.actor.__ray_call__.remote(lambda actor: os.getpid()))


@pytest.mark.skipif(not (find_spec("ray") and find_spec("pyarrow")), reason="needs Ray")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Ray, as it copies its own settings
@pytest.mark.slow
def test_no_request_is_lost_when_one_of_two_replicas_is_killed(serve, stylizer, tiny_file, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    contents, style = [png(40, 48 + k, seed=k) for k in range(NUM_REQUESTS)], png(seed=3)
    with ray_engine(str(tiny_file), device="cpu", dtype="float32", workers=2, limits=Limits()) as engine:
        server = serve(engine)

        def made(content):
            with server.client() as client:
                files = [("content", ("photo.png", content)), ("style", ("painting.png", style))]
                return client.post("/api/transfer", files=files)

        with ThreadPoolExecutor(8) as pool:
            answers = [pool.submit(made, content) for content in contents]
            answers[0].result()
            os.kill(process_of(engine.renderer), signal.SIGKILL)
            statuses = [answer.result().status_code for answer in answers]
        assert statuses == [200] * NUM_REQUESTS
        server.stop()
    for content, answer in zip(contents, answers, strict=True):
        alone = stylizer.stylize(Picture.open(content), Picture.open(style)).array().astype(int)
        assert np.abs(Picture.open(answer.result().content).array().astype(int) - alone).max() <= 1


class FakeRay:
    """Ray's functions, with calls that never end or end with an error."""

    exceptions = SimpleNamespace(RayError=OSError, RayTaskError=KeyError)

    def __init__(self, *, error=None, resources=None):
        self.error, self.resources = error, resources or {}

    def wait(self, refs, timeout):
        is_ready = self.error is not None or refs == ["progress"]
        return (refs, []) if is_ready else ([], refs)

    def get(self, ref):
        if ref == "progress":
            return 0.5
        raise self.error

    def cluster_resources(self):
        return self.resources

    def nodes(self):
        return [{"Resources": {}}, {"Resources": {"CPU": 4.0}}, {"Resources": {"CPU": 8.0}}]


def fake_actor(cancelled):
    def method(answer):
        remote = SimpleNamespace(remote=answer)
        return SimpleNamespace(remote=answer, options=lambda concurrency_group: remote)

    return SimpleNamespace(
        render=method(lambda call, orders: "work"),
        progress_of=method(lambda call: "progress"),
        cancel=method(cancelled.append),
    )


def test_a_cancelled_order_is_cancelled_on_its_replica(stylizer):
    seen, cancelled = [], []

    def report(progress):
        seen.append(progress)
        raise Cancelled

    renderer = RayRenderer(stylizer, max_pixels=100, ray=FakeRay(), actor=fake_actor(cancelled))
    with pytest.raises(Cancelled):
        renderer.render([], report)
    assert seen == [0.5]
    assert cancelled == [1]


def test_an_order_whose_replicas_died_too_often_is_answered_with_503(stylizer):
    renderer = RayRenderer(stylizer, max_pixels=100, ray=FakeRay(error=OSError("died")), actor=fake_actor([]))
    with pytest.raises(Problem) as caught:
        renderer.render([], lambda progress: None)
    assert failure(caught.value).status == 503
    assert failure(caught.value).headers["Retry-After"]


def test_a_replica_ends_the_call_that_is_cancelled_and_makes_the_next(tiny_file, files, monkeypatch):
    monkeypatch.setattr("styler.web.ray_replicas.keep_freed_memory", lambda: None)
    replica = Replica(str(tiny_file), "cpu", "float32", 10**6)
    content, style = (Upload(name, data) for _, (name, data) in files)
    order = Order(content, (48, 40), [style], [], None, {}, format="png", metadata="strip")
    replica.cancel(1)
    with pytest.raises(Cancelled):
        replica.render(1, [order])
    (made,) = replica.render(2, [order])
    assert Picture.open(made).size == (40, 48)
    assert replica.progress_of(2) > 0.9
    assert replica.progress_of(1) == 0


@pytest.mark.parametrize(
    ("found", "count", "expected"),
    [
        ({"CPU": 12.0}, 2, {"num_cpus": 4}),
        ({"CPU": 12.0}, 12, {"num_cpus": 1}),
        ({"CPU": 12.0, "GPU": 2.0}, 2, {"num_gpus": 1}),
    ],
)
def test_replicas_share_the_processors_or_have_a_gpu_each(found, count, expected):
    assert actor_resources(FakeRay(resources=found), count) == expected


@pytest.mark.parametrize("found", [{"CPU": 2.0}, {"CPU": 12.0, "GPU": 2.0}])
def test_too_small_a_cluster_is_an_error(found):
    with pytest.raises(StylerError, match="3 workers, but the Ray cluster has 2"):
        actor_resources(FakeRay(resources=found), 3)
