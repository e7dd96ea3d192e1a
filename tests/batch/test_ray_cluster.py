import sys
from importlib.util import find_spec
from types import SimpleNamespace

import pytest

from styler.batch.ray_cluster import connect_to_ray
from styler.errors import StylerError


def test_without_ray_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr("styler.batch.ray_cluster.find_spec", lambda name: None)
    with pytest.raises(StylerError, match="needs Ray") as caught:
        connect_to_ray(None)
    assert "styler[ray]" in caught.value.todo


@pytest.mark.skipif(find_spec("ray") is None, reason="needs Ray")
def test_an_unreachable_cluster_is_an_error():
    with pytest.raises(StylerError, match=r"cannot connect to Ray at 127\.0\.0\.1:1"):
        connect_to_ray("127.0.0.1:1")


@pytest.mark.parametrize("error", [Exception("The current node timed out during startup."), RuntimeError("no place")])
def test_a_cluster_that_does_not_start_is_an_error_of_one_line(monkeypatch, error):
    def init(*arguments, **options):
        raise error

    monkeypatch.setattr("styler.batch.ray_cluster.find_spec", lambda name: name)
    monkeypatch.setitem(sys.modules, "ray", SimpleNamespace(init=init))
    with pytest.raises(StylerError, match=f"cannot connect to Ray at this machine: {error}"):
        connect_to_ray(None)
