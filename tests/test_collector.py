import gc
from contextlib import contextmanager

import pytest
from typer.testing import CliRunner

from styler.cli import app
from styler.process import garbage_collection_paused


@pytest.fixture
def _thawed():
    yield
    gc.enable()
    gc.unfreeze()


@pytest.mark.usefixtures("_thawed")
def test_the_collector_sleeps_in_the_block_and_wakes_after_it_even_if_the_import_fails():
    seen = []

    def failing_import():
        seen.append(gc.isenabled())
        raise ImportError

    with pytest.raises(ImportError), garbage_collection_paused("no_such_module"):
        failing_import()
    assert seen == [False]
    assert gc.isenabled()
    assert gc.get_freeze_count()


@pytest.mark.usefixtures("_thawed")
def test_nothing_is_done_where_the_module_is_there_or_the_collector_sleeps_already():
    with garbage_collection_paused("sys"):
        assert gc.isenabled()
    gc.disable()
    with garbage_collection_paused("no_such_module"):
        pass
    assert not gc.isenabled()
    assert not gc.get_freeze_count()


@pytest.mark.parametrize("command", ["transfer", "replay"])
def test_commands_for_one_picture_import_torch_in_it(command, monkeypatch):
    asked = []

    @contextmanager
    def recorded(module):
        asked.append(module)
        yield

    monkeypatch.setattr(f"styler.cli.{command}.garbage_collection_paused", recorded)
    assert (
        CliRunner().invoke(app, [command, "no-such.png", *(["style.png"] if command == "transfer" else [])]).exit_code
    )
    assert asked == ["torch"]
